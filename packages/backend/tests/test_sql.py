"""Quoting: PostgreSQL reads the text back, whatever characters it has."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection

from alembic_deploy.connect import run_on
from boards.sql import quote_identifier, quote_literal

TEXT = "we\"ird $$ ' \\ :name %s — ü"


@pytest.mark.parametrize("setting", ["on", "off"])
def test_quoted_text_is_read_back(server_url: str, setting: str) -> None:
    """A literal and an identifier stand for the text with any standard_conforming_strings."""

    def read(connection: Connection) -> tuple[list[str], str]:
        connection.exec_driver_sql(f"SET LOCAL standard_conforming_strings = {setting}")
        query = f"SELECT {quote_literal(TEXT)} AS {quote_identifier(TEXT)}"
        result = connection.exec_driver_sql(query)
        return list(result.keys()), result.scalar_one()

    assert run_on(server_url, read) == ([TEXT], TEXT)


def test_plain_literal_has_no_prefix() -> None:
    """Only a backslash makes the literal one with `E`, which COMMENT ON and others take as well."""
    assert quote_literal("it's 5 %") == "'it''s 5 %'"
    assert quote_literal("a\\b") == "E'a\\\\b'"
