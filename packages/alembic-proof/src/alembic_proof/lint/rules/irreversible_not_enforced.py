"""A revision that is declared irreversible and does not refuse to go down.

Why: the declaration is a promise that `alembic downgrade` stops there, with the reason as its
error. A downgrade that passes instead moves the version and leaves the data behind.
Source: https://docs.python.org/3/library/exceptions.html#NotImplementedError
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.history.function_body import without_docstring
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile

_REFUSAL = "raise NotImplementedError(irreversible)"


def check(history: History) -> Iterator[Finding]:
    """A finding for each irreversible revision whose downgrade is not exactly the refusal."""
    for revision in history.revisions:
        if revision.declared("irreversible") and not _refuses(revision.downgrade):
            yield Finding(
                rule=RULE.id,
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
    name="Irreversible revision that lets a downgrade pass",
    what_happens=(
        "The revision says that there is no way back, and its downgrade goes back all the same: "
        "what it declares lost is then missing in a database that claims the older revision."
    ),
    workaround=f"Make the body of `downgrade()` exactly `{_REFUSAL}`.",
    bad=(
        SourceFile(
            "0009_md5.py",
            _GOOD.replace(_REFUSAL, 'op.add_column("users", sa.Column("md5_password"))'),
        ),
    ),
    good=(SourceFile("0009_md5.py", _GOOD),),
    check=check,
)
