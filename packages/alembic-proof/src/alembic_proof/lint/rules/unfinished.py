"""A revision that still has the mark of an unfinished one."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_deploy.revision_source import unfinished_marks
from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each mark."""
    for revision in history.revisions:
        for mark in unfinished_marks(revision.tree):
            yield Finding(
                id=RULE.id,
                message=f"revision {revision.revision_id} is unfinished: its upgrade() refuses",
                location=revision.at(mark),
                help="finish the revision, and delete this line",
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
    title="Unfinished revision",
    what_happens=(
        '`alembic-proof revision --empty` writes `raise NotImplementedError("unfinished: …")` into '
        "the blank revision. Every upgrade stops there."
    ),
    what_to_do="Write the operations, and delete the line.",
    source="https://docs.python.org/3/library/exceptions.html#NotImplementedError",
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
