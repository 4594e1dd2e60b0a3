"""What one rule finds in a file's text."""

from __future__ import annotations

from alembic_proof.lint import ParsedHistory, Rule, parse_revision

HEAD = """\
from alembic import op, context
import sqlalchemy as sa

revision = "a"
"""


def found(rule: Rule, text: str) -> list[str]:
    """Return the rule's findings as `line: message`, lines counted from the text's first one.

    Lines in a message are those of the file.
    """
    source = f"{HEAD}{text}\n".encode()
    history = ParsedHistory(files=(parse_revision("a.py", source),))
    first = HEAD.count("\n")
    return [
        f"{one.location.line - first if one.location else 0}: {one.message}"
        for one in rule.check(history)
    ]


def lines(rule: Rule, text: str) -> list[int]:
    """Return the lines of the rule's findings."""
    return [int(one.partition(":")[0]) for one in found(rule, text)]
