"""Stamped file names that do not sort as the chain does.

Why: with a time stamp in front, a directory listing is read as the history. A revision that was
rebased onto a newer one keeps its old stamp and shows up before its own parent.
Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History, Revision
from alembic_proof.lint.rule import Rule, SourceFile

_STAMPED = re.compile(r"\d{8}_\d{6}_")


def check(history: History) -> Iterator[Finding]:
    """A finding for each revision whose name does not come after those of its parents.

    A parent without a stamp dates from before the names were stamped, and says nothing.
    """
    by_id = {revision.revision_id: revision for revision in history.revisions}
    for revision in history.revisions:
        parents = (by_id[parent] for parent in revision.parent_ids if parent in by_id)
        for parent in parents:
            message = _complaint(revision, parent=parent)
            if message:
                yield Finding(rule=RULE.id, message=message, location=revision.at())


def _complaint(revision: Revision, *, parent: Revision) -> str:
    """What is wrong with the revision's name after its parent's; empty when nothing is."""
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
    name="File name that sorts before its parent's",
    what_happens=(
        "The listing of the directory tells another history than the chain does; reviewers read "
        "revisions in an order in which they never run."
    ),
    workaround="Rename the file with a stamp later than its parent's; the revision id stays.",
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
