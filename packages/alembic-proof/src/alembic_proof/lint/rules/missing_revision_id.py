"""A file among the revisions that has no `revision`, or none that can be read without running it.

Why: Alembic imports every Python file of the directory and takes its `revision`. Without one it
refuses to load the history, unless the file's name is nothing but the id, in hexadecimal digits, and
the file has a `down_revision`. An id, or a `down_revision`, that is imported or computed is Alembic's to
know; the rules and `rebase` read files without running them.
Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#create-a-migration-script
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.history.heads import computed_line
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_LEFT_OUT = {
    "revision": "no rule is checked in this file, and `alembic-proof rebase` refuses",
    "down_revision": "what the revision follows is not checked, and `alembic-proof rebase` refuses",
}
_IS_ID = re.compile(r"[a-f0-9]+\.py")


def check(history: History) -> Iterator[Finding]:
    """Yield a finding for each file whose id, or parent, is not in it or cannot be read there."""
    for file in history.files:
        is_named = _IS_ID.fullmatch(file.name) and file.has("down_revision")
        if not (file.syntax_error or file.has("revision") or is_named):
            yield Finding(
                rule=RULE.id,
                message="the file has no `revision`",
                location=file.at(),
            )
        for name in ("revision", "down_revision"):
            line = computed_line(file.tree, name)
            if line is not None:
                yield Finding(
                    rule=RULE.id,
                    message=f"`{name}` is no plain string at the top of the module: {_LEFT_OUT[name]}",
                    severity=Severity.WARNING,
                    location=Location(file.path, line),
                    todo="write it as a string",
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
    name="File without a revision id",
    what_happens=(
        "Alembic takes every Python file of the directory for a revision. One without `revision`, "
        "an empty file for instance, stops every command, on every database. One that is imported or "
        "computed is known to Alembic alone: lint reads the file without running it, and checks nothing."
    ),
    workaround=(
        "Write the id as a string, as `alembic revision` does, or move what is no revision elsewhere."
    ),
    bad=(SourceFile("0001_tags.py", "# to be written\n"),),
    good=(SourceFile("0001_tags.py", _GOOD),),
    check=check,
)
