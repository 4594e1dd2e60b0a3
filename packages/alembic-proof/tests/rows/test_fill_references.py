"""Rows that satisfy foreign keys: composite, to themselves, and in circles."""

from __future__ import annotations

from typing import Any

import pytest

from alembic_proof.rows import TableName

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


def test_composite_keys_that_share_a_column_agree(sandbox: Any) -> None:
    """A member's board, user and inviter belong to one tenant."""
    outcome = sandbox.fill(*TENANTS)

    outcome.assert_full("tenants", "users", "boards", "members")
    assert len({row["tenant_id"] for row in outcome.rows("members")}) == 3
    assert any(outcome.values("invited_by", "members"))
    assert None in outcome.values("invited_by", "members")


def test_tables_that_are_referred_to_are_filled_first_and_only_when_empty(sandbox: Any) -> None:
    """Asking for one table fills what it cannot be without."""
    outcome = sandbox.fill(*TENANTS, tables=[TableName("public.boards")])

    assert [one.table for one in outcome.report.filled] == [
        "public.boards",
        "public.tenants",
        "public.users",
    ]


CIRCLES = {
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


@pytest.mark.parametrize("circle", CIRCLES)
def test_circles_of_references_are_closed(sandbox: Any, circle: str) -> None:
    """Every reference of a circle refers to something in some row."""
    outcome = sandbox.fill(*CIRCLES[circle])

    outcome.assert_full()
    for table in outcome.shapes:
        for key in table.foreign_keys:
            for column in key.columns:
                assert any(row[column] for row in outcome.stored[table.name]), (table.name, column)


def test_references_to_itself_come_to_an_end(sandbox: Any) -> None:
    """What follows parents in a loop does not run for ever."""
    rows = sandbox.fill(*CIRCLES["to itself, nullable"]).rows()

    assert [row["t_id"] for row in rows] == [None, 1, 2]


def test_a_reference_that_is_given_stays(sandbox: Any) -> None:
    """Also NULL: a row that is to have no parent gets none afterwards."""
    supplied = {"t": [{"id": 7, "t_id": None}, {"id": 8, "t_id": None}, {"id": 9, "t_id": 7}]}
    rows = sandbox.fill(*CIRCLES["to itself, nullable"], supplied=supplied).rows()

    assert [(row["id"], row["t_id"]) for row in rows] == [(7, None), (8, None), (9, 7)]
