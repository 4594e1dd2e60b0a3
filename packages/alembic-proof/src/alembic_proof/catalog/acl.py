"""Access control lists as facts: one per grantee, privileges in words."""

from __future__ import annotations

import re
from functools import lru_cache

from alembic_proof.catalog.names import unquoted

PUBLIC = "PUBLIC"
OWNER = "(owner)"
"""Stands for whoever owns the object, so that a new owner is one change and not three."""

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

_TABLE = "SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER"
_EVERY: dict[str, frozenset[str]] = {
    "table": frozenset(_TABLE.split()),
    "sequence": frozenset({"SELECT", "UPDATE", "USAGE"}),
    "schema": frozenset({"USAGE", "CREATE"}),
    "database": frozenset({"CREATE", "TEMPORARY", "CONNECT"}),
}
_LIKE = {
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
    """The facts that an access control list states, each grantee once; not to be changed.

    `acl` holds aclitems as PostgreSQL writes them: `role=arw*/grantor`. Every privilege that
    such an object can have reads ALL, so that the word means the same on every major version.
    """
    found: dict[str, set[str]] = {}
    for item in acl:
        grantee, words = _words(item, owner=owner)
        found.setdefault(f"grant to {grantee}", set()).update(words)
    every = _every(kind, major=major)
    return {
        name: "ALL" if every is not None and words == every else ", ".join(sorted(words))
        for name, words in found.items()
    }


def _every(kind: str, *, major: int) -> frozenset[str] | None:
    """All privileges on such an object; None where there is but one, or none as a whole."""
    kind = _LIKE.get(kind, kind)
    every = _EVERY.get(kind)
    if every is not None and kind == "table" and major >= MAINTAIN_SINCE:
        return every | {"MAINTAIN"}
    return every


def _words(item: str, *, owner: str) -> tuple[str, list[str]]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"not an aclitem: {item!r}")
    grantor = unquoted(match["grantor"])
    by = "" if grantor == owner else f" granted by {grantor}"
    words = [
        PRIVILEGES.get(letter, letter) + (" WITH GRANT OPTION" if star else "") + by
        for letter, star in re.findall(r"(.)(\*?)", match["letters"])
    ]
    return _grantee(unquoted(match["grantee"]), owner=owner), words


def _grantee(name: str, *, owner: str) -> str:
    """The role's name; quoted where it could be taken for one of the two words."""
    if not name:
        return PUBLIC
    if name == owner:
        return OWNER
    return f'"{name}"' if name in (PUBLIC, OWNER) else name
