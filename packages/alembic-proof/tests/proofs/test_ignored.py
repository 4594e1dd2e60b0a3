"""Changes that a project wants to hear nothing of."""

from __future__ import annotations

import pytest

from alembic_proof.catalog import Change
from alembic_proof.catalog.model import Identity, Kind
from alembic_proof.errors import ConfigError
from alembic_proof.finding import Severity
from alembic_proof.proofs.ignored import Ignored


def _change(kind: str, identity: str) -> Change:
    return Change(kind=Kind(kind), identity=Identity(identity), before="x")


TRIGGER = _change("trigger", "audit.logs.note")
TABLE = _change("table", "audit.logs")
VIEW = _change("materialized view", "public.audit")


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("trigger:audit.*", (TABLE, VIEW)),
        ("*:audit.*", (VIEW,)),
        ("materialized view:public.audit", (TRIGGER, TABLE)),
        ("table:audit", (TRIGGER, TABLE, VIEW)),
        ("Table:audit.*", (TRIGGER, TABLE, VIEW)),
    ],
)
def test_a_pattern_is_a_kind_and_a_name(pattern: str, left: tuple[Change, ...]) -> None:
    """Both whole, with case; a schema's pattern reaches all that is in it."""
    assert Ignored((pattern,)).without((TRIGGER, TABLE, VIEW)) == left


def test_a_pattern_that_has_met_nothing_is_a_note() -> None:
    """Once it has met something, in whatever comparison, it is none."""
    ignored = Ignored(("trigger:audit.*", "table:nothing"))
    ignored.without((TRIGGER,))
    ignored.without((VIEW,))

    notes = ignored.unmet()

    assert [(note.rule, note.severity) for note in notes] == [("ignores-nothing", Severity.NOTE)]
    assert "'table:nothing'" in notes[0].message


@pytest.mark.parametrize("pattern", ["audit.*", "trigger:", ":audit"])
def test_half_a_pattern_is_refused(pattern: str) -> None:
    """It would ignore something else than was meant."""
    with pytest.raises(ConfigError, match="is no kind:name"):
        Ignored((pattern,))
