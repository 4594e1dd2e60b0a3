"""No revision calls a function or operator that somebody has planted in public.

An upgrade refuses such a database before its first revision. Here the owner has planted them, whom it
trusts, so that the revisions run: what they write must find PostgreSQL's own functions all the same.
"""

from __future__ import annotations

import re

import pytest
from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from packages.backend.tests.history.database import (
    PINNED,
    Database,
    before,
    insert,
)

TENANT = "11111111-1111-4111-8111-111111111111"
USER = "22222222-2222-4222-8222-222222222222"
BOARD = "33333333-3333-4333-8333-333333333333"
SOURCE = "44444444-4444-4444-8444-444444444444"
MADE = "55555555-5555-4555-8555-555555555555"

FUNCTIONS = {
    "jsonb_build_object(text, jsonb)": "SELECT jsonb_build_object('a'::text, '{}'::jsonb)",
    "jsonb_build_object(text, text, text, text)": "SELECT jsonb_build_object('a', 'b', 'c', 'd')",
    "unnest(uuid[])": "SELECT unnest('{}'::uuid[])",
    "cardinality(text[])": "SELECT cardinality('{}'::text[])",
    "array_to_string(text[], text)": "SELECT array_to_string('{}'::text[], ',')",
    "concat(text, text)": "SELECT concat('a'::text, 'b'::text)",
    "format(text, text, text)": "SELECT format('x', 'y', 'z')",
    "format(text, regclass, name)": "SELECT format('x', 'pg_class'::regclass, 'z'::name)",
    "format(text, regclass, bigint)": "SELECT format('x', 'pg_class'::regclass, 1::bigint)",
}
"""Functions that take the exact types where PostgreSQL's own takes any, and a call that finds each."""

OPERATORS = {
    "? (jsonb, jsonb)": "SELECT '{}'::jsonb ? '{}'",
    "#>> (jsonb, jsonb)": "SELECT '{}'::jsonb #>> '{}'",
    "- (jsonb, jsonb)": "SELECT '{}'::jsonb - '{}'",
    "|| (text[], text)": "SELECT '{}'::text[] || 'a'::text",
    "= (oid, regclass)": "SELECT 1::oid = 'pg_class'::regclass",
    "<= (numeric, integer)": "SELECT 1.0 <= 1",
    ">= (numeric, integer)": "SELECT 1.0 >= 1",
}


FAIL = "RAISE EXCEPTION 'a planted function was called'; END"


def plant_function(signature: str, *, returns: str = "text") -> str:
    """Return the statement that creates a function which fails when it is called."""
    return (
        f"CREATE FUNCTION public.{signature} RETURNS {returns} LANGUAGE plpgsql "
        f"AS $$ BEGIN {FAIL} $$"
    )


def plant_operator(signature: str, *, number: int) -> tuple[str, ...]:
    """Return the statements that create an operator which fails when it is used."""
    name, left, right, _ = re.split(r"[ (),]+", signature)
    function = f"operator_{number}"
    options = f"LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = public.{function}"
    return (
        plant_function(f"{function}({left}, {right})", returns="boolean"),
        f"CREATE OPERATOR public.{name} ({options})",
    )


@pytest.fixture
def planted(database: Database) -> Database:
    """Provide an empty database with everything planted, and an aggregate too."""
    database.execute(
        *map(plant_function, FUNCTIONS),
        *(sql for n, one in enumerate(OPERATORS) for sql in plant_operator(one, number=n)),
        plant_function("aggregate_step(uuid[], uuid)", returns="uuid[]"),
        "CREATE AGGREGATE public.array_agg(uuid) (SFUNC = public.aggregate_step, STYPE = uuid[])",
    )
    return database


def test_each_is_found(planted: Database) -> None:
    """The control: SQL that names no schema calls what is planted."""
    array_agg = f"SELECT array_agg(id) FROM (SELECT '{MADE}'::uuid) AS x (id)"
    for query in (*FUNCTIONS.values(), *OPERATORS.values(), array_agg):
        with pytest.raises(DBAPIError, match="a planted function was called"):
            planted.execute(query)


def test_history_calls_none(planted: Database) -> None:
    """The whole history goes up and down, over rows that make every statement work."""
    planted.upgrade(before("backfill_display_names"))
    planted.execute(
        insert("tenants", id=TENANT, name="Ours", slug="ours"),
        insert(
            "users", tenant_id=TENANT, id=USER, auth_provider="o", auth_subject="s", email="a@b"
        ),
        insert("boards", tenant_id=TENANT, id=BOARD, owner_id=USER, title="b"),
        *(
            insert(
                "generations",
                tenant_id=TENANT,
                id=identifier,
                board_id=BOARD,
                user_id=USER,
                generator_name="g",
                artifact_type="image",
                input_params="{}",
                input_generation_ids=inputs,
            )
            for identifier, inputs in ((SOURCE, "{}"), (MADE, f"{{{SOURCE}}}"))
        ),
    )

    planted.upgrade(PINNED)
    assert planted.rows("SELECT input_generation_id::text FROM generation_inputs") == [(SOURCE,)]
    assert planted.rows("SELECT display_name FROM users") == [("a",)]
    planted.upgrade()
    planted.downgrade(before("move_lineage_into_a_table"))
    assert planted.rows(
        f"SELECT input_generation_ids::text[] FROM generations WHERE id = '{MADE}'"
    ) == [([SOURCE],)]

    planted.downgrade(before("backfill_display_names"))
    assert planted.rows("SELECT display_name, metadata::text FROM users") == [(None, "{}")]
    planted.execute(
        insert(
            "users",
            tenant_id="=(SELECT id FROM tenants WHERE slug = 'default')",
            auth_provider="o",
            auth_subject="s",
        ),
    )
    with pytest.raises(CommandError, match=r"the default tenant still has rows in users \(1\)"):
        planted.downgrade()
    planted.execute("DELETE FROM users WHERE tenant_id <> '" + TENANT + "'")
    planted.downgrade()
