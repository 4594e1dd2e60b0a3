"""Names and literals are quoted as PostgreSQL reads them, and errors are known by SQLSTATE."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.server_message import sqlstate_of
from alembic_proof import sql

HOSTILE = ('a"b', "it's", "back\\slash", "Ünïcödé", "100%", "select", ":name", 'a""b.c', "\\")


def test_postgresql_reads_a_quoted_literal_as_the_text(server_url: str) -> None:
    """Whatever standard_conforming_strings is."""

    def read(connection: sa.Connection) -> list[list[str]]:
        connection.exec_driver_sql("SET escape_string_warning = off")
        found = []
        for setting in ("on", "off"):
            connection.exec_driver_sql(f"SET standard_conforming_strings = {setting}")
            literals = ", ".join(map(sql.quote_literal, HOSTILE))
            found.append(list(connection.exec_driver_sql(f"SELECT {literals}").one()))
        return found

    assert run_on(server_url, read) == [list(HOSTILE), list(HOSTILE)]


@pytest.mark.parametrize("quote", [sql.quote_identifier, sql.quote_if_needed])
def test_postgresql_reads_a_quoted_identifier_as_the_name(
    server_url: str, quote: Callable[[str], str]
) -> None:
    """And unquoting gives the name back."""
    columns = ", ".join(f"1 AS {quote(name)}" for name in HOSTILE)

    def names(connection: sa.Connection) -> list[str]:
        return list(connection.exec_driver_sql(f"SELECT {columns}").keys())

    assert run_on(server_url, names) == list(HOSTILE)
    assert [sql.unquote_identifier(quote(name)) for name in HOSTILE] == list(HOSTILE)


def test_quotes_are_written_only_where_sql_needs_them() -> None:
    """A reserved word and a special character need them."""
    assert sql.quote_if_needed("users") == "users"
    assert sql.quote_if_needed("select") == '"select"'
    assert sql.quote_if_needed("100%") == '"100%"'


def test_a_quoted_dot_does_not_split_a_name() -> None:
    """The parts keep their quotes."""
    assert sql.split_qualified_name('public."a.b""c".id') == ["public", '"a.b""c"', "id"]


def test_the_sqlstate_is_read_from_the_driver_and_from_sqlalchemy(server_url: str) -> None:
    """Both errors have it."""

    def fail(connection: sa.Connection) -> None:
        connection.exec_driver_sql("SELECT * FROM nowhere")

    with pytest.raises(DBAPIError) as caught:
        run_on(server_url, fail)
    assert sqlstate_of(caught.value) == sql.Sqlstate.UNDEFINED_TABLE
    assert caught.value.orig is not None
    assert sqlstate_of(caught.value.orig) == sql.Sqlstate.UNDEFINED_TABLE


def test_the_sqlstate_of_pg8000_is_in_the_error_s_arguments() -> None:
    """Only where they hold the fields of the protocol."""
    assert sqlstate_of(Exception({"M": "refused", "C": "42501"})) == "42501"
    assert sqlstate_of(Exception({"C": "42501"})) == ""
    assert sqlstate_of(Exception("refused")) == ""
