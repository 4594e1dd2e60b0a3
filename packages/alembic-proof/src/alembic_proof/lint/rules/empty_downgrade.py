"""A revision whose downgrade() is missing or does nothing."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_deploy.revision_source import does_nothing, has_empty_function
from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory, RevisionFile
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each revision without a downgrade, unless it declares why it has none."""
    for revision in history.revisions:
        message = _complaint(revision)
        if message:
            yield Finding(id=RULE.id, message=message, location=revision.at(revision.downgrade))


def _complaint(revision: RevisionFile) -> str:
    """Return the message on the revision's downgrade; empty if it is correct."""
    if revision.is_declared("irreversible"):
        return ""
    if revision.downgrade is None:
        return "downgrade() is missing"
    if not does_nothing(revision.downgrade) or revision.is_declared("lossy"):
        return ""
    return "" if has_empty_function(revision.tree, "upgrade") else "downgrade() does nothing"


_BAD = '''\
revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.Text()))


def downgrade() -> None:
    """Nothing to do."""
    pass
'''

_GOOD = """\
revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.Text()))


def downgrade() -> None:
    op.drop_column("users", "nickname")
"""

_DECLARED = '''\
"""Trim the titles of boards."""

revision = "0003"
down_revision = "0002"

lossy = "boards.title: the blanks around it are gone"


def upgrade() -> None:
    op.execute("UPDATE boards SET title = btrim(title)")


def downgrade() -> None:
    pass
'''

_MERGE = """\
revision = "0004"
down_revision = ("0002", "0003")


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
"""

RULE = Rule(
    id="empty-downgrade",
    title="Downgrade that does nothing",
    what_happens=(
        "`alembic downgrade` succeeds, moves the version back and leaves the catalog as it is. "
        "The database claims a revision that it is not at; the next upgrade fails on objects "
        "that exist already. A body of `pass`, `...`, a docstring, `return` and comments does "
        "nothing. A revision whose `upgrade()` does nothing either, such as those that `alembic "
        "merge` writes, has nothing to undo."
    ),
    what_to_do=(
        "Undo in `downgrade()` the operations of `upgrade()`, in reverse order. If nothing can "
        "or must be undone, declare it: `lossy` (the downgrade may be empty) or `irreversible` "
        "(the downgrade refuses)."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/tutorial.html#downgrading",
    bad=(SourceFile("0002_nickname.py", _BAD),),
    good=(
        SourceFile("0002_nickname.py", _GOOD),
        SourceFile("0003_titles.py", _DECLARED),
        SourceFile("0004_merge.py", _MERGE),
    ),
    check=check,
)
