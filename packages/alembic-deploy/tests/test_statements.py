"""SQL that users wrote: split into statements, and recognised by a synopsis."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_deploy.statements import (
    BODIES,
    STRINGS,
    Statement,
    TokenKind,
    called_functions,
    contains,
    find_all,
    fold_identifier,
    identifiers,
    is_identifier,
    match_start,
    parenthesized,
    replace_word,
    split_statements,
    tokenize,
)


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
def test_script_is_split_where_psql_splits_it(script: str, statements: list[str]) -> None:
    """A semicolon in quotes, comments, parentheses and bodies of SQL functions ends nothing."""
    assert [one.text for one in split_statements(script)] == statements


def test_place_of_a_statement_is_behind_comments() -> None:
    """White space and comments before it do not count."""
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
def test_statement_that_only_psql_can_run(statement: str, *, is_for_psql: bool) -> None:
    """A driver would wait for the client's rows, and the server does not know a backslash."""
    assert Statement(statement, 0).is_for_psql is is_for_psql


@pytest.mark.parametrize(
    ("statement", "has_variable"),
    [
        ("SELECT :name", True),
        ("SELECT :'name', :\"name\"", True),
        ("SELECT :{?name}", True),
        ("SELECT a::text, ':name', $$ :name $$ -- :name", False),
        ("SELECT a [1 : 2]", False),
    ],
)
def test_variable_that_psql_would_insert(statement: str, *, has_variable: bool) -> None:
    """A cast is none, nor is a colon in quotes."""
    assert Statement(statement, 0).has_psql_variable is has_variable


MATCHES = (
    ("alter table only T", "ALTER TABLE [ IF EXISTS ] [ ONLY ] table", {"table": "T"}),
    ('/* x */ ALTER TABLE IF EXISTS "a b" . "c;" ADD', "ALTER TABLE [ IF EXISTS ] [ ONLY ] table",
     {"table": '"a b"."c;"'}),
    ("ALTER TYPE s.state ADD VALUE 'it''s'", "ALTER TYPE type ADD VALUE [ IF NOT EXISTS ] literal",
     {"type": "s.state", "literal": "'it''s'"}),
    ("CREATE EXTENSION {}", "CREATE EXTENSION [ IF NOT EXISTS ] extension", {"extension": "{}"}),
    ("rollback work to a", "{ COMMIT | ROLLBACK [ WORK | TRANSACTION ] TO savepoint }",
     {"savepoint": "a"}),
    ("varchar (255)", "{ VARCHAR | CHAR } ( number )", {"number": "255"}),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "synopsis", "names"), MATCHES)
def test_synopsis_matches(sql: str, synopsis: str, names: dict[str, str]) -> None:
    """Optional parts may be missing; placeholders are names, literals or numbers."""
    found = match_start(sql, synopsis)

    assert found is not None
    assert found.names == names


@pytest.mark.parametrize(
    ("sql", "synopsis"),
    [
        ("DROP TABLE t", "ALTER TABLE table"),
        ("ALTER TABLE", "ALTER TABLE table"),
        ("ALTER TABLES t", "ALTER TABLE table"),
        ('"ALTER" TABLE t', "ALTER TABLE table"),
        ("'ALTER TABLE t'", "ALTER TABLE table"),
        ("-- ALTER TABLE t", "ALTER TABLE table"),
        ("SELECT 1; ALTER TABLE t", "ALTER TABLE table"),
        ("ALTER TYPE t ADD VALUE x", "ALTER TYPE type ADD VALUE literal"),
        ("", "[ ALTER ]"),
    ],
)
def test_synopsis_does_not_match(sql: str, synopsis: str) -> None:
    """What is quoted is no keyword, and the statement has to begin with it."""
    assert match_start(sql, synopsis) is None


def test_places_are_found_in_strings_only_where_wanted() -> None:
    """Not in comments; in bodies, and in dynamic SQL within them, when these are searched."""
    sql = "ALTER TABLE a; DO $$ BEGIN /* DROP b */ EXECUTE 'DROP TABLE c'; ALTER TABLE d; END $$"

    def tables(synopsis: str, within: Collection[TokenKind] = ()) -> list[str]:
        return [found["table"] for found in find_all(sql, synopsis, within=within)]

    assert tables("ALTER TABLE table") == ["a"]
    assert tables("ALTER TABLE table", BODIES) == ["a", "d"]
    assert not contains(sql, "DROP TABLE table", within=BODIES)
    assert tables("DROP TABLE table", STRINGS) == ["c"]


def test_rest_follows_what_was_found() -> None:
    """So that what comes next can be searched by itself."""
    found = match_start("ALTER TABLE t ADD x int", "ALTER TABLE table")

    assert found is not None
    assert found.rest == " ADD x int"


def test_names_in_sql() -> None:
    """They are folded as PostgreSQL folds them; a string is a name only where it is searched."""
    sql = """SELECT lower("Name"), s.COUNT (*) FROM t WHERE x = 'users' AND coalesce"""

    assert {"lower", "Name", "s", "count", "t", "x"} <= {*identifiers(sql)}
    assert "users" not in {*identifiers(sql)}
    assert "users" in {*identifiers(sql, within=STRINGS)}
    assert called_functions(sql) == {"lower", "count"}
    assert [is_identifier(text) for text in ("a", '"A b"', "s.a", "lower(a)", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_text_in_parentheses_ends_at_its_own() -> None:
    """Parentheses in quotes do not count; one that is never closed ends with the text."""
    sql = "CHECK (a IN (1, 2) AND b <> ')') NOT VALID"

    assert parenthesized(sql, 7) == "a IN (1, 2) AND b <> ')'"
    assert parenthesized("CHECK (a", 7) == "a"


def test_keyword_is_replaced_outside_of_quotes() -> None:
    """Also where it is written in lower case."""
    assert replace_word("VALUE > 0 OR value = 'VALUE' OR \"VALUE\"", "VALUE", "x") == (
        "x > 0 OR x = 'VALUE' OR \"VALUE\""
    )


@given(st.text(alphabet="aA1 ;'\"$-/*(){}\n\\:", max_size=40))
def test_tokens_are_parts_of_any_text_in_order(sql: str) -> None:
    """Each token is where it says; none overlaps the next."""
    tokens = tokenize(sql)

    assert all(sql[token.start : token.end] == token.text for token in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))
    assert [*split_statements(sql)] or not [token for token in tokens if token.text != ";"]


def test_only_an_unquoted_identifier_is_folded() -> None:
    """As PostgreSQL reads it."""
    assert (fold_identifier("Users"), fold_identifier('"Users"')) == ("users", "Users")
