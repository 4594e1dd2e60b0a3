"""What is taken from an error of the server."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from alembic_proof.env.server_message import ServerMessage, server_message
from alembic_proof.postgres.connect import run_on


def message_of(url: str, statement: str) -> ServerMessage:
    """What the server says about the statement."""

    def run(connection: Connection) -> None:
        connection.execute(text(statement))

    with pytest.raises(DBAPIError) as caught:
        run_on(url, run)
    message = server_message(caught.value)
    assert message is not None
    return message


def test_parts_of_a_message(scratch_url: str) -> None:
    """SQLSTATE, message, detail and hint are told apart, and joined in one line."""
    statement = (
        "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'three hang on it', "
        "DETAIL = 'a, b\nand c', HINT = 'detach them'; END $$"
    )

    message = message_of(scratch_url, statement)

    assert message.one_line == "three hang on it; a, b and c; detach them (SQLSTATE P0001)"
    assert not message.is_connection_lost


def test_statement_is_cut(scratch_url: str) -> None:
    """A long statement is one line with an end; a short one is whole."""
    message = message_of(scratch_url, "SELECT\n  no_such_column" + ", 1" * 200)

    assert message.statement.startswith("SELECT no_such_column, 1, 1")
    assert message.statement.endswith(" …")
    assert len(message.statement) < 310
    assert message_of(scratch_url, "SELECT nope").statement == "SELECT nope"


def test_statement_with_a_password_is_left_out(scratch_url: str) -> None:
    """It might be told to somebody's log."""
    message = message_of(scratch_url, "CREATE ROLE x LOGIN PASSWORD 'secret' NO SUCH OPTION")

    assert message.statement == ""
    assert "secret" not in repr(message)


def test_error_behind_sqlalchemys_own(scratch_url: str) -> None:
    """Where SQLAlchemy stumbles over what the server said, the server's words count."""

    def run(connection: Connection) -> None:
        try:
            connection.exec_driver_sql("SELECT no_such_column")
        finally:
            raise PendingRollbackError("x")

    with pytest.raises(PendingRollbackError) as caught:
        run_on(scratch_url, run)
    message = server_message(caught.value)

    assert message is not None
    assert message.sqlstate == "42703"


def test_error_that_is_not_the_servers() -> None:
    """SQLAlchemy's own errors and a revision's own words are no message of the server."""
    assert server_message(PendingRollbackError("x")) is None
    assert server_message(ValueError("x")) is None


def test_a_long_value_is_cut() -> None:
    """How it begins and ends, and the SQLSTATE behind it."""
    message = ServerMessage(sqlstate="23505", message="no", detail=f"Key (g)=({'x' * 999}) exists.")

    assert message.one_line.startswith("no; Key (g)=(xxx")
    assert message.one_line.endswith("xxx) exists. (SQLSTATE 23505)")
    assert len(message.one_line) < 280
