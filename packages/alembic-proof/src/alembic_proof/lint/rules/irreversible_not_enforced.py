"""A revision that is declared irreversible but does not refuse its downgrade."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.revision_source import without_docstring
from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_REFUSAL = "raise NotImplementedError(irreversible)"


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each irreversible revision whose downgrade is not exactly the refusal."""
    for revision in history.revisions:
        if revision.declared("irreversible") and not _refuses(revision.downgrade):
            yield Finding(
                id=RULE.id,
                message=f"downgrade() of an irreversible revision is not exactly `{_REFUSAL}`",
                location=revision.at(revision.downgrade),
            )


def _refuses(downgrade: ast.FunctionDef | None) -> bool:
    return downgrade is not None and [
        ast.unparse(statement) for statement in without_docstring(downgrade)
    ] == [_REFUSAL]


_GOOD = f"""\
revision = "0009"
down_revision = "0008"

irreversible = "the old password hashes are gone"


def upgrade() -> None:
    op.drop_column("users", "md5_password")


def downgrade() -> None:
    {_REFUSAL}
"""

RULE = Rule(
    id="irreversible-not-enforced",
    title="Irreversible revision whose downgrade does not refuse",
    what_happens=(
        "The revision declares that it cannot be undone, but its downgrade succeeds. The data "
        "that it declares lost are then missing in a database at the older revision."
    ),
    what_to_do=f"Make the body of `downgrade()` exactly `{_REFUSAL}`.",
    source="https://docs.python.org/3/library/exceptions.html#NotImplementedError",
    bad=(
        SourceFile(
            "0009_md5.py",
            _GOOD.replace(_REFUSAL, 'op.add_column("users", sa.Column("md5_password"))'),
        ),
    ),
    good=(SourceFile("0009_md5.py", _GOOD),),
    check=check,
)
