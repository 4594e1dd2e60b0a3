"""A comment `# alembic-proof: ignore[…]` that accepts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from alembic_proof.finding import Finding, Location
from alembic_proof.lint.revision import Ignore, ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile, rule_ids


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each such comment without a rule, a known rule or a reason."""
    for file in history.read_files:
        for ignore in file.ignores:
            if message := _complaint(ignore):
                place = Location(file.path, ignore.line)
                yield Finding(id=RULE.id, message=message, location=place)


def _complaint(ignore: Ignore) -> str:
    """Return the message on the comment; empty if it is correct."""
    if not ignore.rules:
        return "the comment names no rule: write `# alembic-proof: ignore[rule-id] reason`"
    known = rule_ids()
    for rule in ignore.rules:
        if rule not in known:
            near = get_close_matches(rule, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"lint has no rule {rule}{hint}"
    if not ignore.reason:
        return f"ignore[{', '.join(ignore.rules)}] gives no reason"
    return ""


_BAD = """\
revision = "0007"
down_revision = "0006"

# alembic-proof: ignore[file-order]


def upgrade() -> None:
    op.create_table("tags")


def downgrade() -> None:
    op.drop_table("tags")
"""

RULE = Rule(
    id="unusable-ignore",
    title="Ignore comment that accepts nothing",
    what_happens=(
        "`# alembic-proof: ignore[rule-id] reason` accepts the findings of one rule, or of "
        "several (`ignore[rule-id, rule-id]`), in its file. Without a reason, or with a rule "
        "that lint does not have, it accepts nothing."
    ),
    what_to_do=(
        "Name the rule as the finding does, and say after the bracket why the finding is accepted."
    ),
    source="https://docs.python.org/3/reference/lexical_analysis.html#comments",
    bad=(SourceFile("0007_tags.py", _BAD),),
    good=(
        SourceFile("0007_tags.py", _BAD.replace("order]", "order] renamed after it was merged")),
    ),
    check=check,
)
