"""A revision without upgrade()."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each revision that does not define or import `upgrade`."""
    for revision in history.revisions:
        if not revision.has("upgrade"):
            yield Finding(id=RULE.id, message="upgrade() is missing", location=revision.at())


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
    title="Revision without upgrade()",
    what_happens=(
        "Alembic loads the revision and fails when it applies it: a deployment stops half-way, "
        "at the revision below."
    ),
    what_to_do="Write `upgrade()`; if it has nothing to do, its body is `pass`.",
    source="https://alembic.sqlalchemy.org/en/latest/tutorial.html#create-a-migration-script",
    bad=(SourceFile("0004_merge.py", _GOOD.replace("def upgrade", "def upgrades")),),
    good=(SourceFile("0004_merge.py", _GOOD),),
    check=check,
)
