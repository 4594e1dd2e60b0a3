"""What a revision calls, and the SQL that it sends, by its syntax."""

from __future__ import annotations

import ast

import pytest

from alembic_proof.lint import parse_revision
from alembic_proof.lint.calls import Code


def _code(text: str) -> tuple[Code, ast.FunctionDef]:
    code = Code.of(parse_revision("a.py", text.encode()))
    function = code.revision.upgrade
    assert function is not None
    return code, function


def _sent(text: str) -> list[str]:
    code, function = _code(text)
    return [one.text for call in code.calls(function) for one in code.statements(call.node)]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("def upgrade():\n    op.execute('A; B')", ["A", "B"]),
        ("def upgrade():\n    op.execute('A ' 'B')", ["A B"]),
        ("def upgrade():\n    op.execute(sa.text('A'))", ["A"]),
        ("SQL = 'A'\ndef upgrade():\n    op.execute(SQL)", ["A"]),
        ("SQL = sa.text('A')\ndef upgrade():\n    op.execute(SQL)", ["A"]),
        ("NAME = 'n'\ndef upgrade():\n    op.execute(f'A {NAME} {other()}')", ["A n {}"]),
        ("def upgrade():\n    op.execute('A %s' % name)", ["A %s"]),
        ("def upgrade():\n    op.execute('A {}'.format(name))", ["A {}"]),
        ("def upgrade():\n    op.execute('A ' + name)", ["A {}"]),
        ("def upgrade():\n    for sql in ('A', 'B'):\n        op.execute(sql)", ["A", "B"]),
        ("def upgrade():\n    run('A')\ndef run(sql):\n    op.execute(sql)", ["A"]),
        ("def upgrade():\n    op.execute(table.insert())", []),
        ("def upgrade():\n    print('A')", []),
    ],
)
def test_sql_is_followed_to_where_it_is_written(text: str, sql: list[str]) -> None:
    """Constants, loops and parameters are followed; braces mark unknown values."""
    assert _sent(text) == sql


@pytest.mark.parametrize(
    "condition",
    [
        "bind.dialect.name == 'sqlite'",
        "bind.dialect.name != 'postgresql'",
        "dialect in ('mysql', 'mariadb')",
        "isinstance(bind.dialect, MySQLDialect)",
        "not dialect == 'postgresql'",
    ],
)
def test_branches_for_another_database_are_left_out(condition: str) -> None:
    """The branch for the other database is left out, the other branch is not."""
    branch = f"    if {condition}:\n        op.execute('A')\n    else:\n        op.execute('B')"

    assert _sent(f"def upgrade():\n{branch}") == ["B"]


def test_names_are_those_of_the_modules_that_they_come_from() -> None:
    """Every form of import is understood."""
    code, function = _code(
        "from alembic import op as o\nfrom alembic.op import execute\n"
        "def upgrade():\n    o.drop_table('a')\n    execute('B')"
    )

    assert [call.name for call in code.calls(function)] == [
        "alembic.op.drop_table",
        "alembic.op.execute",
    ]


def test_functions_that_call_themselves_come_to_an_end() -> None:
    """An expression with hundreds of operands does not recurse too deeply either."""
    terms = " + ".join(["'a'"] * 700)
    text = f"def upgrade():\n    again()\n    op.execute({terms})\ndef again():\n    again()"

    code, function = _code(text)

    assert code.calls(function)
