"""Find objects that two catalogs have in the same form under different names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from alembic_proof.catalog.diff import Change
from alembic_proof.catalog.model import Catalog, CatalogObject, Key
from alembic_proof.sql import split_qualified_name

_KINDS = frozenset(
    {
        "column",
        "composite type",
        "constraint",
        "domain",
        "enum",
        "function",
        "index",
        "materialized view",
        "policy",
        "procedure",
        "rule",
        "sequence",
        "statistics",
        "trigger",
        "view",
    }
)
_CALLED = ("function", "procedure", "aggregate")
_ALTERABLE = ("owner", "comment", "enabled", "clustered", "grant to ", "security label ")
"""The beginnings of attributes that say nothing about what an object is."""

_Facts = tuple[tuple[str, str], ...]
_Form = tuple[str, tuple[Key, ...], str, _Facts, tuple[tuple[str, _Facts], ...]]


def name_and_arguments(record: CatalogObject) -> tuple[str, str]:
    """Return the qualified name, and the arguments of a function in parentheses.

    >>> name_and_arguments(CatalogObject(key("function", "public.f(integer)"), ()))
    ('public.f', '(integer)')
    """
    if record.kind not in _CALLED:
        return record.identity, ""
    schema = split_qualified_name(record.identity)[0]
    rest = record.identity[len(schema) + 1 :]
    start = rest.index('"(') + 1 if rest.startswith('"') else rest.index("(")
    return f"{schema}.{rest[:start]}", rest[start:]


@dataclass(frozen=True, slots=True)
class Renamed:
    """An object that both catalogs have, under different names."""

    before: CatalogObject
    after: CatalogObject

    @property
    def names(self) -> tuple[str, str]:
        """Both names, quoted where necessary, without schema, table and arguments."""
        before, after = (
            split_qualified_name(name_and_arguments(one)[0])[-1]
            for one in (self.before, self.after)
        )
        return before, after

    @property
    def parent(self) -> Key:
        """The table, view or schema that it is in."""
        parents = self.before.parents
        return next((one for one in parents if one.kind != "schema"), parents[0])

    @property
    def changes(self) -> tuple[Change, ...]:
        """The attributes that differ, such as the comment; named after the first object."""
        old, new = dict(self.before.facts), dict(self.after.facts)
        return tuple(
            Change(
                kind=self.before.kind,
                identity=self.before.identity,
                attribute=attribute,
                before=old.get(attribute),
                after=new.get(attribute),
            )
            for attribute in sorted(old.keys() | new.keys())
            if attribute.startswith(_ALTERABLE) and old.get(attribute) != new.get(attribute)
        )


def split_renamed(
    changes: Iterable[Change], *, before: Catalog, after: Catalog
) -> tuple[tuple[Renamed, ...], tuple[Change, ...]]:
    """Return the objects that only have another name, and the remaining changes.

    Only objects that hold no rows or values of their own are matched: renaming them loses nothing. Those
    that share their form with another one are not matched.

    :param changes: The difference of the two catalogs.
    """
    listed = tuple(changes)
    missing = _by_form((one.key for one in listed if one.is_missing), before)
    unexpected = _by_form((one.key for one in listed if one.is_unexpected), after)
    renamed = tuple(
        Renamed(found[0], unexpected[form][0])
        for form, found in missing.items()
        if len(found) == len(unexpected.get(form, ())) == 1
    )
    paired = {key for one in renamed for key in (one.before.key, one.after.key)}
    rest = (one for one in listed if one.key not in paired)
    return renamed, (*rest, *(change for one in renamed for change in one.changes))


def _by_form(keys: Iterable[Key], catalog: Catalog) -> dict[_Form, list[CatalogObject]]:
    """Return the objects by their definitions without their names."""
    forms: dict[_Form, list[CatalogObject]] = {}
    for key in keys:
        found = catalog.find(key) if key.kind in _KINDS else None
        if found is not None and (form := _form(found, catalog)) is not None:
            forms.setdefault(form, []).append(found)
    return forms


def _form(record: CatalogObject, catalog: Catalog) -> _Form | None:
    """Return what the object is but for its name; None if another object could not take its place.

    A column is one only if it is computed, a sequence if a column owns it: else they hold values.
    """
    is_held = {
        "column": record.fact("generated") is not None,
        "sequence": record.fact("owned by") is not None,
    }
    if not record.parents or not is_held.get(record.kind, True):
        return None
    children = [one for one in catalog.children(record.key) if not one.is_implicit]
    prefix = f"{record.identity}."
    if not all(one.identity.startswith(prefix) for one in children):
        return None
    return (
        record.kind,
        record.parents,
        name_and_arguments(record)[1],
        _defining_facts(record),
        tuple((one.identity.removeprefix(prefix), one.facts) for one in children),
    )


def _defining_facts(record: CatalogObject) -> _Facts:
    """Return the attributes that say what the object is, without its name in its definition."""
    name = name_and_arguments(record)[0]
    own = name if record.kind in (*_CALLED, "statistics") else split_qualified_name(name)[-1]
    is_named = record.kind in (*_CALLED, "statistics", "trigger", "rule")
    return tuple(
        (attribute, text.replace(own, "…", 1) if is_named and attribute == "definition" else text)
        for attribute, text in record.facts
        if not attribute.startswith(_ALTERABLE)
    )
