"""CREATE INDEX CONCURRENTLY IF NOT EXISTS, which accepts an invalid index."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.statements import match_start
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, is_switched_on
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_CREATE = "CREATE [ UNIQUE ] INDEX CONCURRENTLY IF NOT EXISTS"
_LOOKS = "indisvalid"


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each such index, unless the revision checks for an invalid one."""
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
                    id=RULE.id,
                    message="CONCURRENTLY with IF NOT EXISTS accepts the INVALID index that a failed "
                    "attempt leaves",
                    severity=Severity.WARNING,
                    location=revision.at(call.node),
                    help="drop it IF EXISTS first, then create it without IF NOT EXISTS",
                )


def _unsafe(code: Code, direction: ast.FunctionDef) -> Iterator[Call]:
    """Yield the calls that create such an index before any call that drops one."""
    for call in code.calls(direction):
        if _drops(code, call.node):
            return
        if _makes(code, call.node):
            yield call


def _makes(code: Code, call: ast.Call) -> bool:
    is_operation = ast.unparse(call.func).endswith("create_index")
    flags = ("postgresql_concurrently", "if_not_exists")
    return (is_operation and all(is_switched_on(call, flag) for flag in flags)) or any(
        match_start(statement.text, _CREATE) for statement in code.statements(call)
    )


def _drops(code: Code, call: ast.Call) -> bool:
    return ast.unparse(call.func).endswith("drop_index") or any(
        match_start(statement.text, "DROP INDEX") for statement in code.statements(call)
    )


_BAD = """\
revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS notes_name ON notes (name)")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS notes_name")
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
    severity=Severity.WARNING,
    title="CONCURRENTLY with IF NOT EXISTS",
    what_happens=(
        "A CREATE INDEX CONCURRENTLY that fails (duplicate rows, a timeout, a deadlock) leaves "
        "an INVALID index. The next attempt finds an index of that name, does nothing and "
        "succeeds. The index is never used, and a unique one does not keep values unique."
    ),
    what_to_do=(
        "Drop an index of that name first (`op.drop_index(…, if_exists=True, "
        "postgresql_concurrently=True)`), then create the index without IF NOT EXISTS; or check "
        "`pg_index.indisvalid`."
    ),
    source="https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    bad=(SourceFile("0004_names.py", _BAD),),
    good=(SourceFile("0004_names.py", _GOOD),),
    check=check,
)
