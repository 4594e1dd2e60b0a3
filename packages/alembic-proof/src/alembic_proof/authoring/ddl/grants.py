"""Set owners, comments and grants, and know those that a new object has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from alembic_proof.authoring.ddl.reference import (
    Alteration,
    first_name,
    grant_target,
    own_name,
    role,
    sql_reference,
)
from alembic_proof.catalog.acl import OWNER, PRIVILEGES, PUBLIC_HAS
from alembic_proof.catalog.model import Catalog, CatalogObject, key
from alembic_proof.sql import quote_if_needed, quote_literal, unquote_identifier


def set_owner(at: Alteration) -> tuple[str, ...]:
    """Return OWNER TO."""
    if at.after is None:
        return ()
    return (f"ALTER {sql_reference(at.record)} OWNER TO {quote_if_needed(at.after)}",)


def set_comment(at: Alteration) -> tuple[str, ...]:
    """Return COMMENT ON, IS NULL to remove the comment."""
    text = "NULL" if at.after is None else quote_literal(at.after)
    return (f"COMMENT ON {sql_reference(at.record)} IS {text}",)


def set_grant(at: Alteration) -> tuple[str, ...]:
    """Return REVOKE for removed privileges and GRANT for new ones."""
    old, new = _privileges(at.before), _privileges(at.after)
    grantee = at.attribute.removeprefix("grant to ")
    if grantee == at.owner:  # the new owner: its grants became the owner's
        return ()
    to = role(grantee, owner=at.owner)
    revoked = [word for word in old if word not in new]
    granted = [word for word in new if word not in old]
    return (
        *(_revoke(word, at=at, to=to) for word in _grouped(revoked)),
        *(_grant(word, at=at, to=to) for word in _grouped(granted)),
    )


def grant_columns(columns: Iterable[CatalogObject], catalog: Catalog) -> Iterator[str]:
    """Yield one GRANT for each grantee and grant option, with the columns of each privilege.

    :param columns: those of a new table.
    """
    found: dict[tuple[str, bool], dict[str, list[CatalogObject]]] = {}
    for column in columns:
        for attribute, text in column.facts:
            if not attribute.startswith("grant to "):
                continue
            grantee = attribute.removeprefix("grant to ")
            for word in _privileges(text):
                privilege = word.removesuffix(_GRANT_OPTION)
                words = found.setdefault((grantee, privilege != word), {})
                words.setdefault(privilege, []).append(column)
    for (grantee, is_grantable), words in sorted(found.items()):
        first = next(iter(words.values()))[0]
        at = Alteration(record=first, catalog=catalog, attribute="", before=None, after=None)
        listed = ", ".join(
            f"{word} ({', '.join(map(own_name, words[word]))})"
            for word in sorted(words, key=_usual_order)
        )
        option = _GRANT_OPTION if is_grantable else ""
        yield f"GRANT {listed} {grant_target(first)} TO {role(grantee, owner=at.owner)}{option}"


_GRANT_OPTION = " WITH GRANT OPTION"


def _privileges(text: str | None) -> list[str]:
    words = [word.partition(" granted by ")[0] for word in (text or "").split(", ") if word]
    return sorted(words, key=_usual_order)


def _usual_order(word: str) -> tuple[int, str]:
    """Return the sort key that puts SELECT before INSERT, as GRANT's synopsis does."""
    known = [*PRIVILEGES.values()]
    privilege = word.removesuffix(_GRANT_OPTION)
    return (known.index(privilege) if privilege in known else len(known), word)


def _grouped(words: list[str]) -> list[str]:
    """Return one list of plain privileges, and one of those WITH GRANT OPTION, marked by `*`."""
    plain = [word for word in words if "WITH GRANT OPTION" not in word]
    optional = [word.removesuffix(" WITH GRANT OPTION") for word in words if word not in plain]
    return [", ".join(plain)] * bool(plain) + [f"{', '.join(optional)}*"] * bool(optional)


def _grant(words: str, *, at: Alteration, to: str) -> str:
    option = " WITH GRANT OPTION" if words.endswith("*") else ""
    return f"GRANT {_on_columns(words, at=at)} {grant_target(at.record)} TO {to}{option}"


def _revoke(words: str, *, at: Alteration, to: str) -> str:
    return f"REVOKE {_on_columns(words, at=at)} {grant_target(at.record)} FROM {to}"


def _on_columns(words: str, *, at: Alteration) -> str:
    words = words.removesuffix("*")
    if at.record.kind != "column":
        return words
    return ", ".join(f"{word} ({own_name(at.record)})" for word in words.split(", "))


