"""Access control lists as facts: one per grantee, privileges in words."""

from __future__ import annotations

import re
from functools import lru_cache

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

_ITEM = re.compile(
    r'(?P<grantee>(?:"(?:[^"]|"")*"|[^"=])*)=(?P<letters>[^/]*)/(?P<grantor>.*)', re.DOTALL
)


@lru_cache(maxsize=4096)
def grants(acl: tuple[str, ...], *, owner: str) -> tuple[tuple[str, str], ...]:
    """The facts that an access control list states, each grantee once, sorted.

    `acl` holds aclitems as PostgreSQL writes them: `role=arw*/grantor`.
    """
    found: dict[str, list[str]] = {}
    for item in acl:
        grantee, words = _words(item, owner=owner)
        found.setdefault(f"grant to {grantee}", []).extend(words)
    return tuple(sorted((name, ", ".join(sorted(words))) for name, words in found.items()))


def _words(item: str, *, owner: str) -> tuple[str, list[str]]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(f"not an aclitem: {item!r}")
    grantor = _unquoted(match["grantor"])
    by = "" if grantor == owner else f" granted by {grantor}"
    words = [
        PRIVILEGES.get(letter, letter) + (" WITH GRANT OPTION" if star else "") + by
        for letter, star in re.findall(r"(.)(\*?)", match["letters"])
    ]
    return _grantee(_unquoted(match["grantee"]), owner=owner), words


def _grantee(name: str, *, owner: str) -> str:
    if not name:
        return "PUBLIC"
    return OWNER if name == owner else name


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
