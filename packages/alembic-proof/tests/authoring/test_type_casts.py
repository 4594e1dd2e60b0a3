"""Which types PostgreSQL converts by itself, and which conversions keep every value."""

from __future__ import annotations

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.server_message import sqlstate_of
from alembic_proof.authoring.type_casts import BaseType, TypeCasts, read_type_casts
from alembic_proof.scratch import scratch_database

BITS = {
    ("bit(4)", "bit(4)"): "1010",
    ("bit(4)", "bit(8)"): "1010",
    ("bit(8)", "bit(4)"): "10101010",
    ("bit(4)", "bit varying(4)"): "1010",
    ("bit varying(4)", "bit(4)"): "10",
    ("bit varying(4)", "bit varying(8)"): "10",
    ("bit varying(8)", "bit varying(4)"): "10101010",
    ("bit varying", "bit varying(4)"): "10101010",
    ("bit(4)[]", "bit(8)[]"): "{1010}",
    ("bit(4)[]", "bit(4)[]"): "{1010}",
}
"""Pairs, with a value of the first type."""
DATATYPE_MISMATCH = "42804"
PAIRS = {
    ("integer", "bigint"): "automatic alike keeps",
    ("bigint", "integer"): "automatic alike",
    ("integer", "text"): "automatic keeps",
    ("text", "integer"): "",
    ("character varying(20)", "character varying(50)"): "automatic alike keeps",
    ("character varying(50)", "character varying(20)"): "automatic alike",
    ("character varying(20)", "text"): "automatic alike keeps",
    ("text", "character varying(20)"): "automatic alike",
    ("numeric(10,2)", "numeric(12,4)"): "automatic alike keeps",
    ("numeric(10,2)", "numeric(10,4)"): "automatic alike",
    ("numeric", "integer"): "automatic alike",
    ("date", "timestamp without time zone"): "automatic alike keeps",
    ("timestamp without time zone", "date"): "automatic alike",
    ("integer[]", "bigint[]"): "automatic alike keeps",
    ("integer[]", "text"): "automatic keeps",
    ("integer", "integer[]"): "",
    ("public.state", "text"): "automatic keeps",
    ("text", "public.state"): "",
    ("public.positive", "bigint"): "automatic alike keeps",
    ("boolean", "integer"): "",
    ("json", "jsonb"): "automatic alike",
    ("uuid", "text"): "automatic keeps",
    ("bit(4)", "bit(8)"): "automatic alike",
    ("bit varying(8)", "bit varying(4)"): "automatic alike",
    ("bit varying(4)", "bit varying(8)"): "automatic alike keeps",
}
"""The pairs and what is true of them."""


def describe(types: TypeCasts, pair: tuple[str, str]) -> str:
    """Return what is true of the pair."""
    facts = {
        "automatic": types.is_automatic(*pair),
        "alike": types.is_alike(*pair),
        "keeps": types.keeps_values(*pair),
    }
    return " ".join(name for name, is_true in facts.items() if is_true)


def is_altered(connection: Connection, pair: tuple[str, str]) -> bool:
    """Return whether PostgreSQL changes a column of the first type into the second without USING."""
    old, new = pair
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"CREATE TEMP TABLE t (c {old})")
            connection.exec_driver_sql(f"ALTER TABLE t ALTER c TYPE {new}")
            connection.exec_driver_sql("DROP TABLE t")
    except DBAPIError as error:
        if sqlstate_of(error) != DATATYPE_MISMATCH:
            raise
        return False
    return True


def test_the_casts_are_those_of_alter_column_type(server_url: str) -> None:
    """PostgreSQL itself is asked for each pair; an unknown type is converted into none."""

    def work(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TYPE public.state AS ENUM ('open')")
        connection.exec_driver_sql("CREATE DOMAIN public.positive AS integer CHECK (VALUE > 0)")
        names = {name for pair in PAIRS for name in pair}
        types = read_type_casts(connection, {*names, "public.unknown"})

        found = {pair: describe(types, pair) for pair in PAIRS}
        assert found == PAIRS
        assert {pair: types.is_automatic(*pair) for pair in PAIRS} == {
            pair: is_altered(connection, pair) for pair in PAIRS
        }
        assert describe(types, ("public.unknown", "text")) == ""
        assert describe(types, ("public.unknown", "public.unknown")) == "automatic alike keeps"

    with scratch_database(server_url) as url:
        run_on(url, work)


def is_converted(connection: Connection, pair: tuple[str, str], value: str) -> bool:
    """Return whether PostgreSQL changes a column that has the value without USING."""
    old, new = pair
    savepoint = connection.begin_nested()
    try:
        connection.exec_driver_sql(f"CREATE TEMP TABLE t AS SELECT '{value}'::{old} AS c")
        connection.exec_driver_sql(f"ALTER TABLE t ALTER c TYPE {new}")
    except DBAPIError:
        return False
    finally:
        savepoint.rollback()
    return True


def test_a_bit_string_of_another_length_does_not_fit(server_url: str) -> None:
    """PostgreSQL itself is asked for each pair; modifiers of an extension's type are not understood."""

    def work(connection: Connection) -> None:
        types = read_type_casts(connection, {name for pair in BITS for name in pair})

        assert {pair: types.fits(*pair) for pair in BITS} == {
            pair: is_converted(connection, pair, value) for pair, value in BITS.items()
        }

    with scratch_database(server_url) as url:
        run_on(url, work)
    vector = BaseType("vector", "U")
    vectors = TypeCasts(dict.fromkeys(("vector(3)", "vector(4)", "vector"), vector))
    assert not vectors.fits("vector(3)", "vector(4)")
    assert vectors.fits("vector(3)", "vector")
