"""An enum value that is used in the transaction that adds it.

A type that was created in the same transaction is the exception: its values can be used.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.statements import fold_identifier, match_start
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, keyword, text_of
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile
from alembic_proof.sql import split_qualified_name, unquote_literal

_ADD = "ALTER TYPE type ADD VALUE [ IF NOT EXISTS ] literal"
_NO_USE = f"{{ {_ADD} | COMMENT ON }}"


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for the first use of each value, unless there is a commit before it."""
    for revision in history.revisions:
        code = Code.of(revision)
        for direction in code.directions():
            for use, value in _uses(code, code.calls(direction)):
                yield Finding(
                    id=RULE.id,
                    message=f"the enum value '{value}' is used in the transaction that adds it, which "
                    "PostgreSQL refuses",
                    severity=Severity.WARNING,
                    location=revision.at(use.node),
                    help="add the value in op.get_context().autocommit_block()",
                )


def _uses(code: Code, calls: tuple[Call, ...]) -> Iterator[tuple[Call, str]]:
    """Yield each first use; an autocommit block commits the values that were added before it."""
    added: dict[str, Call] = {}
    made = set[str]()
    for call in calls:
        if call.block is not None:
            added.clear()
            continue
        for statement in code.statements(call.node):
            found = match_start(statement.text, _ADD)
            if found is None:
                made |= _types_made(statement.text)
            elif _bare(found["type"]) not in made:
                added[unquote_literal(found["literal"])] = call
        for value in [value for value in added if _is_used(code, call, value)]:
            if not added[value].excludes(call):
                yield call, value
                del added[value]


def _types_made(sql: str) -> set[str]:
    found = match_start(sql, "CREATE TYPE type")
    return {_bare(found["type"])} if found else set()


def _bare(name: str) -> str:
    return fold_identifier(split_qualified_name(name)[-1])


def _is_used(code: Code, call: Call, value: str) -> bool:
    quoted = "'" + value.replace("'", "''") + "'"
    texts = [statement.text for statement in code.statements(call.node)]
    if any(quoted in text and not match_start(text, _NO_USE) for text in texts):
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
    severity=Severity.WARNING,
    title="Enum value used in the transaction that adds it",
    what_happens=(
        "PostgreSQL refuses to use a value before the ALTER TYPE … ADD VALUE that added it is "
        "committed: unsafe use of new value. The upgrade fails, often even on empty tables."
    ),
    what_to_do=(
        "Add the value in `with op.get_context().autocommit_block()` (with IF NOT EXISTS), or in "
        "a revision of its own if each revision has a transaction (`transaction_per_migration`)."
    ),
    source="https://www.postgresql.org/docs/current/sql-altertype.html#SQL-ALTERTYPE-NOTES",
    bad=(SourceFile("0011_archive.py", _BAD),),
    good=(SourceFile("0011_archive.py", _GOOD),),
    check=check,
)
