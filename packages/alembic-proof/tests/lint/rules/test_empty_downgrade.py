"""The rule `empty-downgrade`."""

from __future__ import annotations

import pytest

from alembic_proof.finding import Location
from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.empty_downgrade import RULE


def _messages(text: str) -> list[tuple[str, Location | None]]:
    source = f'revision = "a"\n{text}'.encode()
    history = ParsedHistory(files=(parse_revision("a.py", source),))
    return [(finding.message, finding.location) for finding in RULE.check(history)]


def test_a_missing_downgrade_is_found_at_the_file() -> None:
    """The finding is about the whole file."""
    assert _messages("def upgrade(): run()\n") == [("downgrade() is missing", Location("a.py"))]


def test_a_coroutine_is_no_downgrade() -> None:
    """Alembic calls it and never awaits it, so nothing would run."""
    assert _messages("async def downgrade(): await run()\n") == [
        ("downgrade() is missing", Location("a.py"))
    ]


@pytest.mark.parametrize("body", ["pass", "...", '"""No."""', "return", "\n    # no\n    pass"])
def test_an_empty_downgrade_is_found_at_its_line(body: str) -> None:
    """The finding is at the line of the `def`."""
    assert _messages(f"def downgrade(): {body}\n") == [
        ("downgrade() does nothing", Location("a.py", 2))
    ]


def test_a_lossy_revision_may_have_an_empty_downgrade() -> None:
    """A declared reason is accepted."""
    assert _messages('lossy = "upgrade loses blanks"\ndef downgrade(): pass\n') == []


def test_a_lossy_revision_still_has_a_downgrade() -> None:
    """Alembic calls the function even if it is declared."""
    assert _messages('lossy = "upgrade loses blanks"\n') == [
        ("downgrade() is missing", Location("a.py"))
    ]


@pytest.mark.parametrize("lossy", ["True", '""', '"  "', 'f"x"'])
def test_a_declaration_that_says_nothing_excuses_nothing(lossy: str) -> None:
    """An empty reason does not count."""
    assert len(_messages(f"lossy = {lossy}\ndef downgrade(): pass\n")) == 1


def test_a_downgrade_that_does_something_is_clean() -> None:
    """A downgrade that undoes the upgrade is clean."""
    assert _messages("def downgrade(): run()\n") == []


@pytest.mark.parametrize("body", ["pass", "...", '"""Both sides."""', "return None"])
def test_where_the_upgrade_does_nothing_either_there_is_nothing_to_undo(body: str) -> None:
    """The merge revisions of Alembic are clean."""
    assert _messages(f"def upgrade(): {body}\ndef downgrade(): pass\n") == []


@pytest.mark.parametrize(
    "upgrade",
    [
        "def upgrade(): run()",
        "async def upgrade(): pass",
        "upgrade = run",
        "@twice\ndef upgrade(): pass",
    ],
)
def test_an_upgrade_that_may_do_something_has_to_be_undone(upgrade: str) -> None:
    """An upgrade counts unless it certainly does nothing."""
    [(message, _)] = _messages(f"{upgrade}\ndef downgrade(): pass\n")

    assert message == "downgrade() does nothing"


def test_where_the_upgrade_does_nothing_the_downgrade_must_be_there() -> None:
    """Alembic calls downgrade() in any case."""
    assert _messages("def upgrade(): pass\n") == [("downgrade() is missing", Location("a.py"))]
