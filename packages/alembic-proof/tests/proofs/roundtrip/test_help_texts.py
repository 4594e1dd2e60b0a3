"""What is advised about rows, without a server."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from alembic_deploy.server_message import ServerMessage
from alembic_proof.history.revisions import parse_losses
from alembic_proof.proofs.roundtrip.help_texts import row_change_help, row_failure_help
from alembic_proof.proofs.roundtrip.observation import Direction
from alembic_proof.rows import RowChange, RowChangeKind, TableName

_NULLS = ServerMessage(
    sqlstate="23502",
    message="…",
    sql='ALTER TABLE audit."Log" ALTER at SET NOT NULL',
    schema="audit",
    table="Log",
    column="at",
)


@pytest.mark.parametrize(
    ("direction", "message", "advice"),
    [
        ("upgrade", _NULLS, 'UPDATE audit."Log" SET at = … WHERE at IS NULL'),
        (
            "upgrade",
            replace(_NULLS, sql='ALTER TABLE audit."Log" ADD COLUMN at date NOT NULL'),
            "give the column a server_default",
        ),
        ("upgrade", replace(_NULLS, sqlstate="23514"), 'UPDATE audit."Log" SET … WHERE NOT'),
        ("upgrade", replace(_NULLS, sqlstate="23505"), "merge or delete them"),
        ("upgrade", replace(_NULLS, sqlstate="22P02"), "USING"),
        ("upgrade", replace(_NULLS, sqlstate="55006"), "SET CONSTRAINTS ALL IMMEDIATE"),
        ("upgrade", None, "backfill or convert existing rows"),
        ("downgrade", _NULLS, "declare `lossy = 'audit.\"Log\".at: what happens to them'`"),
        ("second upgrade", _NULLS, "downgrade() leaves rows"),
    ],
)
def test_a_step_that_fails_on_rows(
    direction: Direction, message: ServerMessage | None, advice: str
) -> None:
    """By step and SQLSTATE, with names as SQL writes them."""
    assert advice in row_failure_help(direction, message)


@pytest.mark.parametrize(
    ("direction", "advice"),
    [
        ("upgrade", 'UPDATE "order" SET "user" = … WHERE "user" IS NULL'),
        ("downgrade", """declare `lossy = '"order"."user": what happens to them'`"""),
    ],
)
def test_a_reserved_word_is_quoted(direction: Direction, advice: str) -> None:
    """PostgreSQL accepts the statement, and `lossy` names the column."""
    message = replace(_NULLS, sql="", schema="public", table="order", column="user")

    assert advice in row_failure_help(direction, message)
    [loss] = parse_losses('"order"."user": what happens to them')
    assert loss.covers('public."order"', "user")


@pytest.mark.parametrize(
    ("kind", "direction", "advice"),
    [
        (RowChangeKind.VALUES_GONE, "downgrade", "restore them in downgrade()"),
        (RowChangeKind.VALUES_NEW, "downgrade", "delete them in downgrade()"),
        (RowChangeKind.ROWS_RENUMBERED, "downgrade", '`lossy = "tags.id: rows get other keys"`'),
        (RowChangeKind.VALUES_GONE, "second upgrade", "let upgrade() make the same rows"),
    ],
)
def test_rows_that_differ(kind: RowChangeKind, direction: Direction, advice: str) -> None:
    """The declaration that is advised names the place."""
    change = RowChange(TableName("public.tags"), "id", kind)

    assert advice in row_change_help(change, direction, None)


@pytest.mark.parametrize(
    ("table", "column", "place"),
    [
        ('public."User"', "legacyId", '"User"."legacyId"'),
        ("public.tags", "legacy_id", "tags.legacy_id"),
        ("audit.log", 'it"s', 'audit.log."it""s"'),
        ('public."a\\b"', "", '"a\\b"'),
    ],
)
def test_the_declaration_that_is_advised_is_one(table: str, column: str, place: str) -> None:
    """Pasted into the revision it is Python, and names what is lost, whatever its letters."""
    change = RowChange(TableName(table), column, RowChangeKind.VALUES_GONE)
    _, _, advised = row_change_help(change, "downgrade", None).partition("declare `lossy = ")

    text = ast.literal_eval(advised.removesuffix("`"))

    assert text == f"{place}: what is lost"
    assert [loss.covers(table, column) and loss.names != () for loss in parse_losses(text)] == [
        True
    ]
