"""The parts of the server's error."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, PendingRollbackError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import HistoryError
from alembic_deploy.server_message import ServerMessage, first_cause, server_message
from alembic_deploy.url import DRIVERS, DatabaseUrl, is_usable_driver


def message_of(url: str, statement: str) -> ServerMessage:
    """Return the server's message about the statement."""

    def run(connection: Connection) -> None:
        connection.execute(text(statement))

    with pytest.raises(DBAPIError) as caught:
        run_on(url, run)
    message = server_message(caught.value)
    assert message is not None
    return message


def test_parts_of_a_message(scratch_url: str) -> None:
    """Message, detail, hint and SQLSTATE are joined in one line."""
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
    """A message may be written to a log."""
    message = message_of(scratch_url, "CREATE ROLE x LOGIN PASSWORD 'secret' NO SUCH OPTION")

    assert message.statement == ""
    assert "secret" not in repr(message)


def test_error_behind_sqlalchemys_own(scratch_url: str) -> None:
    """The server's error counts, not SQLAlchemy's later one."""

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
    """A key's values each show how they begin, any other text how it begins and ends."""
    detail = f"Key (a, g)=(1, {'x' * 999}) is duplicated."
    message = ServerMessage(sqlstate="23505", message="y" * 999, detail=detail)

    said, key = message.one_line.split("; ")
    assert said == f"{'y' * 180} … {'y' * 50}"
    assert key == f"Key (a, g)=(1, {'x' * 40}…) is duplicated. (SQLSTATE 23505)"


@pytest.mark.parametrize("driver", DRIVERS)
def test_percent_signs_are_those_of_the_statement(scratch_url: str, driver: str) -> None:
    """SQLAlchemy doubles them for some drivers, which send them to the server as they were."""
    if not is_usable_driver(driver):
        pytest.skip(f"{driver} is not usable")
    url = replace(DatabaseUrl.parse(scratch_url), driver=driver).text

    message = message_of(url, "SELECT 7 % 3, no_such_column LIKE '%'")

    assert message.statement == message.sql == "SELECT 7 % 3, no_such_column LIKE '%'"


def test_what_a_commit_refuses_has_a_statement(scratch_url: str) -> None:
    """The revision's own was over already when the deferred constraint spoke."""
    key = "CREATE TABLE t (id integer PRIMARY KEY, up integer REFERENCES t INITIALLY DEFERRED)"
    insert = "WITH w AS (INSERT INTO t VALUES (1, 2)) SELECT"
    run_on(scratch_url, lambda connection: connection.execute(text(key)))

    message = message_of(scratch_url, insert)

    assert (message.sqlstate, message.statement) == ("23503", "COMMIT")


def test_wrappers_of_the_servers_error() -> None:
    """Wrappers are removed, and nothing else."""
    own, error = HistoryError("own"), DBAPIError("SELECT 1", None, ValueError("x"))
    own.__cause__, error.__cause__ = error, KeyError("deeper")

    assert first_cause(own) is error
    assert first_cause(HistoryError("alone")).args[0] == "alone"
