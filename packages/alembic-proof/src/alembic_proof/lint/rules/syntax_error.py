"""A revision file that Python cannot parse.

Why: Alembic imports every file of the directory for every command, so one broken file, a merge
marker left behind for instance, stops upgrade, downgrade, history and current alike.
Source: https://docs.python.org/3/library/exceptions.html#SyntaxError
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding, Location
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: History) -> Iterator[Finding]:
    """A finding for each file without a syntax tree, at the line that Python names."""
    for file in history.files:
        if file.syntax_error:
            yield Finding(
                rule=RULE.id,
                message=f"Python cannot parse this file: {file.syntax_error}",
                location=Location(file.path, file.syntax_error_line),
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
    id="syntax-error",
    name="Revision that Python cannot parse",
    what_happens=(
        "Alembic imports every revision before it does anything. One file that does not parse "
        "stops every command, on every database."
    ),
    workaround="Mend the file; after a merge, look for conflict markers.",
    bad=(SourceFile("0001_tags.py", _GOOD.replace("upgrade() ->", "upgrade( ->")),),
    good=(SourceFile("0001_tags.py", _GOOD),),
    check=check,
)
