"""A revision that still has the mark of an unfinished one.

Why: `alembic-proof revision` marks a file that its author has to complete. Where the mark is merged,
the next deployment stops at it.
Source: https://docs.python.org/3/library/exceptions.html#NotImplementedError
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.history.unfinished import unfinished_marks
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: History) -> Iterator[Finding]:
    """Yield a finding for each mark."""
    for revision in history.revisions:
        for mark in unfinished_marks(revision.tree):
            yield Finding(
                rule=RULE.id,
                message=f"revision {revision.revision_id} is unfinished: its upgrade() refuses",
                location=revision.at(mark),
                todo="finish the revision, and delete this line",
            )


_FILE = """\
revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    {line}


def downgrade() -> None:
    op.execute("UPDATE tags SET slug = NULL")
"""

RULE = Rule(
    id="unfinished",
    name="Unfinished revision",
    what_happens=(
        '`alembic-proof revision` writes `raise NotImplementedError("unfinished: …")` into a blank '
        "revision and into one that lacks what Alembic does not see. Every upgrade stops there."
    ),
    workaround="Write what is missing, and delete the line.",
    bad=(
        SourceFile(
            "0011_slugs.py",
            _FILE.format(line='raise NotImplementedError("unfinished: write what it changes")'),
        ),
    ),
    good=(
        SourceFile(
            "0011_slugs.py",
            _FILE.format(line='op.execute("UPDATE tags SET slug = name WHERE slug IS NULL")'),
        ),
    ),
    check=check,
)
