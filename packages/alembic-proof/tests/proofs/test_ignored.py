"""Changes that a project wants to hear nothing of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_proof.catalog import KINDS, Change
from alembic_proof.catalog.model import Identity, Kind
from alembic_proof.config import Config
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
        ("table:Audit.*", (TRIGGER, TABLE, VIEW)),
        ("*view:*", (TRIGGER, TABLE)),
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
def test_half_a_pattern_is_refused(pattern: str, tmp_path: Path) -> None:
    """It would ignore something else than was meant."""
    with pytest.raises(ConfigError, match="is no kind:name"):
        Ignored.of(Config(directory=tmp_path, ignore=(pattern,)))


@pytest.mark.parametrize(
    ("kind", "near"),
    [("tirgger", "'trigger'"), ("Table", "'table'"), ("zzz", ""), ("colum-*", "'column'")],
)
def test_a_kind_that_there_is_not_is_refused(kind: str, near: str, tmp_path: Path) -> None:
    """It would never meet anything; the nearest one is named, and the file."""
    with pytest.raises(ConfigError, match=re.escape(f"{kind!r}, which is no kind")) as caught:
        Ignored.of(Config(directory=tmp_path, ignore=("trigger:x", f"{kind}:audit.*")))

    assert caught.value.where == str(tmp_path / "pyproject.toml")
    assert ("did you mean" in caught.value.todo, near in caught.value.todo) == (bool(near), True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_ignored(kind: str, tmp_path: Path) -> None:
    """By its own name, and the list has what is told of the order of columns."""
    change = _change(kind, "x")
    ignored = Ignored.of(Config(directory=tmp_path, ignore=(f"{kind}:*",)))

    assert ignored.without((change,)) == ()
    assert "column-order" in KINDS
