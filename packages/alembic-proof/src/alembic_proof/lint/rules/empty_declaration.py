"""A declaration, `irreversible` or `lossy`, that says nothing.

Why: a declaration is the reviewer's and the operator's only warning; `irreversible` is also the
text of the error that stops a downgrade. It must be readable without running the revision.
Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#downgrading
"""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: History) -> Iterator[Finding]:
    """A finding for each declaration that is no non-empty string literal."""
    for revision in history.revisions:
        for name in ("irreversible", "lossy"):
            value = revision.assigned(name)
            if value is not None and revision.declared(name) is None:
                yield Finding(
                    rule=RULE.id,
                    message=f"{name} is not a non-empty string literal",
                    location=revision.at(value),
                )


_BAD = """\
revision = "0007"
down_revision = "0006"

lossy = True


def upgrade() -> None:
    op.drop_column("users", "nickname")


def downgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.Text()))
"""

RULE = Rule(
    id="empty-declaration",
    name="Declaration that says nothing",
    what_happens=(
        "`irreversible` and `lossy` excuse a revision from being undone. One that is empty, or "
        "is no string that can be read in the file, excuses it without a reason, and is ignored."
    ),
    workaround=(
        'Write what is lost and in which direction (`lossy = "table.column: …"`), or why there is no way back '
        '(`irreversible = "…"`), as a plain string at the top of the module.'
    ),
    bad=(SourceFile("0007_nickname.py", _BAD),),
    good=(
        SourceFile(
            "0007_nickname.py",
            _BAD.replace("True", '"users.nickname: upgrade drops it"'),
        ),
    ),
    check=check,
)
