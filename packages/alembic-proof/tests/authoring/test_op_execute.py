"""SQL as Python that sends it unchanged."""

from __future__ import annotations

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
    assert op_execute("a\n  b") == 'op.execute(\n    "a\\n"\n    "  b"\n)'
