"""What an object has when its CREATE is done, without anybody having said so."""

from __future__ import annotations

from alembic_proof.catalog.ddl.names import first_name, quoted
from alembic_proof.catalog.model import Catalog, CatalogObject, key

_TABLES = ("table", "view", "materialized view", "foreign table")
_SEQUENCES = ("sequence", "identity")
_FUNCTIONS = ("function", "procedure", "aggregate")
_TYPES = ("enum", "domain", "range", "composite type", "type")

_OWNER_HAS = {
    **dict.fromkeys((*_TABLES, *_SEQUENCES, "schema"), "ALL"),
    **dict.fromkeys(_FUNCTIONS, "EXECUTE"),
    **dict.fromkeys((*_TYPES, "language", "foreign-data wrapper", "server"), "USAGE"),
}
_PUBLIC_HAS = {
    **dict.fromkeys(_FUNCTIONS, "EXECUTE"),
    **dict.fromkeys((*_TYPES, "language"), "USAGE"),
}
_CALLED = {
    **dict.fromkeys(_TABLES, "tables"),
    **dict.fromkeys(_SEQUENCES, "sequences"),
    **dict.fromkeys(_FUNCTIONS, "functions"),
    **dict.fromkeys(_TYPES, "types"),
    "schema": "schemas",
}
"""The word of ALTER DEFAULT PRIVILEGES for the kinds that it knows."""


def given(record: CatalogObject, *, by: str | None, standing: Catalog) -> dict[str, str]:
    """Owner and grants by attribute; `by` runs the statement, `standing` is what is there before.

    Source: ddl-priv, "Summary of Access Privileges"; sql-alterdefaultprivileges.
    """
    found = {} if by is None or record.fact("owner") is None else {"owner": by}
    if record.kind not in _OWNER_HAS or (record.is_implicit and not _has_grants(record)):
        return found
    found["grant to (owner)"] = _OWNER_HAS[record.kind]
    if record.kind in _PUBLIC_HAS:
        found["grant to PUBLIC"] = _PUBLIC_HAS[record.kind]
    if by is not None:
        _change_by_default(found, record, by=by, standing=standing)
    return found


def _has_grants(record: CatalogObject) -> bool:
    return any(name.startswith("grant to ") for name, _ in record.facts)


def _change_by_default(
    found: dict[str, str], record: CatalogObject, *, by: str, standing: Catalog
) -> None:
    """Add and take what ALTER DEFAULT PRIVILEGES has said for the role."""
    what = f"on {_CALLED.get(record.kind, '')}"
    schema = "" if record.kind == "schema" else f" in schema {first_name(record)}"
    for place in dict.fromkeys(("", schema)):
        standard = standing.find(key("default privileges", f"for role {quoted(by)}{place} {what}"))
        if standard is None:
            continue
        for item in (standard.fact("revoked") or "").split(", "):
            privilege, _, grantee = item.partition(" from ")
            if found.get(f"grant to {grantee}") == privilege:
                del found[f"grant to {grantee}"]
        for name, text in standard.facts:
            if name.startswith("grant to "):
                words = {*found.get(name, "").split(", "), *text.split(", ")} - {""}
                found[name] = "ALL" if "ALL" in words else ", ".join(sorted(words))
