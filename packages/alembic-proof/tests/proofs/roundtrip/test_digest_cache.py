"""Which tables a change of the catalog touches."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_deploy.connect import run_on
from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.proofs.roundtrip.digest_cache import AffectedTables, affected_tables

TABLES = (
    "CREATE TYPE mood AS ENUM ('sad')",
    "CREATE DOMAIN size AS integer",
    "CREATE TABLE a (id integer PRIMARY KEY, mood mood)",
    "CREATE TABLE b (id integer PRIMARY KEY REFERENCES a, s serial)",
    "CREATE TABLE whole (id integer) PARTITION BY RANGE (id)",
    "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
)


@pytest.mark.parametrize(
    ("step", "tables", "gone"),
    [
        ("ALTER TABLE a ADD COLUMN x integer", {"public.a"}, set()),
        ("CREATE INDEX ON a (mood)", {"public.a"}, set()),
        ("ALTER SEQUENCE b_s_seq INCREMENT 2", {"public.b"}, set()),
        ("ALTER TABLE a RENAME COLUMN id TO key", {"public.a", "public.b"}, set()),
        ("ALTER TABLE b RENAME TO c", {"public.b", "public.c"}, {"public.b"}),
        ("DROP TABLE b", {"public.b"}, {"public.b"}),
        ("CREATE VIEW v AS SELECT 1", set(), set()),
        (
            "CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (9)",
            {"public.part", "public.whole"},
            set(),
        ),
    ],
)
def test_tables_are_named(scratch_url: str, step: str, tables: set[str], gone: set[str]) -> None:
    """The one that changes, those that refer to it by name, and no other."""
    found = affected_by(scratch_url, step)

    assert {*map(str, found.tables)} == tables
    assert {*map(str, found.gone)} == gone
    assert not found.is_any


@pytest.mark.parametrize(
    "step", ["ALTER TYPE mood ADD VALUE 'glad'", "ALTER DOMAIN size ADD CHECK (VALUE > 0)"]
)
def test_a_changed_type_may_touch_any_table(scratch_url: str, step: str) -> None:
    """Which columns are made of it is not asked."""
    assert affected_by(scratch_url, step).is_any


def test_a_new_type_touches_no_table(scratch_url: str) -> None:
    """No older column can be made of it."""
    assert affected_by(scratch_url, "CREATE TYPE colour AS ENUM ('red')") == AffectedTables()


def test_a_changed_function_is_reported(scratch_url: str) -> None:
    """Generated columns may be others."""
    step = "CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 2'"

    assert affected_by(scratch_url, step) == AffectedTables(is_function=True)


def affected_by(url: str, step: str) -> AffectedTables:
    """Return the tables that the step changes."""

    def work(connection: sa.Connection) -> tuple[Catalog, Catalog]:
        for statement in TABLES:
            connection.exec_driver_sql(statement)
        before = read_catalog(connection)
        connection.exec_driver_sql(step)
        return before, read_catalog(connection)

    return affected_tables(*run_on(url, work))
