"""A revision that takes its locks one after the other, so that traffic and it wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Call, Code
from alembic_proof.lint.lock_order import KnownTables, LateLock, late_locks, lock_statements
from alembic_proof.lint.operation_sql import statements_of
from alembic_proof.lint.revision import ParsedHistory, RevisionFile
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for the first late lock of each transaction."""
    sent = [(revision, [*_transactions(revision)]) for revision in history.revisions]
    known = KnownTables.of(
        [one for _, transactions in sent for transaction in transactions for _, one in transaction]
    )
    for revision, transactions in sent:
        for transaction in transactions:
            statements = [statement for _, statement in transaction]
            for late in late_locks(statements, known)[:1]:
                yield _finding(revision, transaction, late, lock_statements(statements, known))


def _transactions(revision: RevisionFile) -> Iterator[list[tuple[Call, str]]]:
    """Yield the statements of each direction, divided by the blocks that commit."""
    code = Code.of(revision)
    for direction in code.directions():
        for block, calls in groupby(code.calls(direction), key=lambda call: call.block):
            if block is None:
                yield [(call, one) for call in calls for one in statements_of(code, call)]


def _finding(
    revision: RevisionFile,
    transaction: list[tuple[Call, str]],
    late: LateLock,
    wanted: tuple[str, ...],
) -> Finding:
    call = transaction[late.step][0]
    begun = transaction[late.held_step][0].node.lineno if late.held_step >= 0 else 0
    before = f"line {begun}" if begun else "LOCK TABLE"
    held = f"{late.held_mode} by {before}"
    if late.held == late.table:
        message = f"{late.table} is locked in mode {held}, and here in mode {late.mode}"
    else:
        message = f"{late.table} is locked here, after {late.held} in mode {held}"
    first = "; ".join(f'op.execute("{one}")' for one in wanted)
    return Finding(
        id=RULE.id,
        message=f"{message}: a client that uses the tables in between ends in a deadlock",
        severity=Severity.WARNING,
        location=revision.at(call.node),
        help=f"begin with {first}",
    )


_BAD = """\
revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "note_links",
        sa.Column("note_id", sa.Integer(), sa.ForeignKey("notes.id", name="fk_note_links")),
    )
    op.drop_column("notes", "links")


def downgrade() -> None:
    op.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
    op.add_column("notes", sa.Column("links", sa.Text()))
    op.drop_table("note_links")
"""

_GOOD = """\
revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("LOCK TABLE notes IN ACCESS EXCLUSIVE MODE")
    op.create_table(
        "note_links",
        sa.Column("note_id", sa.Integer(), sa.ForeignKey("notes.id", name="fk_note_links")),
    )
    op.drop_column("notes", "links")


def downgrade() -> None:
    op.execute("LOCK TABLE note_links, notes IN ACCESS EXCLUSIVE MODE")
    op.add_column("notes", sa.Column("links", sa.Text()))
    op.drop_table("note_links")
"""

RULE = Rule(
    id="locks-not-taken-first",
    severity=Severity.WARNING,
    title="Locks taken one after the other",
    what_happens=(
        "A foreign key, an index or an UPDATE locks the table against writers or changes rows; a later "
        "statement of the transaction needs a stronger lock on the table, or one on another table. A "
        "client that has read the table and wants to write waits for the revision, and the revision "
        "waits for the client: a deadlock, which ends one of the two. Under traffic the revision may "
        "never get through."
    ),
    what_to_do=(
        "Take the locks by LOCK TABLE before the first statement, each table in the strongest mode that "
        "it needs, in the order of the tables' names. If readers cannot be kept out for as long as the "
        "first statement takes, give that statement a revision of its own."
    ),
    source="https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS",
    bad=(SourceFile("0007_links.py", _BAD),),
    good=(SourceFile("0007_links.py", _GOOD),),
    check=check,
)
