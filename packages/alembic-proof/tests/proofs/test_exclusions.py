"""Changes that a project wants to hear nothing of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_deploy.errors import ConfigError
from alembic_proof.catalog import KINDS, Change
from alembic_proof.catalog.model import Kind, ObjectIdentity
from alembic_proof.config import Settings
from alembic_proof.finding import Severity
from alembic_proof.proofs.exclusions import IgnorePatterns


def _change(kind: str, identity: str) -> Change:
    return Change(kind=Kind(kind), identity=ObjectIdentity(identity), before="x")


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
    assert IgnorePatterns((pattern,)).apply((TRIGGER, TABLE, VIEW)).changes == left


def test_a_pattern_that_matched_nothing_is_a_note() -> None:
    """One that matched a change in any comparison is not reported."""
    patterns = IgnorePatterns(("trigger:audit.*", "table:nothing"))
    matched = patterns.apply((TRIGGER,)).matched_patterns | patterns.apply((VIEW,)).matched_patterns

    notes = patterns.unmatched(matched)

    assert [(note.id, note.severity) for note in notes] == [("ignores-nothing", Severity.NOTE)]
    assert "'table:nothing'" in notes[0].message


@pytest.mark.parametrize("pattern", ["audit.*", "trigger:", ":audit"])
def test_half_a_pattern_is_refused(pattern: str, tmp_path: Path) -> None:
    """It would ignore something else than was meant."""
    with pytest.raises(ConfigError, match="is not of the form kind:name"):
        IgnorePatterns.of(Settings(directory=tmp_path, ignore=(pattern,)))


@pytest.mark.parametrize(
    ("kind", "near"),
    [("tirgger", "'trigger'"), ("Table", "'table'"), ("zzz", ""), ("colum-*", "'column'")],
)
def test_a_kind_that_there_is_not_is_refused(kind: str, near: str, tmp_path: Path) -> None:
    """It would never match; the error names the nearest kind and the file."""
    with pytest.raises(ConfigError, match=re.escape(f"{kind!r}, which is not a kind")) as caught:
        IgnorePatterns.of(Settings(directory=tmp_path, ignore=("trigger:x", f"{kind}:audit.*")))

    assert caught.value.where == str(tmp_path / "pyproject.toml")
    assert ("did you mean" in caught.value.todo, near in caught.value.todo) == (bool(near), True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_ignored(kind: str, tmp_path: Path) -> None:
    """Each kind has a name of its own, the order of columns too."""
    change = _change(kind, "x")
    patterns = IgnorePatterns.of(Settings(directory=tmp_path, ignore=(f"{kind}:*",)))

    assert patterns.apply((change,)).changes == ()
    assert "column-order" in KINDS