_TABLES = ("table", "view", "materialized view", "foreign table")
_SEQUENCES = ("sequence", "identity")
_FUNCTIONS = ("function", "procedure", "aggregate")
_TYPES = ("enum", "domain", "range", "composite type", "type")

_OWNER_HAS = {
    **dict.fromkeys((*_TABLES, *_SEQUENCES, "schema"), "ALL"),
    **dict.fromkeys(_FUNCTIONS, "EXECUTE"),
    **dict.fromkeys((*_TYPES, "language", "foreign-data wrapper", "server"), "USAGE"),
}
_KEYWORDS = {
    **dict.fromkeys(_TABLES, "tables"),
    **dict.fromkeys(_SEQUENCES, "sequences"),
    **dict.fromkeys(_FUNCTIONS, "functions"),
    **dict.fromkeys(_TYPES, "types"),
    "schema": "schemas",
}
"""The keywords of ALTER DEFAULT PRIVILEGES."""


def default_grants(record: CatalogObject, *, by: str | None, existing: Catalog) -> dict[str, str]:
    """Return the owner and grants that an object has after CREATE, by attribute.

    :param by: the role that runs CREATE; None if it is unknown.
    :param existing: the catalog before CREATE, whose default privileges apply.

    Source: ddl-priv, "Summary of Access Privileges"; sql-alterdefaultprivileges.
    """
    found = {} if by is None or record.fact("owner") is None else {"owner": by}
    if record.kind not in _OWNER_HAS or (record.is_implicit and not _has_grants(record)):
        return found
    found["grant to (owner)"] = _OWNER_HAS[record.kind]
    if record.kind in PUBLIC_HAS:
        found["grant to PUBLIC"] = PUBLIC_HAS[record.kind]
    if by is not None:
        _apply_default_privileges(found, record, by=by, existing=existing)
    return found


def _has_grants(record: CatalogObject) -> bool:
    return any(name.startswith("grant to ") for name, _ in record.facts)


def _apply_default_privileges(
    found: dict[str, str], record: CatalogObject, *, by: str, existing: Catalog
) -> None:
    """Add and remove the grants that ALTER DEFAULT PRIVILEGES defined for the role."""
    what = f"on {_KEYWORDS.get(record.kind, '')}"
    schema = "" if record.kind == "schema" else f" in schema {first_name(record)}"
    for place in dict.fromkeys(("", schema)):
        defaults = existing.find(
            key("default privileges", f"for role {quote_if_needed(by)}{place} {what}")
        )
        if defaults is None:
            continue
        for item in (defaults.fact("revoked") or "").split(", "):
            privilege, _, grantee = item.partition(" from ")
            if found.get(f"grant to {grantee}") == privilege:
                del found[f"grant to {grantee}"]
        for name, text in defaults.facts:
            if name.startswith("grant to "):
                words = {*found.get(name, "").split(", "), *text.split(", ")} - {""}
                found[name] = "ALL" if "ALL" in words else ", ".join(sorted(words))


_PRIVILEGES_OF = re.compile(
    r"for role (?P<role>.+?)(?: in schema (?P<schema>.+))? on (?P<objects>[a-z ]+)"
)


def alter_default_privileges(at: Alteration) -> tuple[str, ...]:
    """Return ALTER DEFAULT PRIVILEGES, GRANT and REVOKE."""
    match = _PRIVILEGES_OF.fullmatch(at.record.identity)
    if match is None:
        return ()
    schema = f" IN SCHEMA {match['schema']}" if match["schema"] else ""
    head = f"ALTER DEFAULT PRIVILEGES FOR ROLE {match['role']}{schema}"
    objects = f"ON {match['objects'].upper()}"
    if at.attribute == "revoked":
        old, new = (set(_items(text)) for text in (at.before, at.after))
        return (
            *(
                _put("GRANT", item, head, objects, to="TO", owner=match["role"])
                for item in sorted(old - new)
            ),
            *(
                _put("REVOKE", item, head, objects, to="FROM", owner=match["role"])
                for item in sorted(new - old)
            ),
        )
    grantee = at.attribute.removeprefix("grant to ")
    old, new = (set((text or "").split(", ")) - {""} for text in (at.before, at.after))
    who = role(grantee, owner=unquote_identifier(match["role"]))
    return (
        *(f"{head} REVOKE {word} {objects} FROM {who}" for word in sorted(old - new)),
        *(f"{head} GRANT {word} {objects} TO {who}" for word in sorted(new - old)),
    )


def _items(text: str | None) -> list[str]:
    return [item for item in (text or "").split(", ") if item]


def _put(verb: str, item: str, head: str, objects: str, *, to: str, owner: str) -> str:
    privilege, _, grantee = item.partition(" from ")
    return f"{head} {verb} {privilege} {objects} {to} {owner if grantee == OWNER else grantee}"
