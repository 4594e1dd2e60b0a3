"""A script split into statements."""

from __future__ import annotations

import pytest

from alembic_proof.postgres.statements import Statement, split_statements


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("SELECT 1; SELECT 2;\n", ["SELECT 1", "SELECT 2"]),
        ("SELECT 1", ["SELECT 1"]),
        ("-- nothing;\n ; ;\n/* nothing; */", []),
        ("-- first;\nSELECT 1 -- more;\n;", ["SELECT 1 -- more;"]),
        ("SELECT 1 -- swallowed;\nSELECT 2;", ["SELECT 1 -- swallowed;\nSELECT 2"]),
        ("SELECT ';', 'it''s;', E'it\\\\'; ", ["SELECT ';', 'it''s;', E'it\\\\'"]),
        ("SELECT E'a\\';b', 'c\\'; SELECT 2", ["SELECT E'a\\';b', 'c\\'", "SELECT 2"]),
        ('SELECT ";", "a"";b"; SELECT 2', ['SELECT ";", "a"";b"', "SELECT 2"]),
        ("DO $$ BEGIN; END $$; SELECT $1", ["DO $$ BEGIN; END $$", "SELECT $1"]),
        ("DO $a$ $$;$$ $a$; SELECT a$b, c$b;", ["DO $a$ $$;$$ $a$", "SELECT a$b, c$b"]),
        ("SELECT /* a /* ; */ ; */ 1; SELECT 2", ["SELECT /* a /* ; */ ; */ 1", "SELECT 2"]),
        (
            "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2); SELECT 3",
            ["CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)", "SELECT 3"],
        ),
        (
            "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; SELECT 2",
            [
                "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
                "SELECT 2",
            ],
        ),
        ("BEGIN; SELECT 1; END;", ["BEGIN", "SELECT 1", "END"]),
        ("SELECT 'never closed; SELECT 2;", ["SELECT 'never closed; SELECT 2;"]),
        ("SELECT größe; SELECT 2", ["SELECT größe", "SELECT 2"]),
    ],
)
def test_a_script_is_split_where_psql_splits_it(script: str, statements: list[str]) -> None:
    """A semicolon in quotes, comments, parentheses and bodies of SQL functions ends nothing."""
    assert [one.text for one in split_statements(script)] == statements


def test_a_statement_knows_where_it_begins() -> None:
    """Blanks and comments before it do not count."""
    script = "-- first\nSELECT 1;\n  SELECT 2;"

    assert [script[one.start :][:8] for one in split_statements(script)] == ["SELECT 1", "SELECT 2"]


@pytest.mark.parametrize(
    ("statement", "is_for_psql"),
    [
        ("COPY t (a, b) FROM STDIN", True),
        ("copy (SELECT 1) TO stdout WITH (FORMAT csv)", True),
        ("COPY t FROM '/srv/rows'", False),
        ("COPY (SELECT a FROM stdin) TO '/srv/rows'", False),
        ("\\copy t FROM rows", True),
        ("SELECT 1 AS one \\gset", True),
        (r"SELECT '\d', $$ \d $$, E'\\'  -- \d", False),
        ("SELECT a[1:2], a::text FROM stdin", False),
    ],
)
def test_what_only_psql_can_run_is_known(statement: str, *, is_for_psql: bool) -> None:
    """A driver would wait for the client's rows, and the server does not know a backslash."""
    assert Statement(statement, 0).is_for_psql is is_for_psql
