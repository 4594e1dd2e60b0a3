"""Rename roles in a catalog, so that catalogs of two clusters can be compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from alembic_proof.catalog.acl import OWNER, PUBLIC
from alembic_proof.catalog.model import Catalog, CatalogObject, Key, ObjectIdentity
from alembic_proof.sql import quote_identifier, unquote_identifier

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
    """A role's raw name, and its name as quote_ident writes it."""

    name: str
    quoted: str


Names = Mapping[str, Role]
"""The new role by its raw old name."""


def rename_roles(catalog: Catalog, names: Names, *, of_built_in: Names) -> Catalog:
    """Return the catalog with new names for the roles of `names`, wherever a role is named.

    If a grantee becomes the owner, its grants become the owner's.

    :param of_built_in: the names in the privileges of objects of initdb and of extensions.
    """
    owners = _Owners(catalog)
    renamed = (
        _rename(
            record,
            of_built_in if record.kind == "built-in object" else names,
            owner=owners.of(record),
        )
        for record in catalog.objects
    )
    kept = (record for record in renamed if record.facts or not record.is_implicit)
    return Catalog.of(kept, major=catalog.major)


class _Owners:
    """The owners of objects: the object's own, else that of a parent."""

    def __init__(self, catalog: Catalog) -> None:
        self._by_key = {record.key: record for record in catalog.objects}

    def of(self, record: CatalogObject) -> str | None:
        """Return the owner's name; None if neither the object nor a parent has one."""
        owner = record.fact("owner")
        if owner is not None:
            return owner
        if record.kind == _DEFAULTS and (
            match := _NAMED_IN_IDENTITY[_DEFAULTS].match(record.identity)
        ):
            return unquote_identifier(match["role"])
        parents = (self._by_key[key] for key in record.parents if key in self._by_key)
        return next((found for parent in parents if (found := self.of(parent)) is not None), None)


def _rename(record: CatalogObject, names: Names, *, owner: str | None) -> CatalogObject:
    facts: dict[str, str] = {}
    owner = _new_name(owner, names) if owner is not None else None
    for old, text in record.facts:
        attribute, value = _fact(record, old, text, names=names, owner=owner)
        if attribute != old and attribute == f"{_GRANT}{OWNER}" and _is_default_of_database(record):
            continue
        facts[attribute] = _union(facts[attribute], value) if attribute in facts else value
    return replace(record, key=_key(record.key, names), facts=tuple(sorted(facts.items())))


def _is_default_of_database(record: CatalogObject) -> bool:
    """Return whether they are default privileges of the database; the owner has all of those."""
    return record.kind == _DEFAULTS and " in schema " not in record.identity


def _fact(
    record: CatalogObject, attribute: str, value: str, *, names: Names, owner: str | None
) -> tuple[str, str]:
    """Return the attribute and its value with the new names."""
    if attribute.startswith(_GRANT):
        grantee = _grantee(attribute.removeprefix(_GRANT), names, owner=owner)
        return f"{_GRANT}{grantee}", _granted(value, names, owner=owner)
    match record.kind, attribute:
        case _, "owner":
            return attribute, _new_name(value, names)
        case ("policy", "roles") | ("default privileges", "revoked"):
            return attribute, _list(value, names)
        case "built-in object", "privileges":
            return attribute, _ACL_ITEM.sub(lambda item: _acl_item(item, names), value)
    return attribute, value


def _grantee(name: str, names: Names, *, owner: str | None) -> str:
    if name in (PUBLIC, OWNER):
        return name
    new = _new_name(name, names)
    return OWNER if new == owner else new


def _granted(words: str, names: Names, *, owner: str | None) -> str:
    """Return the privileges with the grantors' new names; the owner is not named as grantor."""
    found = []
    for word in words.split(", "):
        privilege, _, grantor = word.partition(_BY)
        new = _new_name(grantor, names)
        found.append(f"{privilege}{_BY}{new}" if new and new != owner else privilege)
    return ", ".join(sorted(found))


def _union(one: str, other: str) -> str:
    """Return the union of two lists of privileges."""
    if "ALL" in (one, other):
        return "ALL"
    return ", ".join(sorted({*one.split(", "), *other.split(", ")}))


def _new_name(name: str, names: Names) -> str:
    return names[name].name if name in names else name


def _list(value: str, names: Names) -> str:
    """Return a list such as `a, "B"` or `SELECT from a` with the new names, sorted again."""
    items = (
        _NAME.sub(lambda name: _renamed_identifier(name[0], names, lambda role: role.quoted), item)
        for item in _ITEM.findall(value)
    )
    return ", ".join(sorted(item.strip() for item in items))


def _acl_item(item: re.Match[str], names: Names) -> str:
    grantee = _renamed_identifier(item["grantee"] or "", names, _in_acl)
    return f"{grantee}={item['letters']}/{_renamed_identifier(item['grantor'], names, _in_acl)}"


def _in_acl(role: Role) -> str:
    """Return the name as an aclitem has it, with fewer quotes than quote_ident writes."""
    is_plain = role.name.replace("_", "a").isalnum()
    return role.name if is_plain else quote_identifier(role.name)


def _key(key: Key, names: Names) -> Key:
    pattern = _NAMED_IN_IDENTITY.get(key.kind)
    match = pattern.fullmatch(key.identity) if pattern else None
    if match is None:
        return key
    role = _renamed_identifier(match["role"], names, lambda role: role.quoted)
    return Key(key.kind, ObjectIdentity(f"{match['before']}{role}{match['after']}"))


def _renamed_identifier(name: str, names: Names, spell: Callable[[Role], str]) -> str:
    """Return the new name of the role with this written name; other names unchanged."""
    new = names.get(unquote_identifier(name))
    return name if new is None else spell(new)
