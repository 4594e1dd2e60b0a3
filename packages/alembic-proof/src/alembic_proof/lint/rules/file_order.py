"""File names with time stamps that do not sort in the order of the chain."""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory, RevisionFile
from alembic_proof.lint.rule import Rule, SourceFile

_STAMPED = re.compile(r"\d{8}_\d{6}_")


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each revision whose name does not come after those of its parents.

    Parents without a stamp do not count: they are older than the stamps.
    """
    by_id = {revision.revision_id: revision for revision in history.revisions}
    for revision in history.revisions:
        parents = (by_id[parent] for parent in revision.parent_ids if parent in by_id)
        for parent in parents:
            message = _complaint(revision, parent=parent)
            if message:
                yield Finding(id=RULE.id, message=message, location=revision.at())


def _complaint(revision: RevisionFile, *, parent: RevisionFile) -> str:
    """Return the message on the revision's name after its parent's; empty if the order is right."""
    if not _STAMPED.match(parent.name):
        return ""
    if not _STAMPED.match(revision.name):
        return f"the name has no time stamp, and that of its parent {parent.name} has one"
    if revision.name <= parent.name:
        return f"the name sorts before that of its parent {parent.name}"
    return ""


_EXAMPLE = """\
revision = "{revision}"
down_revision = {parent}


def upgrade() -> None:
    op.create_table("t_{revision}")


def downgrade() -> None:
    op.drop_table("t_{revision}")
"""

_FIRST = _EXAMPLE.format(revision="a1", parent=None)
_SECOND = _EXAMPLE.format(revision="b2", parent='"a1"')

RULE = Rule(
    id="file-order",
    title="File name that sorts before its parent's",
    what_happens=(
        "The listing of the directory is not in the order of the history: reviewers read "
        "revisions in an order in which they never run."
    ),
    what_to_do="Rename the file with a stamp later than its parent's; keep the revision id.",
    source="https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file",
    bad=(
        SourceFile("20250301_120000_first.py", _FIRST),
        SourceFile("20250228_090000_second.py", _SECOND),
    ),
    good=(
        SourceFile("20250301_120000_first.py", _FIRST),
        SourceFile("20250302_090000_second.py", _SECOND),
    ),
    check=check,
)
