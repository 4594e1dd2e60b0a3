"""Rows have values of each type: PostgreSQL's own, those of extensions, and users' types."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from .conftest import fill_tables

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


def test_every_built_in_type_gets_values_where_null_is_not_allowed(
    connection: sa.Connection,
) -> None:
    """A table with a NOT NULL column of each type is filled."""
    columns = ", ".join(f"c{place} {name} NOT NULL" for place, name in enumerate(TYPES))

    outcome = fill_tables(connection, f"CREATE TABLE t ({columns})")

    outcome.assert_full()


def test_every_built_in_type_gets_values_and_null_where_null_is_allowed(
    connection: sa.Connection,
) -> None:
    """The first row has values only, the second NULL only."""
    columns = ", ".join(f"c{place} {name}" for place, name in enumerate(TYPES))

    first, second, third = fill_tables(connection, f"CREATE TABLE t ({columns})").rows()

    assert None not in first.values()
    assert set(second.values()) == {None}
    assert None not in third.values()


@pytest.mark.parametrize(
    ("extension", "name"),
    [("citext", "citext"), ("hstore", "hstore"), ("ltree", "ltree"), ("ltree", "lquery"),
     ("cube", "cube"), ("seg", "seg"), ("isn", "isbn"), ("intarray", "integer[]")],
)  # fmt: skip
def test_types_of_extensions_get_values(
    connection: sa.Connection, extension: str, name: str
) -> None:
    """A NOT NULL column of an extension's type is filled."""
    outcome = fill_tables(
        connection, f"CREATE EXTENSION {extension}", f"CREATE TABLE t (c {name} NOT NULL)"
    )

    outcome.assert_full()


def test_user_defined_types_get_values(connection: sa.Connection) -> None:
    """Values of enums, domains, composites, ranges and their arrays consist of valid parts."""
    outcome = fill_tables(
        connection,
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


def test_a_type_without_a_value_takes_none_from_other_columns(connection: sa.Connection) -> None:
    """A column of an enum without labels is NULL, and other columns have their values."""
    rows = fill_tables(
        connection,
        "CREATE TYPE mood AS ENUM ()",
        "CREATE TABLE t (id serial, mood mood, note text)",
    ).rows()

    assert {row["mood"] for row in rows} == {None}
    assert [row["note"] for row in rows].count(None) == 1
