"""Rows satisfy foreign keys: composite ones, to their own table, and in cycles."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_proof.rows.fill import SuppliedRows

from .conftest import fill_tables

TENANTS = (
    "CREATE TABLE tenants (id uuid PRIMARY KEY)",
    "CREATE TABLE users (tenant_id uuid REFERENCES tenants, id uuid, PRIMARY KEY (tenant_id, id))",
    (
        "CREATE TABLE boards (tenant_id uuid REFERENCES tenants, id uuid, owner_id uuid NOT NULL,"
        " PRIMARY KEY (tenant_id, id),"
        " FOREIGN KEY (tenant_id, owner_id) REFERENCES users (tenant_id, id))"
    ),
    (
        "CREATE TABLE members (tenant_id uuid, board_id uuid, user_id uuid, invited_by uuid,"
        " PRIMARY KEY (tenant_id, board_id, user_id),"
        " FOREIGN KEY (tenant_id, board_id) REFERENCES boards (tenant_id, id),"
        " FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),"
        " FOREIGN KEY (tenant_id, invited_by) REFERENCES users (tenant_id, id))"
    ),
)


def test_composite_keys_that_share_a_column_agree(connection: sa.Connection) -> None:
    """A member's board, user and inviter belong to one tenant."""
    outcome = fill_tables(connection, *TENANTS)

    outcome.assert_full("tenants", "users", "boards", "members")
    assert len({row["tenant_id"] for row in outcome.rows("members")}) == 3
    assert any(outcome.values("invited_by", "members"))
    assert None in outcome.values("invited_by", "members")


def test_referenced_tables_are_filled_first_and_only_if_empty(connection: sa.Connection) -> None:
    """Filling one table fills the tables that it cannot do without."""
    outcome = fill_tables(connection, *TENANTS, tables=["public.boards"])

    assert [one.table for one in outcome.report.filled] == [
        "public.boards",
        "public.tenants",
        "public.users",
    ]


CYCLES = {
    "to itself, nullable": (
        "CREATE TABLE t (id serial PRIMARY KEY, t_id integer REFERENCES t, name text)",
    ),
    "to itself, not null": ("CREATE TABLE t (id integer PRIMARY KEY, t_id integer NOT NULL REFERENCES t)",),
    "to itself, not null, numbered": (
        ("CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " t_id integer NOT NULL REFERENCES t)"),
    ),
    "to itself within a tenant": (
        "CREATE TABLE tenants (id uuid PRIMARY KEY)",
        ("CREATE TABLE t (tenant_id uuid REFERENCES tenants, id uuid, t_id uuid,"
        " PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, t_id) REFERENCES t (tenant_id, id))"),
    ),
    "of two, one nullable": (
        "CREATE TABLE t (id integer PRIMARY KEY, u_id integer)",
        "CREATE TABLE u (id integer PRIMARY KEY, t_id integer NOT NULL REFERENCES t)",
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
    ),
    "of two, none nullable": (
        "CREATE TABLE t (id serial PRIMARY KEY, u_id integer NOT NULL)",
        "CREATE TABLE u (id integer PRIMARY KEY, t_id integer NOT NULL REFERENCES t)",
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
    ),
    "of two, none nullable, deferred": (
        "CREATE TABLE t (id integer PRIMARY KEY, u_id integer NOT NULL)",
        ("CREATE TABLE u (id integer PRIMARY KEY, t_id integer NOT NULL"
        " REFERENCES t DEFERRABLE INITIALLY DEFERRED)"),
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u DEFERRABLE INITIALLY DEFERRED",
    ),
    "of three": (
        "CREATE TABLE t (id integer PRIMARY KEY, u_id integer)",
        "CREATE TABLE u (id integer PRIMARY KEY, v_id integer)",
        "CREATE TABLE v (id integer PRIMARY KEY, t_id integer REFERENCES t)",
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
        "ALTER TABLE u ADD FOREIGN KEY (v_id) REFERENCES v",
    ),
}  # fmt: skip


@pytest.mark.parametrize("cycle", CYCLES)
def test_cycles_of_foreign_keys_are_closed(connection: sa.Connection, cycle: str) -> None:
    """Each foreign key of a cycle references a row in some row."""
    outcome = fill_tables(connection, *CYCLES[cycle])

    outcome.assert_full()
    for table in outcome.user_tables:
        for key in table.foreign_keys:
            for column in key.columns:
                assert any(row[column] for row in outcome.stored[table.name]), (table.name, column)


def test_references_to_the_own_table_end(connection: sa.Connection) -> None:
    """A query that follows the parents of a row terminates."""
    rows = fill_tables(connection, *CYCLES["to itself, nullable"]).rows()

    assert [row["t_id"] for row in rows] == [None, 1, 2]


def test_a_supplied_reference_stays(connection: sa.Connection) -> None:
    """A supplied NULL stays NULL, although the foreign key is set after the INSERT."""
    supplied: SuppliedRows = {
        "t": [{"id": 7, "t_id": None}, {"id": 8, "t_id": None}, {"id": 9, "t_id": 7}]
    }
    rows = fill_tables(connection, *CYCLES["to itself, nullable"], supplied=supplied).rows()

    assert [(row["id"], row["t_id"]) for row in rows] == [(7, None), (8, None), (9, 7)]
