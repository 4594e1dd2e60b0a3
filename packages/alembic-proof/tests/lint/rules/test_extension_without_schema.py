"""The rule `extension-without-schema`."""

from __future__ import annotations

import pytest

from alembic_proof.lint.rules.extension_without_schema import RULE

from .found import found, lines


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE EXTENSION pg_trgm",
        "create extension if not exists pg_trgm;",
        "CREATE EXTENSION pg_trgm WITH VERSION '1.6' CASCADE",
        "SELECT 1; CREATE EXTENSION pg_trgm; CREATE TABLE schema (a int)",
        "DO $$ BEGIN CREATE EXTENSION pg_trgm; END $$",
        "CREATE EXTENSION pg_trgm -- not in a SCHEMA",
    ],
)
def test_an_extension_without_a_schema_is_found(sql: str) -> None:
    """The statement is found alone, among others and in a DO block."""
    assert found(RULE, f"def upgrade():\n    op.execute({sql!r})") == [
        "2: CREATE EXTENSION pg_trgm names no schema: its objects go into the first one of search_path"
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE EXTENSION pg_trgm SCHEMA public",
        "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",
        "CREATE EXTENSION plpython3u",
        "COMMENT ON EXTENSION pg_trgm IS 'made by CREATE EXTENSION pg_trgm'",
        "SELECT 1 /* CREATE EXTENSION pg_trgm */",
        "DO $$ BEGIN RAISE 'first CREATE EXTENSION pg_trgm'; END $$",
    ],
)
def test_a_schema_of_its_own_is_clean(sql: str) -> None:
    """A fixed schema of the extension is clean as well, and a text is no statement."""
    assert lines(RULE, f"def upgrade():\n    op.execute({sql!r})") == []


def test_a_message_is_no_statement() -> None:
    """Only SQL that is sent counts."""
    assert lines(RULE, "def upgrade():\n    raise RuntimeError('CREATE EXTENSION pg_trgm')") == []
