"""The values of a row, and what is tried after the server refused it; no server is needed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alembic_proof.rows.savepoint_batch import StatementFailure
from alembic_proof.rows.schema import (
    Check,
    ColumnInfo,
    RowValues,
    TableInfo,
    TableName,
    TypeInfo,
    TypeKind,
    UniqueKey,
)
from alembic_proof.rows.template import (
    MAX_TRIES,
    Attempt,
    RowTemplate,
    ValueMode,
    first_attempt,
    next_attempt,
    row_template,
    row_values,
)
from alembic_proof.sql import Sqlstate

INTEGER = TypeInfo("pg_catalog", "int4", TypeKind.BASE, category="N")
TEXT = TypeInfo("pg_catalog", "varchar", TypeKind.BASE, category="S", modifier=54)
"""varchar(50)."""
TABLE = TableInfo(
    name=TableName("public.t"),
    columns=(
        ColumnInfo("id", INTEGER, is_nullable=False),
        ColumnInfo("name", TEXT, is_nullable=False),
        ColumnInfo("note", TEXT),
    ),
    keys=(UniqueKey("t_pkey", ("id",), is_primary=True), UniqueKey("t_name", ("name",))),
    checks=(Check("t_note", "is_nice(note)", ("note",)),),
)
TEMPLATE = row_template(TABLE)


def values(attempt: Attempt, template: RowTemplate = TEMPLATE) -> RowValues:
    """Return the row's values; the table references nothing."""
    found = row_values(template, attempt, (), {})
    assert isinstance(found, dict)
    return found


def failure(sqlstate: Sqlstate, *, constraint: str = "", column: str = "") -> StatementFailure:
    """Return a failure with these fields."""
    return StatementFailure(sqlstate, "refused", constraint=constraint, column=column)


def test_the_first_rows_have_typical_empty_and_extreme_values() -> None:
    """Unique columns get no boundary value."""
    first, second, third = (values(first_attempt(row, position=row)) for row in range(3))

    assert first == {"id": "1", "name": "name-0", "note": "note-0"}
    assert second == {"id": "2", "name": "name-1", "note": None}
    assert (third["id"], third["name"]) == ("3", "name-2")
    assert len(third["note"] or "") == 50


def test_later_rows_have_values_beside_null() -> None:
    """So a column that is filled from another one differs from it in some row."""
    nullable = replace(TABLE, columns=tuple(replace(c, is_nullable=True) for c in TABLE.columns))
    attempt = Attempt(row=4, mode=ValueMode.EMPTY)

    found = values(attempt, row_template(replace(nullable, keys=(), checks=())))

    assert [name for name, text in found.items() if text is None] == ["name"]


def test_a_duplicate_gets_other_typical_values_in_its_key() -> None:
    """The other columns keep their extreme values."""
    third = first_attempt(2, position=2)

    again = next_attempt(TEMPLATE, third, failure(Sqlstate.UNIQUE_VIOLATION, constraint="t_name"))

    assert again is not None
    assert again.typical_columns == {"name"}
    assert values(again)["name"] != values(third)["name"]
    assert values(again)["note"] == values(third)["note"]


def test_a_column_that_refuses_null_is_not_null_afterwards() -> None:
    """A second refusal of the same column is another failure."""
    second = first_attempt(1, position=1)
    refused = failure(Sqlstate.NOT_NULL_VIOLATION, column="note")

    again = next_attempt(TEMPLATE, second, refused)
    assert again is not None
    assert values(second)["note"] is None
    assert values(again)["note"] is not None

    another = next_attempt(TEMPLATE, again, refused)
    assert another is not None
    assert another.not_null_columns == again.not_null_columns


def test_a_check_that_cannot_be_read_leads_through_all_fallbacks() -> None:
    """Typical values, NULL, the default, then guesses, in the columns of the CHECK only."""
    refused = failure(Sqlstate.CHECK_VIOLATION, constraint="t_note")
    tried: list[Attempt] = []
    attempt: Attempt | None = first_attempt(2, position=2)
    while attempt is not None:
        tried.append(attempt)
        attempt = next_attempt(TEMPLATE, attempt, refused)

    assert [one.typical_columns for one in tried[:2]] == [frozenset(), {"note"}]
    assert [bool(one.null_columns) for one in tried[:4]] == [False, False, True, False]
    assert tried[3].default_columns == {"note"}
    guesses = [values(one)["note"] for one in tried if one.guessed_columns]
    assert len(guesses) == len(set(guesses)) == 14
    assert {values(one)["name"] for one in tried if not one.guessed_columns} == {"name-2"}


def test_a_check_that_names_no_column_ends_without_guesses() -> None:
    """A negative control: nothing is guessed where each column's type is known."""
    refused = failure(Sqlstate.CHECK_VIOLATION, constraint="elsewhere")
    attempt: Attempt | None = first_attempt(2, position=2)
    modes: list[ValueMode] = []
    while attempt is not None:
        modes.append(attempt.mode)
        assert not attempt.guessed_columns
        attempt = next_attempt(TEMPLATE, attempt, refused)

    assert modes == [ValueMode.EXTREME, ValueMode.TYPICAL, ValueMode.TYPICAL, ValueMode.DEFAULTS]


@pytest.mark.parametrize("sqlstate", [Sqlstate.UNIQUE_VIOLATION, Sqlstate.CHECK_VIOLATION])
def test_the_number_of_tries_is_limited(sqlstate: Sqlstate) -> None:
    """Whatever the failure is."""
    exhausted = replace(first_attempt(0, position=0), tries=MAX_TRIES)

    assert next_attempt(TEMPLATE, exhausted, failure(sqlstate)) is None
