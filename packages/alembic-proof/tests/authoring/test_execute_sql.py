"""SQL as Python that sends it unchanged."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import sqlalchemy as sa
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from alembic_deploy.statements import tokenize
from alembic_proof.authoring.execute_sql import dedented, escape_colons, execute_call


class _Op:
    """Takes what a revision hands to `op`."""

    sent = ""

    def execute(self, statement: str) -> None:
        """Keep what Alembic would compile for the server."""
        dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        self.sent = str(sa.text(statement).compile(dialect=dialect))


def _call(statement: str) -> str:
    """Return the call that sends the statement."""
    return execute_call("op.execute", escape_colons(statement))


def _sent(line: str) -> str:
    op = _Op()
    exec(line, {"op": op})  # noqa: S102  the line is what the test is about
    return op.sent


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "SELECT 'it''s'",
        'ALTER TABLE "Users" ADD x text',
        "SELECT '1'::text, ':draft', 'a:b'",
        "SELECT E'\\n', '\\:x', '\\\\:y'",
        "CREATE FUNCTION f() AS $$\n  BEGIN\n    RETURN NEW;\n  END\n$$",
        "SELECT '100%', '%s', '%(x)s'",
        'SELECT """quotes""", \'"\'',
    ],
)
def test_the_statement_arrives_unchanged(statement: str) -> None:
    """Quotes, colons, backslashes, per cent signs and the layout of a body survive."""
    assert _sent(_call(statement)).strip("\n") == statement


@given(st.text(alphabet="a1_ :\\'\"%$\n", min_size=1, max_size=12))
def test_every_token_arrives_unchanged(statement: str) -> None:
    """Only blanks between the tokens may differ, whatever the quotes, colons and backslashes are."""
    assume(_tokens(f"{statement}\n") == _tokens(statement))  # every quote is closed

    assert _tokens(_sent(_call(statement))) == _tokens(statement)


def _tokens(sql: str) -> list[str]:
    return [token.text for token in tokenize(sql)]


def test_a_short_statement_is_one_line() -> None:
    """Double quotes, as a formatter writes them, unless the statement has some."""
    assert _call("DROP POLICY p ON t") == 'op.execute("DROP POLICY p ON t")'
    assert _call('DROP POLICY p ON "T"') == "op.execute('DROP POLICY p ON \"T\"')"
    assert _call("""SELECT 'a' AS "b" """) == 'op.execute("""SELECT \'a\' AS "b" """)'


FUNCTION = """\
CREATE FUNCTION public.f() RETURNS trigger
LANGUAGE plpgsql
AS $$
  BEGIN
    -- it's done: \\ok   \n
    RETURN NEW;
  END
$$"""


def test_a_body_stands_at_the_margin() -> None:
    """The indentation of the revision never gets into a function's body; its lines end as they did."""
    printed = _call(FUNCTION)

    assert printed == f'op.execute(r"""\n{FUNCTION}\n""")'
    assert _sent(printed) == f"\n{FUNCTION}\n"


def test_a_statement_of_several_lines_is_indented_with_the_code() -> None:
    """As long as no string of it has several lines."""
    assert _call("COMMENT ON TABLE t\nIS 'text'") == (
        'op.execute("""\n        COMMENT ON TABLE t\n        IS \'text\'\n    """)'
    )


def test_triple_quotes_in_the_text_need_a_literal_for_each_line() -> None:
    """They would end the literal."""
    text = 'SELECT $$\n"""\n$$'

    assert _call(text) == 'op.execute(\n    "SELECT $$\\n"\n    \'"""\\n\'\n    "$$"\n)'
    assert _sent(_call(text)) == text


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("\n    CREATE VIEW v AS\n      SELECT 1;\n    ", "CREATE VIEW v AS\n  SELECT 1"),
        ("  SELECT 1 ; ", "SELECT 1"),
        ("SELECT 1\n\n          FROM a\n            WHERE b", "SELECT 1\n\nFROM a\n  WHERE b"),
        (
            "\n    CREATE FUNCTION f()\n      AS $$\n      BEGIN\n  END\n    $$\n    LANGUAGE sql",
            "CREATE FUNCTION f()\n  AS $$\n      BEGIN\n  END\n    $$\nLANGUAGE sql",
        ),
    ],
)
def test_a_declared_statement_loses_the_indentation_of_the_models(
    declared: str, expected: str
) -> None:
    """But a string of several lines in it keeps its own, which the catalog keeps as well."""
    assert dedented(declared) == expected


CHECK = (
    "ALTER TABLE public.notes ADD CONSTRAINT ck_notes_body CHECK (body ~ '^:[a-z]+  [0-9]$'::text"
    " AND char_length(body) >= 1 AND char_length(body) <= 1000)"
)
POLICY = (
    """CREATE POLICY "Tenant's  own" ON public."Notes" USING (t = 'a' OR name = E'it\\'s  one')"""
    " WITH CHECK (t = 'a')"
)
SHORT_BODY = (
    "CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $f$  SELECT 'a  blank' || 'b'  $f$"
)
LONG = (CHECK, POLICY, SHORT_BODY)


@pytest.mark.parametrize("statement", LONG)
def test_a_long_line_is_broken_between_words(statement: str) -> None:
    """What is in quotes arrives as it is, its blanks and colons included."""
    printed = _call(statement)

    assert len(printed.splitlines()) > 2
    assert re.sub(r"\n +", " ", _sent(printed)).strip() == statement


@pytest.mark.parametrize("line_length", [88, 100])
def test_ruff_format_leaves_what_is_printed(line_length: int) -> None:
    """What is pasted into a revision passes `ruff format --check`."""
    quoted = """COMMENT ON TABLE t IS 'it''s "so" \\ and'"""
    short = ('DROP POLICY "P" ON t', "SELECT 'a' AS \"b\"", quoted)
    statements = (*LONG, *short, *(" ".join((one, one, one)) for one in short), FUNCTION)
    body = "\n".join(f"    {_call(one)}" for one in statements)
    text = f"def upgrade() -> None:\n{body}\n"
    ruff = (sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache")
    command = (*ruff, f"--line-length={line_length}", "-")

    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)

    assert done.stdout == text
