"""Rows with columns of every type: those of PostgreSQL, of extensions, and of users."""

from __future__ import annotations

from typing import Any

import pytest

TYPES = (
    "smallint", "integer", "bigint", "numeric", "numeric(5,2)", "numeric(3,3)", "numeric(2,-3)",
    "real", "double precision", "money", "oid", "xid8", "text", "varchar", "varchar(1)",
    "varchar(40)", "char(3)", "name", '"char"', "bytea", "bit(5)", "bit varying(9)", "bit varying",
    "date", "time", "time with time zone", "timestamp", "timestamptz(0)", "interval",
    "interval hour to minute", "boolean", "uuid", "json", "jsonb", "jsonpath", "xml", "tsvector",
    "tsquery", "inet", "cidr", "macaddr", "macaddr8", "point", "line", "lseg", "box", "path",
    "polygon", "circle", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
    "int4multirange", "datemultirange", "nummultirange", "regclass", "regtype", "regproc",
    "regprocedure", "regoperator", "regnamespace", "regrole", "regconfig", "regcollation",
    "pg_lsn", "pg_snapshot", "txid_snapshot", "tid", "xid", "cid", "int2vector", "oidvector",
    "refcursor", "integer[]", "text[]", "varchar(3)[]", "uuid[][]", "timestamptz[]", "numeric(4,1)[]",
    "jsonb[]", "int4range[]", "bytea[]", "point[]", "box[]", "bit(3)[]",
)  # fmt: skip


def test_every_built_in_type_gets_values_where_null_is_not_allowed(sandbox: Any) -> None:
    """No type of PostgreSQL is a reason for a table without rows."""
    columns = ", ".join(f"c{place} {name} NOT NULL" for place, name in enumerate(TYPES))

    outcome = sandbox.fill(f"CREATE TABLE t ({columns})")

    outcome.assert_full()


def test_every_built_in_type_gets_values_and_null_where_null_is_allowed(sandbox: Any) -> None:
    """The first row has a value everywhere, the second NULL everywhere."""
    columns = ", ".join(f"c{place} {name}" for place, name in enumerate(TYPES))

    first, second, third = sandbox.fill(f"CREATE TABLE t ({columns})").rows()

    assert None not in first.values()
    assert set(second.values()) == {None}
    assert None not in third.values()


@pytest.mark.parametrize(
    ("extension", "name"),
    [("citext", "citext"), ("hstore", "hstore"), ("ltree", "ltree"), ("ltree", "lquery"),
     ("cube", "cube"), ("seg", "seg"), ("isn", "isbn"), ("intarray", "integer[]")],
)  # fmt: skip
def test_types_of_extensions_get_values(sandbox: Any, extension: str, name: str) -> None:
    """An extension's type is filled as any other."""
    outcome = sandbox.fill(f"CREATE EXTENSION {extension}", f"CREATE TABLE t (c {name} NOT NULL)")

    outcome.assert_full()


def test_types_that_users_made_get_values(sandbox: Any) -> None:
    """Enums, domains, composites, ranges, and arrays of them are made from their parts."""
    outcome = sandbox.fill(
        "CREATE TYPE mood AS ENUM ('sad', 'so ''so', 'glad')",
        "CREATE DOMAIN grade AS integer CHECK (VALUE BETWEEN 1 AND 6) NOT NULL",
        "CREATE DOMAIN fine_grade AS grade CHECK (VALUE < 4)",
        "CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{2}-[0-9]{4}$')",
        "CREATE TYPE pair AS (a integer, b text, m mood)",
        "CREATE TYPE moods AS RANGE (SUBTYPE = mood)",
        "CREATE TABLE t (a mood NOT NULL, b fine_grade, c code NOT NULL, d pair NOT NULL,"
        " e mood[] NOT NULL, f pair[] NOT NULL, g moods NOT NULL, h grade[] NOT NULL,"
        " i code[] NOT NULL)",
    )

    outcome.assert_full()
    assert outcome.values("a") == ["sad", "so 'so", "glad"]
    assert all(1 <= grade < 4 for grade in outcome.values("b"))


def test_a_type_without_a_value_takes_none_from_other_columns(sandbox: Any) -> None:
    """Of an enum that has no label yet there is NULL alone."""
    rows = sandbox.fill(
        "CREATE TYPE mood AS ENUM ()", "CREATE TABLE t (id serial, mood mood, note text)"
    ).rows()

    assert {row["mood"] for row in rows} == {None}
    assert [row["note"] for row in rows].count(None) == 1
