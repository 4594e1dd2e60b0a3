"""A value of an enum type that is used in the transaction that adds it.

Why: PostgreSQL takes ALTER TYPE … ADD VALUE in a transaction, but not the value itself before that
transaction is committed: "unsafe use of new value". A type that is made in the same transaction is
the exception.
Source: https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, keyword, text_of
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_ADD = re.compile(
    r"""ALTER \s+ TYPE \s+ (?P<type>\S+) \s+ ADD \s+ VALUE \s+ (?:IF \s+ NOT \s+ EXISTS \s+)?
    '(?P<value>(?:[^']|'')+)'""",
    re.IGNORECASE | re.VERBOSE,
)
_COMMENT = re.compile(r"COMMENT\s+ON\b", re.IGNORECASE)


def check(history: History) -> Iterator[Finding]:
    """Yield a warning for the first use of each value, where nothing is committed before it."""
    for revision in history.revisions:
        code = Code.of(revision)
        for direction in code.directions():
            for use, value in _uses(code, code.calls(direction)):
                yield Finding(
                    rule=RULE.id,
                    message=f"the enum value '{value}' is used in the transaction that adds it, which "
                    "PostgreSQL refuses",
                    severity=Severity.WARNING,
                    location=revision.at(use.node),
                    todo="add the value in op.get_context().autocommit_block()",
                )


def _uses(code: Code, calls: tuple[Call, ...]) -> Iterator[tuple[Call, str]]:
    """Yield each first use; an autocommit block commits what was added before it."""
    added: dict[str, Call] = {}
    made = set[str]()
    for call in calls:
        if call.block is not None:
            added.clear()
            continue
        for statement in code.statements(call.node):
            found = _ADD.match(statement.text)
            if found is None:
                made |= _types_made(statement.text)
            elif _bare(found["type"]) not in made:
                added[found["value"].replace("''", "'")] = call
        for value in [value for value in added if _is_used(code, call, value)]:
            if not added[value].excludes(call):
                yield call, value
                del added[value]


def _types_made(sql: str) -> set[str]:
    found = re.match(r"CREATE\s+TYPE\s+(\S+)", sql, re.IGNORECASE)
    return {_bare(found[1])} if found else set()


def _bare(name: str) -> str:
    return name.rpartition(".")[2].strip('"').lower()


def _is_used(code: Code, call: Call, value: str) -> bool:
    quoted = "'" + value.replace("'", "''") + "'"
    texts = [statement.text for statement in code.statements(call.node)]
    if any(quoted in text and not _ADD.match(text) and not _COMMENT.match(text) for text in texts):
        return True
    default = keyword(call.node, "server_default")
    if default is not None and any(
        _is(node, value) or quoted in text_of(node) for node in ast.walk(default)
    ):
        return True
    operation = call.name.rpartition(".")[2]
    if operation == "values":
        return any(_is(one.value, value) for one in call.node.keywords)
    return operation == "bulk_insert" and any(
        _is(item, value)
        for node in ast.walk(call.node)
        if isinstance(node, ast.Dict)
        for item in node.values
    )


def _is(node: ast.AST, value: str) -> bool:
    return text_of(node) == value


_BAD = """\
revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TYPE note_state ADD VALUE 'archived'")
    op.execute("UPDATE notes SET state = 'archived' WHERE deleted")


def downgrade() -> None:
    op.execute("UPDATE notes SET state = 'open' WHERE state = 'archived'")
"""

_GOOD = """\
revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE note_state ADD VALUE IF NOT EXISTS 'archived'")
    op.execute("UPDATE notes SET state = 'archived' WHERE deleted")


def downgrade() -> None:
    op.execute("UPDATE notes SET state = 'open' WHERE state = 'archived'")
"""

RULE = Rule(
    id="enum-value-used-in-same-transaction",
    name="Enum value used in the transaction that adds it",
    what_happens=(
        "PostgreSQL refuses a value that ALTER TYPE … ADD VALUE has added before that is committed: "
        "unsafe use of new value. The upgrade fails, over rows or even without any."
    ),
    workaround=(
        "Add the value in `with op.get_context().autocommit_block()` (with IF NOT EXISTS), or in a "
        "revision of its own where each revision has a transaction (`transaction_per_migration`)."
    ),
    bad=(SourceFile("0011_archive.py", _BAD),),
    good=(SourceFile("0011_archive.py", _GOOD),),
    check=check,
)
