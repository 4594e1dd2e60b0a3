"""The same catalog with some roles under other names, so that two clusters can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from alembic_proof.catalog.acl import OWNER, PUBLIC
from alembic_proof.catalog.model import Catalog, CatalogObject, Identity, Key
from alembic_proof.catalog.names import unquoted

_GRANT = "grant to "
_BY = " granted by "
_WORD = r'"(?:[^"]|"")*"|[^\s",:=/]+'
_NAME = re.compile(_WORD)
_ITEM = re.compile(r'(?:"(?:[^"]|"")*"|[^,])+')
_ACL_ITEM = re.compile(rf"(?P<grantee>{_WORD})?=(?P<letters>[a-zA-Z*]+)/(?P<grantor>{_WORD})")
_DEFAULTS = "default privileges"
_NAMED_IN_IDENTITY = {
    _DEFAULTS: re.compile(rf"(?P<before>for role )(?P<role>{_WORD})(?P<after> .*)", re.DOTALL),
    "user mapping": re.compile(rf"(?P<before>for )(?P<role>{_WORD})(?P<after> .*)", re.DOTALL),
}


class Role(NamedTuple):
    """A role's raw name, and as quote_ident writes it."""

    name: str
    quoted: str


Names = Mapping[str, Role]
"""Raw old name -> new one."""


def rename_roles(catalog: Catalog, names: Names, *, of_built_in: Names) -> Catalog:
    """The catalog in which each role of `names` bears its new name, wherever one is named.

    What is granted to the owner by name afterwards is the owner's own. `of_built_in` are the names
    in the privileges of what initdb and extensions made.
    """
    owners = _Owners(catalog)
    renamed = (
        _renamed(
            record,
            of_built_in if record.kind == "built-in object" else names,
            owner=owners.of(record),
        )
        for record in catalog.objects
    )
    kept = (record for record in renamed if record.facts or not record.is_implicit)
    return Catalog.of(kept, major=catalog.major)


class _Owners:
    """Whose each object is: its own fact, else that of what carries it."""

    def __init__(self, catalog: Catalog) -> None:
        self._by_key = {record.key: record for record in catalog.objects}

    def of(self, record: CatalogObject) -> str | None:
        """The owner's name; None where nothing says it."""
        owner = record.fact("owner")
        if owner is not None:
            return owner
        if record.kind == _DEFAULTS and (
            match := _NAMED_IN_IDENTITY[_DEFAULTS].match(record.identity)
        ):
            return unquoted(match["role"])
        above = (self._by_key[key] for key in record.parents if key in self._by_key)
        return next((found for parent in above if (found := self.of(parent)) is not None), None)


def _renamed(record: CatalogObject, names: Names, *, owner: str | None) -> CatalogObject:
    facts: dict[str, str] = {}
    owner = _named(owner, names) if owner is not None else None
    for old, said in record.facts:
        attribute, value = _fact(record, old, said, names=names, owner=owner)
        if attribute != old and attribute == f"{_GRANT}{OWNER}" and _is_built_in(record):
            continue
        facts[attribute] = _joined(facts[attribute], value) if attribute in facts else value
    return replace(record, key=_key(record.key, names), facts=tuple(sorted(facts.items())))


def _is_built_in(record: CatalogObject) -> bool:
    """Default privileges of the whole database, by which the owner has everything anyhow."""
    return record.kind == _DEFAULTS and " in schema " not in record.identity


def _fact(
    record: CatalogObject, attribute: str, value: str, *, names: Names, owner: str | None
) -> tuple[str, str]:
    """Attribute and value under the new names."""
    if attribute.startswith(_GRANT):
        grantee = _grantee(attribute.removeprefix(_GRANT), names, owner=owner)
        return f"{_GRANT}{grantee}", _granted(value, names, owner=owner)
    match record.kind, attribute:
        case _, "owner":
            return attribute, _named(value, names)
        case ("policy", "roles") | ("default privileges", "revoked"):
            return attribute, _list(value, names)
        case "built-in object", "privileges":
            return attribute, _ACL_ITEM.sub(lambda item: _acl_item(item, names), value)
    return attribute, value


def _grantee(name: str, names: Names, *, owner: str | None) -> str:
    if name in (PUBLIC, OWNER):
        return name
    new = _named(name, names)
    return OWNER if new == owner else new


def _granted(words: str, names: Names, *, owner: str | None) -> str:
    """The privileges, whose grantors bear their new names; the owner is not named."""
    found = []
    for word in words.split(", "):
        privilege, _, grantor = word.partition(_BY)
        new = _named(grantor, names)
        found.append(f"{privilege}{_BY}{new}" if new and new != owner else privilege)
    return ", ".join(sorted(found))


def _joined(one: str, other: str) -> str:
    """Two lists of privileges of one grantee as one."""
    if "ALL" in (one, other):
        return "ALL"
    return ", ".join(sorted({*one.split(", "), *other.split(", ")}))


def _named(name: str, names: Names) -> str:
    return names[name].name if name in names else name


def _list(value: str, names: Names) -> str:
    """`a, "B"` or `SELECT from a, …`, each name a new one; in the order of the new names."""
    items = (
        _NAME.sub(lambda name: _spelled(name[0], names, lambda role: role.quoted), item)
        for item in _ITEM.findall(value)
    )
    return ", ".join(sorted(item.strip() for item in items))


def _acl_item(item: re.Match[str], names: Names) -> str:
    grantee = _spelled(item["grantee"] or "", names, _in_acl)
    return f"{grantee}={item['letters']}/{_spelled(item['grantor'], names, _in_acl)}"


def _in_acl(role: Role) -> str:
    """As an aclitem writes it, which quotes less than quote_ident."""
    is_plain = role.name.replace("_", "a").isalnum()
    return role.name if is_plain else '"' + role.name.replace('"', '""') + '"'


def _key(key: Key, names: Names) -> Key:
    pattern = _NAMED_IN_IDENTITY.get(key.kind)
    match = pattern.fullmatch(key.identity) if pattern else None
    if match is None:
        return key
    role = _spelled(match["role"], names, lambda role: role.quoted)
    return Key(key.kind, Identity(f"{match['before']}{role}{match['after']}"))


def _spelled(name: str, names: Names, spell: Callable[[Role], str]) -> str:
    """The new name of the role that is written like this; another one as it is."""
    new = names.get(unquoted(name))
    return name if new is None else spell(new)
