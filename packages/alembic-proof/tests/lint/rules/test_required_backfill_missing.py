"""The rule `required-backfill-missing`."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.required_backfill_missing import RULE

_FILL = 'backfill = {"name": "fill"}'


def _messages(*bodies: str) -> list[str]:
    """Return what is found in revisions a, b and so on, each with a parent and more."""
    texts = (f'revision = "{name}"\n{body}\n' for name, body in zip("abc", bodies, strict=False))
    files = tuple(parse_revision("x.py", text.encode()) for text in texts)
    return [finding.message for finding in RULE.check(ParsedHistory(files=files))]


@pytest.mark.parametrize(
    ("first", "second", "messages"),
    [
        (f"down_revision = None\n{_FILL}", 'down_revision = "a"', []),
        (f"down_revision = None\n{_FILL}", 'down_revision = None\ndepends_on = "a"', []),
        ("down_revision = None\nbackfill = make()", 'down_revision = "a"', []),
        (
            f"down_revision = None\n{_FILL}",
            "down_revision = None",
            ["it requires the backfill fill, but that of a does not come before it"],
        ),
        (
            "down_revision = None",
            'down_revision = "a"',
            ["it requires the backfill fill, which no revision has"],
        ),
    ],
)
def test_a_required_backfill(first: str, second: str, messages: list[str]) -> None:
    """It must be that of a revision which is applied before."""
    assert _messages(first, f'{second}\nrequires_backfill = ("fill",)') == messages
