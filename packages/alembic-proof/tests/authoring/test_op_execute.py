"""SQL as Python that sends it unchanged."""

from __future__ import annotations

import re
import subprocess
import sys
from textwrap import indent

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from alembic_proof.authoring.op_execute import op_execute


class _Op:
    """Takes what a revision hands to `op`."""

    sent = ""

    def execute(self, statement: str) -> None:
        """Keep what Alembic would compile for the server."""
        dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
        self.sent = str(sa.text(statement).compile(dialect=dialect))


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
    assert _sent(op_execute(statement)) == statement


@given(st.text(alphabet="a1_ :\\'\"%$\n", min_size=1, max_size=12))
def test_any_text_arrives_unchanged(statement: str) -> None:
    """Whatever stands beside a colon, text() gives back what was meant."""
    assert _sent(op_execute(statement)) == statement


def test_a_short_statement_is_one_line() -> None:
    """Double quotes, as a formatter writes them, unless the statement has some."""
    assert op_execute("DROP POLICY p ON t") == 'op.execute("DROP POLICY p ON t")'
    assert op_execute('DROP POLICY p ON "T"') == "op.execute('DROP POLICY p ON \"T\"')"
    assert op_execute("""SELECT 'a' AS "b" """) == 'op.execute("""SELECT \'a\' AS "b" """)'


def test_each_line_of_a_long_statement_is_a_literal_of_its_own() -> None:
    """The indentation of the revision never gets into a function's body."""
    body = "x" * 80
    assert op_execute(f"a\n  {body}") == f'op.execute(\n    "a\\n"\n    "  {body}"\n)'


CHECK = (
    "ALTER TABLE public.notes ADD CONSTRAINT ck_notes_body CHECK (body ~ '^:[a-z]+  [0-9]$'::text"
    " AND char_length(body) >= 1 AND char_length(body) <= 1000)"
)
POLICY = (
    """CREATE POLICY "Tenant's  own" ON public."Notes" USING (t = 'a' OR name = E'it\\'s  one')"""
    " WITH CHECK (t = 'a')"
)
FUNCTION = (
    "CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $f$  SELECT 'a  blank' || 'b'  $f$"
)
LONG = (CHECK, POLICY, FUNCTION)


@pytest.mark.parametrize("statement", LONG)
def test_a_long_line_is_broken_between_words(statement: str) -> None:
    """What is in quotes arrives as it is, its blanks and colons included."""
    printed = op_execute(statement)

    assert max(map(len, printed.splitlines())) <= 84
    assert re.sub(r"\n +", " ", _sent(printed)).replace("\n", "").strip() == statement


@pytest.mark.parametrize("line_length", [88, 100])
def test_ruff_format_leaves_what_is_printed(line_length: int) -> None:
    """What is pasted into a revision passes `ruff format --check`."""
    function = "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $f$\nBEGIN\n"
    function += '  RETURN "new";\n  -- it\'s done\nEND\n$f$'
    quoted = """COMMENT ON TABLE t IS 'it''s "so" \\ and'"""
    short = ('DROP POLICY "P" ON t', "SELECT 'a' AS \"b\"", quoted)
    statements = (*LONG, *short, *(" ".join((one, one, one)) for one in short), function)
    body = "\n".join(map(op_execute, statements))
    text = f"def upgrade() -> None:\n{indent(body, '    ')}\n"
    ruff = (sys.executable, "-m", "ruff", "format", "--isolated", "--no-cache")
    command = (*ruff, f"--line-length={line_length}", "-")

    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)

    assert done.stdout == text
