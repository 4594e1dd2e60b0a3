"""Renames that a person names: `users.nick=nickname`, `table:users=people`, `enum:state.open=new`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from alembic_deploy.errors import ConfigError
from alembic_deploy.statements import fold_identifier
from alembic_proof.authoring.command_options import RENAME, option
from alembic_proof.authoring.renames import Rename, enum_labels, short_name
from alembic_proof.catalog import Catalog, CatalogObject
from alembic_proof.catalog.renamed import name_and_arguments
from alembic_proof.sql import split_qualified_name, unquote_identifier

KINDS: dict[str, tuple[str, ...]] = {
    "schema": ("schema",),
    "table": ("table", "foreign table"),
    "type": ("enum", "domain", "composite type"),
    "sequence": ("sequence",),
    "view": ("view", "materialized view"),
    "function": ("function", "procedure", "aggregate"),
    "column": ("column",),
    "attribute": ("attribute",),
    "enum": ("enum",),
    "index": ("index",),
    "constraint": ("constraint",),
    "trigger": ("trigger",),
    "policy": ("policy",),
}
"""The kinds of a flag, in the order in which they are renamed: what others are in comes first."""

FORM = "[table|index|constraint|function|enum:]OLD=NEW"
_PART = r"(?:\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|[^.\"'=():]+)"
_PATH = rf"{_PART}(?:\.{_PART})*"
_REQUEST = re.compile(
    rf"(?:(?P<kind>[a-z]+):)?(?P<old>{_PATH})(?P<arguments>\([^()]*\))?=(?P<new>{_PATH})"
)
_PARTS = re.compile(_PART)


@dataclass(frozen=True, slots=True)
class RenameRequest:
    """One rename as a person names it."""

    text: str
    kind: str
    """A key of KINDS."""
    old: tuple[str, ...]
    """The parts of the name as they are written."""
    new: tuple[str, ...]
    arguments: str = ""
    """Of a function, in parentheses."""
    is_x: bool = False
    """Whether it is an argument of plain Alembic's -x."""

    @property
    def rank(self) -> int:
        """The place in the order of renames."""
        return list(KINDS).index(self.kind)

    @property
    def place(self) -> str:
        """The option, for messages."""
        return option(RENAME, self.text, is_x=self.is_x)


def parse_rename(text: str, *, is_x: bool = False) -> RenameRequest:
    """Return the request that the text describes.

    :raises ConfigError: It is not of the form `[kind:]OLD=NEW`, or a column is named without its table.

    Example: `parse_rename("users.nick=nickname")`
    """
    found = _REQUEST.fullmatch(text.strip())
    place = option(RENAME, text, is_x=is_x)
    if found is None:
        raise ConfigError(f"{place} is not of the form {FORM}", todo=_example())
    kind = found["kind"] or "column"
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        raise ConfigError(
            f"{place}: {kind} is no kind that can be renamed",
            todo=(f"did you mean {near[0]}:? " if near else "")
            + f"the kinds are {', '.join(KINDS)}",
        )
    old, new = (tuple(_PARTS.findall(found[side])) for side in ("old", "new"))
    if kind in ("column", "enum", "attribute") and len(old) == 1:
        raise ConfigError(
            f"{place}: {old[0]} is a {kind} without its {_holder(kind)}", todo=_example()
        )
    return RenameRequest(text.strip(), kind, old, new, found["arguments"] or "", is_x=is_x)


def _holder(kind: str) -> str:
    return "table" if kind == "column" else "type"


def _example() -> str:
    return (
        "write users.nick=nickname for a column, table:users=people for a table, "
        "enum:state.open=new for a value of an enum"
    )


def resolve(request: RenameRequest, before: Catalog, after: Catalog) -> Rename:
    """Return the rename of objects of both catalogs.

    :raises ConfigError: The history has no such object, the models still have it, or the models have
        no such new object, or the history has it as well; with the near names.
    """
    return (_resolve_value if request.kind == "enum" else _resolve_object)(request, before, after)


def _resolve_object(request: RenameRequest, before: Catalog, after: Catalog) -> Rename:
    olds = tuple(_of_kind(request.kind, before, absent_from=after))
    found = [one for one in olds if _is_named(one, request.old)]
    found = [one for one in found if request.arguments in ("", name_and_arguments(one)[1])]
    old = _only(found, request, ".".join(request.old), side="history", candidates=olds)
    news = [
        one
        for one in _of_kind(request.kind, after, absent_from=before)
        if one.kind == old.kind
        and _is_beside(one, old)
        and name_and_arguments(one)[1] == name_and_arguments(old)[1]
    ]
    matches = [one for one in news if _is_named(one, request.new)]
    in_place = [one for one in matches if one.parents[:1] == old.parents[:1]]
    new = _only(in_place or matches, request, ".".join(request.new), side="models", candidates=news)
    return Rename(old, new)


