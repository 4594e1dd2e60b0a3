"""An empty declaration `irreversible` or `lossy`."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each declaration that is not a non-empty string literal."""
    for revision in history.revisions:
        for name in ("irreversible", "lossy"):
            value = revision.assigned(name)
            if value is not None and revision.declared(name) is None:
                yield Finding(
                    id=RULE.id,
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
    title="Empty declaration",
    what_happens=(
        "`irreversible` and `lossy` declare why a revision cannot be undone completely. A "
        "declaration that is empty, or not a string literal, gives no reason and is ignored."
    ),
    what_to_do=(
        'Write what is lost and in which direction (`lossy = "table.column: …"`), or why there '
        'is no way back (`irreversible = "…"`), as a plain string at the top of the module.'
    ),
    source="https://alembic.sqlalchemy.org/en/latest/tutorial.html#downgrading",
    bad=(SourceFile("0007_nickname.py", _BAD),),
    good=(
        SourceFile(
            "0007_nickname.py",
            _BAD.replace("True", '"users.nickname: upgrade drops it"'),
        ),
    ),
    check=check,
)
