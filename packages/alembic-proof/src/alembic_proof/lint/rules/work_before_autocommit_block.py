"""Changes that are committed before an autocommit block."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from alembic_deploy.statements import BODIES, contains, match_start
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import OP, Call, Code, called, is_switched_on
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_NO_WORK = frozenset({"get_bind", "get_context", "f", "inline_literal", "batch_alter_table"})
_OF_BATCH = re.compile(r"(?:alter|create|drop|add)_\w+")
_REPEATABLE = (
    "{ SET | RESET | SELECT | SHOW | LOCK | BEGIN | COMMIT | ROLLBACK | CREATE OR REPLACE }"
)


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for the first change before a block, in each direction."""
    for revision in history.revisions:
        code = Code.of(revision)
        for direction in code.directions():
            for work, block in _before(code, code.calls(direction)):
                yield Finding(
                    id=RULE.id,
                    message=f"{called(work.node)} is committed before the autocommit block of line "
                    f"{block.lineno}: if the block fails, half of the revision stays",
                    severity=Severity.WARNING,
                    location=revision.at(work.node),
                    help="give the block a revision of its own",
                )


def _before(code: Code, calls: tuple[Call, ...]) -> Iterator[tuple[Call, ast.With]]:
    """Yield the last change before the first block that has one before it."""
    seen: list[Call] = []
    for call in calls:
        if call.block is None:
            seen += [call] if _is_work(code, call) else []
            continue
        before = [work for work in seen if not work.excludes(call)]
        if before:
            yield before[-1], call.block
            return


def _is_work(code: Code, call: Call) -> bool:
    """Return whether the call changes the database and cannot be repeated."""
    operation = call.name.rpartition(".")[2]
    if any(is_switched_on(call.node, name) for name in ("if_exists", "if_not_exists")):
        return False
    if operation in ("execute", "exec_driver_sql"):
        statements = code.statements(call.node)
        return any(not _is_repeatable(one.text) for one in statements)
    if call.name.startswith(OP):
        return "." not in call.name.removeprefix(OP) and operation not in _NO_WORK
    return call.name.startswith("batch_op.") and _OF_BATCH.fullmatch(operation) is not None


def _is_repeatable(sql: str) -> bool:
    begins = match_start(sql, _REPEATABLE) is not None
    return begins or contains(sql, "IF [ NOT ] EXISTS", within=BODIES)


_BAD = """\
revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("notes", sa.Column("slug", sa.Text()))
    with op.get_context().autocommit_block():
        op.drop_index("ix_notes_slug", if_exists=True, postgresql_concurrently=True)
        op.create_index("ix_notes_slug", "notes", ["slug"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_column("notes", "slug")
"""

_GOOD = """\
revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_notes_slug", if_exists=True, postgresql_concurrently=True)
        op.create_index("ix_notes_slug", "notes", ["slug"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index("ix_notes_slug")
"""

RULE = Rule(
    id="work-before-autocommit-block",
    severity=Severity.WARNING,
    title="Work before an autocommit block",
    what_happens=(
        "`autocommit_block()` commits the changes before it. If a statement of the block fails, "
        "they stay, but the database is still at the parent revision: the next attempt fails on "
        "objects that exist already."
    ),
    what_to_do=(
        "Give the block a revision of its own; or make the changes before it repeatable "
        "(`if_not_exists=True`, IF EXISTS)."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block",
    bad=(SourceFile("0005_slugs.py", _BAD),),
    good=(SourceFile("0006_index_slugs.py", _GOOD),),
    check=check,
)
