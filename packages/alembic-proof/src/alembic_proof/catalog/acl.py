"""Turn access control lists into attributes: one for each grantee, with the privileges' names."""

from __future__ import annotations

import re
from functools import lru_cache

from alembic_proof.sql import unquote_identifier

PUBLIC = "PUBLIC"
OWNER = "(owner)"
"""Stands for the object's owner, so that a new owner is one change and not three."""

PRIVILEGES = {
    "r": "SELECT",
    "a": "INSERT",
    "w": "UPDATE",
    "d": "DELETE",
    "D": "TRUNCATE",
    "x": "REFERENCES",
    "t": "TRIGGER",
    "m": "MAINTAIN",
    "U": "USAGE",
    "C": "CREATE",
    "X": "EXECUTE",
    "T": "TEMPORARY",
    "c": "CONNECT",
    "s": "SET",
    "A": "ALTER SYSTEM",
}
"""Source: ddl-priv, table "ACL Privilege Abbreviations"."""

PUBLIC_HAS = {
    **dict.fromkeys(("function", "procedure", "aggregate"), "EXECUTE"),
    **dict.fromkeys(("enum", "domain", "range", "composite type", "type", "language"), "USAGE"),
}
"""What PUBLIC may do with a new object, by kind. Source: ddl-priv."""

_TABLE = "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER"
_ALL_PRIVILEGES: dict[str, frozenset[str]] = {
    "table": frozenset(_TABLE.split()),
    "sequence": frozenset({"SELECT", "UPDATE", "USAGE"}),
    "schema": frozenset({"USAGE", "CREATE"}),
    "database": frozenset({"CREATE", "TEMPORARY", "CONNECT"}),
}
_SAME_PRIVILEGES = {
    "view": "table",
    "materialized view": "table",
    "foreign table": "table",
    "identity": "sequence",
}
MAINTAIN_SINCE = 17

_ITEM = re.compile(
    r'(?P<grantee>(?:"(?:[^"]|"")*"|[^"=])*)=(?P<letters>[^/]*)/(?P<grantor>.*)', re.DOTALL
)


@lru_cache(maxsize=4096)
def grants(acl: tuple[str, ...], *, owner: str, kind: str, major: int) -> dict[str, str]:
    """Return `grant to GRANTEE` and its privileges for each grantee; the result is cached.

    If a grantee has all privileges of that kind of object, the value is ALL, because newer major
    versions have more privileges.

    :param acl: aclitems as PostgreSQL writes them: `role=arw*/grantor`.
    :raises ValueError: an item is not an aclitem.

    Example: `grants(("app=r/me",), owner="me", kind="table", major=18)` returns
    `{"grant to app": "SELECT"}`.
    """
    found: dict[str, set[str]] = {}
    for item in acl:
        grantee, words = _privileges(item, owner=owner)
        found.setdefault(f"grant to {grantee}", set()).update(words)
    possible = _all_privileges(kind, major=major)
    return {
        name: "ALL" if possible is not None and words == possible else ", ".join(sorted(words))
        for name, words in found.items()
    }


def _all_privileges(kind: str, *, major: int) -> frozenset[str] | None:
    """Return all privileges on such an object; None for kinds that have one privilege only."""
    kind = _SAME_PRIVILEGES.get(kind, kind)
    possible = _ALL_PRIVILEGES.get(kind)
    if possible is not None and kind == "table" and major >= MAINTAIN_SINCE:
        return possible | {"MAINTAIN"}
    return possible


def _privileges(item: str, *, owner: str) -> tuple[str, list[str]]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"not an aclitem: {item!r}")
    grantor = unquote_identifier(match["grantor"])
    by = "" if grantor == owner else f" granted by {grantor}"
    words = [
        PRIVILEGES.get(letter, letter) + (" WITH GRANT OPTION" if star else "") + by
        for letter, star in re.findall(r"(.)(\*?)", match["letters"])
    ]
    return _grantee(unquote_identifier(match["grantee"]), owner=owner), words


def _grantee(name: str, *, owner: str) -> str:
    """Return the role's name, in quotes if it equals PUBLIC or OWNER."""
    if not name:
        return PUBLIC
    if name == owner:
        return OWNER
    return f'"{name}"' if name in (PUBLIC, OWNER) else name
