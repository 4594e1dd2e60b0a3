"""The rule `breaks-offline-sql`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.breaks_offline_sql import RULE

from .found import found, lines

_FAILS = "without a connection (`--sql`) this fails:"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("sa.inspect(bind)", "sa.inspect(bind)"),
        ("sa.inspect(op.get_bind()).has_table('a')", "sa.inspect(op.get_bind())"),
        ("bind.scalar(sa.text('SELECT 1'))", "bind.scalar"),
        ("bind.exec_driver_sql('SELECT 1')", "bind.exec_driver_sql"),
        ("bind.execute(SQL).fetchall()", "the result of bind.execute()"),
        ("[row for row in bind.execute(SQL)]", "the result of bind.execute()"),
        ("rows = bind.execute(SQL)\n    print(rows)", "the result of bind.execute()"),
        ("bind.execute(SQL, {'a': 1})", "bind.execute() with parameters"),
        ("op.execute(SQL).scalar()", "the result of op.execute()"),
        ("orm.Session(bind=bind)", "orm.Session(bind)"),
        ("sa.Table('a', sa.MetaData(), autoload_with=bind)", "sa.Table(bind)"),
        ("sa.MetaData().reflect(bind)", "sa.MetaData().reflect(bind)"),
    ],
)
def test_what_asks_the_connection_is_found(statement: str, what: str) -> None:
    """The mock connection of `--sql` returns nothing."""
    text = f"def upgrade():\n    bind = op.get_bind()\n    {statement}"

    assert [one.partition(": ")[2] for one in found(RULE, text)] == [f"{_FAILS} {what}"]


@pytest.mark.parametrize(
    "statement",
    [
        "bind.execute(SQL)",
        "unread = bind.execute(SQL)",
        "bind.dialect.name",
        "sa.Enum('a', name='e').create(bind, checkfirst=True)",
        "op.execute(SQL)",
        "if bind.dialect.name == 'sqlite':\n        sa.inspect(bind)",
        "if bind.dialect.name != 'postgresql':\n        sa.inspect(bind)",
        "if not context.is_offline_mode():\n        sa.inspect(bind)",
        "op.get_context().as_sql or bind.scalar(SQL)",
        "sa.inspect(User)",
    ],
)
def test_operations_that_work_offline_are_clean(statement: str) -> None:
    """Statements are only written; guarded code and code for another database do not run."""
    assert found(RULE, f"def upgrade():\n    bind = op.get_bind()\n    {statement}") == []


def test_all_of_a_revision_are_one_finding() -> None:
    """The finding is at the first place and lists some of the others with their lines."""
    text = """\
def upgrade():
    bind = op.get_bind()
    sa.inspect(bind)
    backfill(bind)
def backfill(connection):
    connection.scalar(SQL)
    connection.scalar(SQL)
    connection.scalar(SQL)
"""

    assert found(RULE, text) == [
        f"3: {_FAILS} sa.inspect(bind), connection.scalar (line 10), connection.scalar (line 11) and 1 more"
    ]


def test_a_function_that_nothing_calls_is_clean() -> None:
    """A function that no direction calls does not run."""
    assert lines(RULE, "def unused():\n    op.get_bind().scalar(SQL)") == []


def test_a_project_may_say_that_it_never_writes_scripts() -> None:
    """The setting `offline_sql = false` turns the rule off."""
    revision = parse_revision("a.py", b"revision = 'a'\ndef upgrade(): op.get_bind().scalar(SQL)\n")

    assert list(RULE.check(ParsedHistory(files=(revision,), is_for_offline_sql=False))) == []
    assert len(list(RULE.check(ParsedHistory(files=(revision,))))) == 1
