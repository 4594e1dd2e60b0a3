"""A commit inside of a revision.

Why: Alembic writes the new version in the transaction of the revision. What a revision commits by
itself stays where a later statement fails, and the version does not: the database is between two
revisions, and the revision cannot be applied again. The commit of a Session on op.get_bind() is none:
a Session that joins a transaction leaves committing it to whoever began it.
Source: https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#joining-a-session-into-an-external-transaction-such-as-for-test-suites
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, called
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_SQL = re.compile(
    r"(?:COMMIT|END|ABORT|ROLLBACK)(?:\s+(?:WORK|TRANSACTION))?(?:\s+AND\s.*)?", re.IGNORECASE
)


def check(history: History) -> Iterator[Finding]:
    """Yield a warning for each place where the revision ends Alembic's transaction."""
    for revision in history.revisions:
        code = Code.of(revision)
        found = {
            call.node: what
            for direction in code.directions()
            for call in code.calls(direction)
            if call.block is None and (what := _commit(code, call))
        }
        for node, what in found.items():
            yield Finding(
                rule=RULE.id,
                message=f"{what} ends the revision's transaction: where a later statement fails, half "
                "of the revision stays",
                severity=Severity.WARNING,
                location=revision.at(node),
                todo="leave the transaction to Alembic; what must run outside of one goes into "
                "op.get_context().autocommit_block(), in a revision of its own",
            )


def _commit(code: Code, call: Call) -> str:
    """Return how a message shows the commit; empty where the call is none."""
    match call.node.func:
        case ast.Attribute(value=value, attr="commit" | "rollback") if code.is_bind(
            value, call.function
        ):
            return called(call.node)
    for statement in code.statements(call.node):
        if _SQL.fullmatch(statement.text):
            return " ".join(statement.text.upper().split())
    return ""


_BAD = """\
revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("notes", sa.Column("length", sa.Integer()))
    op.get_bind().commit()
    op.create_check_constraint("ck_notes_length", "notes", "length < 100")


def downgrade() -> None:
    op.drop_column("notes", "length")
"""

RULE = Rule(
    id="commit-in-revision",
    name="Commit inside of a revision",
    what_happens=(
        "What comes before the commit stays where a statement after it fails, while the database is "
        "still at the parent: the revision can neither be applied again nor taken back."
    ),
    workaround=(
        "Leave the transaction to Alembic. What must run outside of one belongs into "
        "`with op.get_context().autocommit_block()`, in a revision of its own; a backfill in batches "
        "belongs into a program of its own."
    ),
    bad=(SourceFile("0008_length.py", _BAD),),
    good=(SourceFile("0008_length.py", _BAD.replace("    op.get_bind().commit()\n", "")),),
    check=check,
)
