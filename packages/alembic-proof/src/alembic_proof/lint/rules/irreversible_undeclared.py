"""A revision whose downgrade only raises, without declaring itself irreversible."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.revision_source import without_docstring
from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each revision whose downgrade only raises and that declares no reason."""
    for revision in history.revisions:
        is_excepted = "irreversible" in revision.excepted
        is_declared = is_excepted or revision.assigned("irreversible") is not None
        if not is_declared and _only_raises(revision.downgrade):
            yield Finding(
                id=RULE.id,
                message="downgrade() only raises, and the revision declares no `irreversible`",
                severity=Severity.WARNING,
                location=revision.at(revision.downgrade),
            )


def _only_raises(downgrade: ast.FunctionDef | None) -> bool:
    if downgrade is None:
        return False
    statements = without_docstring(downgrade)
    return bool(statements) and isinstance(statements[0], ast.Raise)


_BAD = """\
revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_column("users", "md5_password")


def downgrade() -> None:
    raise NotImplementedError("no way back")
"""

_GOOD = """\
revision = "0009"
down_revision = "0008"

irreversible = "the old password hashes are gone"


def upgrade() -> None:
    op.drop_column("users", "md5_password")


def downgrade() -> None:
    raise NotImplementedError(irreversible)
"""

RULE = Rule(
    id="irreversible-undeclared",
    severity=Severity.WARNING,
    title="Downgrade that refuses without a declaration",
    what_happens=(
        "A downgrade stops in the middle, at a revision that was not known to be irreversible."
    ),
    what_to_do=(
        'Declare the reason at module level, `irreversible = "…"`, and raise '
        "`NotImplementedError(irreversible)`."
    ),
    source="https://docs.python.org/3/library/exceptions.html#NotImplementedError",
    bad=(SourceFile("0009_md5.py", _BAD),),
    good=(SourceFile("0009_md5.py", _GOOD),),
    check=check,
)
