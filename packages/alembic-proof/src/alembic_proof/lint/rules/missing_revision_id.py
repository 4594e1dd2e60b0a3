"""A file among the revisions that has no `revision`.

Why: Alembic imports every Python file of the directory and takes its `revision`. Without one it
refuses to load the history, unless the file's name is nothing but the id, in hexadecimal digits, and
the file has a `down_revision`.
Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#create-a-migration-script
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_IS_ID = re.compile(r"[a-f0-9]+\.py")


def check(history: History) -> Iterator[Finding]:
    """A finding for each file whose id is neither in it nor its name."""
    for file in history.files:
        is_named = _IS_ID.fullmatch(file.name) and file.has("down_revision")
        if not (file.syntax_error or file.has("revision") or is_named):
            yield Finding(
                rule=RULE.id,
                message="the file has no `revision`",
                location=file.at(),
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
        "an empty file for instance, stops every command, on every database."
    ),
    workaround=("Write the id, as `alembic revision` does, or move what is no revision elsewhere."),
    bad=(SourceFile("0001_tags.py", "# to be written\n"),),
    good=(SourceFile("0001_tags.py", _GOOD),),
    check=check,
)
