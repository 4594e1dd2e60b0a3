"""A file among the revisions without a `revision`, or with one that only an import shows.

Alembic accepts a file without an id only if the file's name is the id, in hexadecimal digits, and the
file has a `down_revision`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.history.revision_graph import computed_line
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_LEFT_OUT = {
    "revision": "no rule is checked in this file, and `alembic-proof rebase` refuses",
    "down_revision": "what the revision follows is not checked, and `alembic-proof rebase` refuses",
}
_IS_ID = re.compile(r"[a-f0-9]+\.py")


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each file whose id or parent is missing or is not a literal."""
    for file in history.files:
        is_named = _IS_ID.fullmatch(file.name) and file.has("down_revision")
        if not (file.syntax_error or file.has("revision") or is_named):
            yield Finding(
                id=RULE.id,
                message="the file has no `revision`",
                location=file.at(),
            )
        for name in ("revision", "down_revision"):
            line = computed_line(file.tree, name)
            if line is not None:
                yield Finding(
                    id=RULE.id,
                    message=f"`{name}` is not a string literal at module level: {_LEFT_OUT[name]}",
                    severity=Severity.WARNING,
                    location=Location(file.path, line),
                    help="write it as a string",
                )


_GOOD = """\
revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("tags")


def downgrade() -> None:
    op.drop_table("tags")
"""

RULE = Rule(
    id="missing-revision-id",
    severity=Severity.WARNING,
    title="File without a revision id",
    what_happens=(
        "Alembic takes every Python file of the directory for a revision. One without "
        "`revision`, an empty file for instance, stops every command, on every database. An id "
        "that is imported or computed is known to Alembic only: lint does not run the file, and "
        "cannot check it."
    ),
    what_to_do=(
        "Write the id as a string, as `alembic revision` does, or move files that are no "
        "revisions elsewhere."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/tutorial.html#create-a-migration-script",
    bad=(SourceFile("0001_tags.py", "# to be written\n"),),
    good=(SourceFile("0001_tags.py", _GOOD),),
    check=check,
)
