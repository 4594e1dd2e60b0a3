"""A revision that reads the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.calls import Code
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_READS = frozenset({"os.environ", "os.environb", "os.getenv", "os.getenvb"})


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each place that reads a variable."""
    for revision in history.revisions:
        code = Code.of(revision)
        for node in ast.walk(revision.tree):
            if isinstance(node, ast.Attribute | ast.Name) and code.name_of(node) in _READS:
                yield Finding(
                    id=RULE.id,
                    message=f"the revision reads {code.name_of(node)}: its effect depends on where it "
                    "runs",
                    severity=Severity.WARNING,
                    location=revision.at(node),
                    help="write the value into the revision, or accept it: "
                    "# alembic-proof: ignore[reads-environment] reason",
                )


_BAD = """\
import os

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("notes", sa.Column("lang", sa.Text(), server_default=os.environ["LANG_CODE"]))


def downgrade() -> None:
    op.drop_column("notes", "lang")
"""

_GOOD = """\
revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("notes", sa.Column("lang", sa.Text(), server_default="en"))


def downgrade() -> None:
    op.drop_column("notes", "lang")
"""

RULE = Rule(
    id="reads-environment",
    severity=Severity.WARNING,
    title="Revision that reads the environment",
    what_happens=(
        "The revision does something different where its variables differ: databases at the same "
        "revision differ, and a rebuilt database is not equal to the lost one."
    ),
    what_to_do=(
        "Write the value into the revision. If it has to differ, let the deployment write it "
        "after the migration; or accept the finding: `# alembic-proof: ignore[reads-environment] "
        "reason`."
    ),
    source="https://docs.python.org/3/library/os.html#os.environ",
    bad=(SourceFile("0009_lang.py", _BAD),),
    good=(SourceFile("0009_lang.py", _GOOD),),
    check=check,
)
