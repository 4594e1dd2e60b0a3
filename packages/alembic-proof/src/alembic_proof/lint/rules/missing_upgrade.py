"""A revision without upgrade().

Why: Alembic loads it, and fails when it comes to apply it; every command that goes up stops there,
after the revisions before it.
Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#create-a-migration-script
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: History) -> Iterator[Finding]:
    """A finding for each revision that has none, wherever it would come from."""
    for revision in history.revisions:
        if not revision.has("upgrade"):
            yield Finding(rule=RULE.id, message="upgrade() is missing", location=revision.at())


_GOOD = """\
revision = "0004"
down_revision = ("0002", "0003")


def upgrade() -> None:
    pass


def downgrade() -> None:
    op.execute("SELECT 1")
"""

RULE = Rule(
    id="missing-upgrade",
    name="Revision without upgrade()",
    what_happens=(
        "Alembic loads the revision and fails when it is the one to be applied: a deployment "
        "stops half-way up, at the revision below."
    ),
    workaround="Write `upgrade()`; where it has nothing to do, `pass` is its body.",
    bad=(SourceFile("0004_merge.py", _GOOD.replace("def upgrade", "def upgrades")),),
    good=(SourceFile("0004_merge.py", _GOOD),),
    check=check,
)
