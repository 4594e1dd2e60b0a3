"""A commit in a revision.

The commit of a Session on op.get_bind() does not count: a Session that joins a transaction does not
commit it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.statements import match_start, tokenize
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code, called
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_END = "{ COMMIT | END | ABORT | ROLLBACK } [ WORK | TRANSACTION ] [ AND [ NO ] CHAIN ]"


def check(history: ParsedHistory) -> Iterator[Finding]:
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
                id=RULE.id,
                message=f"{what} ends the revision's transaction: if a later statement fails, half "
                "of the revision stays",
                severity=Severity.WARNING,
                location=revision.at(node),
                help="leave the transaction to Alembic; a statement that must run outside of one goes "
                "into op.get_context().autocommit_block(), in a revision of its own",
            )


def _commit(code: Code, call: Call) -> str:
    """Return the text of the commit for a message; empty if the call is no commit."""
    match call.node.func:
        case ast.Attribute(value=value, attr="commit" | "rollback") if code.is_bind(
            value, call.function
        ):
            return called(call.node)
    for statement in code.statements(call.node):
        found = match_start(statement.text, _END)
        if found is not None and not tokenize(found.rest):
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
    severity=Severity.WARNING,
    title="Commit in a revision",
    what_happens=(
        "If a statement after the commit fails, the changes before it stay, but the database is "
        "still at the parent revision: the revision can neither be applied again nor undone."
    ),
    what_to_do=(
        "Leave the transaction to Alembic. A statement that must run outside of one belongs into "
        "`with op.get_context().autocommit_block()`, in a revision of its own; a backfill in "
        "batches belongs into a program of its own."
    ),
    source="https://docs.sqlalchemy.org/en/20/orm/session_transaction.html#joining-a-session-into-an-external-transaction-such-as-for-test-suites",
    bad=(SourceFile("0008_length.py", _BAD),),
    good=(SourceFile("0008_length.py", _BAD.replace("    op.get_bind().commit()\n", "")),),
    check=check,
)
