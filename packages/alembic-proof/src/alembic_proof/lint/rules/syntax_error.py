"""A revision file that Python cannot parse."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding, Location
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each file that cannot be parsed, at the line that Python names."""
    for file in history.files:
        if file.syntax_error:
            yield Finding(
                id=RULE.id,
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
    title="Revision that Python cannot parse",
    what_happens=(
        "Alembic imports every revision before it does anything. One file that does not parse "
        "stops every command, on every database."
    ),
    what_to_do="Correct the file; after a merge, look for conflict markers.",
    source="https://docs.python.org/3/library/exceptions.html#SyntaxError",
    bad=(SourceFile("0001_tags.py", _GOOD.replace("upgrade() ->", "upgrade( ->")),),
    good=(SourceFile("0001_tags.py", _GOOD),),
    check=check,
)
