"""Several heads that are not intended."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_deploy.revisions import RevisionGraph, several_heads
from alembic_proof.finding import Finding
from alembic_proof.history.revision_graph import RULE as RULE_ID
from alembic_proof.history.revision_graph import parse_graph_revision, several_heads_finding
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each branch that has several heads, at the last one's file."""
    files = (parse_graph_revision(one.tree, path=one.path) for one in history.revisions)
    for group in several_heads(RevisionGraph.of(filter(None, files))):
        yield several_heads_finding(group)


_TEXT = """\
revision = "{revision}"
down_revision = {parent}


def upgrade() -> None:
    op.create_table("t_{revision}")


def downgrade() -> None:
    op.drop_table("t_{revision}")
"""
_FIRST = SourceFile("0001_users.py", _TEXT.format(revision="0001", parent=None))
_TAGS = SourceFile("0002_tags.py", _TEXT.format(revision="0002", parent='"0001"'))
_BILLS = _TEXT.format(revision="0003", parent='"0001"')

RULE = Rule(
    id=RULE_ID,
    title="Several heads",
    what_happens=(
        "Two branches have added a revision after the same one. Their files do not conflict, and "
        "`alembic upgrade head` and `alembic revision` fail from then on."
    ),
    what_to_do=(
        "Put the revisions that are not merged yet behind the others: `alembic-proof rebase`. If "
        "databases have both applied, join the heads with `alembic merge`. Intended branches "
        "have `branch_labels` of their own, or no revision in common and directories of their "
        "own (`version_locations`); they are upgraded with `alembic upgrade heads`."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/branches.html",
    bad=(_FIRST, _TAGS, SourceFile("0003_bills.py", _BILLS)),
    good=(
        _FIRST,
        _TAGS,
        SourceFile(
            "0003_bills.py",
            _BILLS.replace('"0001"\n', '"0001"\nbranch_labels = ("billing",)\n'),
        ),
    ),
    check=check,
)
