"""The cases that no revision makes in both directions, by the reason."""

from __future__ import annotations

_WRITTEN = {
    "access method other": ("type",),
    "cast (app.pair AS pg_catalog.text)": ("method",),
    "collation app.german": ("provider",),
    "conversion app.conv": ("from", "function", "to"),
    "foreign-data wrapper nothing": ("handler", "owner"),
    "operator app.===(integer,integer)": ("negator", "result"),
    "operator class app.odd USING btree": ("default", "family", "input type", "key type"),
    "range app.floats": ("canonical",),
    "subscription {database}_s": ("enabled", "two phase"),
    "text search parser app.reader": ("end", "start", "token", "types"),
    "type app.base": (
        *("alignment", "analyze", "category", "collatable", "default", "defined", "delimiter"),
        *("element", "input", "length", "modifier input", "modifier output", "output"),
        *("passed by value", "preferred", "receive", "send", "storage", "subscript"),
    ),
}
NOT_AUTHORED: dict[str, tuple[str, ...]] = {
    "PostgreSQL has no statement: the case writes the system catalog": (
        *(f"{key}: {one} written" for key, parts in _WRITTEN.items() for one in parts),
        "extension owner",
        "index invalid",
        "index not ready",
        "subscription's failover",
    ),
    "the difference is a note, because no revision should make it: the order of a table's columns, "
    "and what belongs to the database itself": (
        "column order",
        "database comment",
        "database granted",
        "database setting",
        "role's setting in the database",
    ),
    "its statement needs what cannot be read: a password, or a subscription's connection": (
        "server dropped",
        "subscription created",
        "user mapping's password",
    ),
    "PostgreSQL has no statement that makes a table's own column or constraint one that is only "
    "inherited": (
        "inheritance removed",
        "inherited check is the child's own too",
        "inherited column is the child's own too",
    ),
    "the privileges that initdb or the extension gave are not in the catalog that is compared": (
        "built-in function revoked",
        "extension's function revoked",
    ),
    "its statement needs the name of a NOT NULL constraint, which is not compared": (
        "domain's not null comment",
        "not null's comment",
    ),
    "the triggers of a foreign key have names with an OID": ("foreign key switched off",),
    "a security label needs a label provider that is installed": ("security label",),
    "the extension has no script that leads back": ("extension updated",),
    "the catalog does not tell the members of an operator class": ("operator class created",),
}
"""Names of cases by the reason, as the documentation prints it."""

REASONS = {name: reason for reason, names in NOT_AUTHORED.items() for name in names}
