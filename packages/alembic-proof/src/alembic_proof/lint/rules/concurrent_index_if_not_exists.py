"""CREATE INDEX CONCURRENTLY IF NOT EXISTS, which takes an invalid index for the real one.

Why: an attempt that fails leaves an INVALID index of that name behind. It is never used by a query
nor keeps values unique, and IF NOT EXISTS finds it there: the second attempt succeeds.
Source: https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, is_switched_on
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_SQL = re.compile(
    r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\b", re.IGNORECASE
)
_DROP = re.compile(r"DROP\s+INDEX\b", re.IGNORECASE)
_LOOKS = "indisvalid"


def check(history: History) -> Iterator[Finding]:
    """Yield a warning for each such index, unless the revision looks for an invalid one."""
    for revision in history.revisions:
        code = Code.of(revision)
        if any(
            isinstance(node, ast.Constant) and isinstance(node.value, str) and _LOOKS in node.value
            for node in ast.walk(revision.tree)
        ):
            continue
        for direction in code.directions():
            for call in _unsafe(code, direction):
                yield Finding(
                    rule=RULE.id,
                    message="CONCURRENTLY with IF NOT EXISTS takes an INVALID index, as a failed "
                    "attempt leaves it, for the finished one",
                    severity=Severity.WARNING,
                    location=revision.at(call.node),
                    todo="drop it IF EXISTS first, then create it without IF NOT EXISTS",
                )


def _unsafe(code: Code, direction: ast.FunctionDef) -> Iterator[Call]:
    """Yield the calls that make an index so and come after none that drops one."""
    for call in code.calls(direction):
        if _drops(code, call.node):
            return
        if _makes(code, call.node):
            yield call


def _makes(code: Code, call: ast.Call) -> bool:
    is_operation = ast.unparse(call.func).endswith("create_index")
    flags = ("postgresql_concurrently", "if_not_exists")
    return (is_operation and all(is_switched_on(call, flag) for flag in flags)) or any(
        _SQL.match(statement.text) for statement in code.statements(call)
    )


def _drops(code: Code, call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith("drop_index") or any(
        _DROP.match(statement.text) for statement in code.statements(call)
    )


_BAD = """\
revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS notes_name ON notes (name)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY notes_name")
"""

_GOOD = """\
revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS notes_name")
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY notes_name ON notes (name)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS notes_name")
"""

RULE = Rule(
    id="concurrent-index-if-not-exists",
    name="CONCURRENTLY with IF NOT EXISTS",
    what_happens=(
        "A CREATE INDEX CONCURRENTLY that fails (equal rows, a timeout, a deadlock) leaves an INVALID "
        "index behind. The next attempt finds the name taken, does nothing and succeeds; the index is "
        "never used, and a unique one keeps nothing unique."
    ),
    workaround=(
        "Drop what bears the name first (`op.drop_index(…, if_exists=True, "
        "postgresql_concurrently=True)`), then create the index without IF NOT EXISTS; or look at "
        "`pg_index.indisvalid`."
    ),
    bad=(SourceFile("0004_names.py", _BAD),),
    good=(SourceFile("0004_names.py", _GOOD),),
    check=check,
)