def _is_beside(new: CatalogObject, old: CatalogObject) -> bool:
    """Return whether both are in the same table or type; objects of a schema may be in another one."""
    prefixes = (split_qualified_name(name_and_arguments(one)[0])[:-1] for one in (new, old))
    new_prefix, old_prefix = prefixes
    return new_prefix == old_prefix or len(new_prefix) == len(old_prefix) == 1


def _of_kind(kind: str, catalog: Catalog, *, absent_from: Catalog) -> Iterator[CatalogObject]:
    """Yield the objects of the kind that the other catalog does not have."""
    for one in KINDS[kind]:
        for record in catalog.of_kind(one):
            if not record.is_implicit and absent_from.find(record.key) is None:
                yield record


def _is_named(record: CatalogObject, parts: tuple[str, ...]) -> bool:
    """Return whether the last parts of the object's name are these; a schema may be left out."""
    names = [unquote_identifier(one) for one in split_qualified_name(name_and_arguments(record)[0])]
    wanted = [fold_identifier(one) for one in parts]
    has_table = record.kind in ("column", "attribute", "constraint", "trigger", "policy")
    return names[-len(wanted) :] == wanted and len(wanted) >= len(names) - (2 if has_table else 1)


def _only(
    found: list[CatalogObject],
    request: RenameRequest,
    name: str,
    *,
    side: str,
    candidates: Iterable[CatalogObject],
) -> CatalogObject:
    """Return the one object; that of the schema public if there are several.

    :param side: Whose object it is, for the message.
    :param candidates: The objects whose names may be meant.
    """
    in_public = [one for one in found if one.identity.startswith("public.")]
    match found, in_public:
        case ([one], _) | (_, [one]):
            return one
        case [], _:
            raise unknown_name(request, name, [short_name(one) for one in candidates], side=side)
    names = ", ".join(f"{short_name(one)}{name_and_arguments(one)[1]}" for one in found)
    raise ConfigError(f"{request.place}: {name} may be {names}", todo="write the whole name")


def _resolve_value(request: RenameRequest, before: Catalog, after: Catalog) -> Rename:
    """Return the rename of an enum's value."""
    *type_parts, label = request.old
    enums = [one for one in before.of_kind("enum") if after.find(one.key) is not None]
    found = [one for one in enums if _is_named(one, tuple(type_parts))]
    name = ".".join(type_parts)
    if not found:
        near = _near(name, [short_name(one) for one in enums])
        raise ConfigError(
            f"{request.place}: the history has no enum {name}, or the models have none",
            todo=f"did you mean {near}?" if near else "",
        )
    enum = _only(found, request, name, side="history", candidates=enums)
    new_enum = after.find(enum.key) or enum
    labels, new_labels = enum_labels(enum), enum_labels(new_enum)
    gone = [one for one in labels if one not in new_labels]
    come = [one for one in new_labels if one not in labels]
    return Rename(
        enum,
        new_enum,
        (
            _label(label, gone, request, side="history"),
            _label(request.new[-1], come, request, side="models"),
        ),
    )


def _label(text: str, labels: list[str], request: RenameRequest, *, side: str) -> str:
    """Return the literal of a label that only this side has."""
    wanted = text if text.startswith("'") else unquote_identifier(text)
    for literal in labels:
        if wanted in (literal, literal[1:-1].replace("''", "'")):
            return literal
    raise unknown_name(request, f"the value {text}", labels, side=side)


def unknown_name(
    request: RenameRequest, name: str, candidates: Iterable[str], *, side: str
) -> ConfigError:
    """Return the error for a name that only one of the two sides should have, with near names.

    :param side: `history` or `models`: the side that should have it.
    """
    other = "models" if side == "history" else "history"
    near = _near(name, candidates)
    kind = "value" if request.kind == "enum" else request.kind
    return ConfigError(
        f"{request.place}: {name} is no {kind} that only the {side} has",
        todo=f"did you mean {near}?"
        if near
        else f"no {kind} is in the {side} alone; the {other} may have it as well",
    )


def _near(name: str, candidates: Iterable[str]) -> str:
    """Return the candidates with similar names, else the first ones, separated by commas."""
    listed = sorted(candidates)
    found = get_close_matches(name.removeprefix("public."), listed, n=3, cutoff=0.4)
    return ", ".join(found or listed[:5])
