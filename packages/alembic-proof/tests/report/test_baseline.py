"""What makes a finding the same on another day, and what a baseline does with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alembic_deploy.errors import ConfigError
from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.report.baseline import (
    baseline_text,
    identify,
    parse_baseline,
    subtract,
    update,
)

OLD = Finding(
    id="not-restored",
    message="0002: after its downgrade: index public.ix: unexpected",
    revision="0002",
    direction="downgrade",
    location=Location("versions/0002.py", 7),
)
OTHER = Finding(id="revision-fails", message="0003: its upgrade fails: no", revision="0003")
NOTE = Finding(id="not-proved", message="0004: not proved", severity=Severity.NOTE)


def _changed(message: str, *, rule: str = "rows-lost") -> Finding:
    return Finding(id=rule, message=message, revision="0002", direction="downgrade")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("users.id: 3 of 3 values gone", "users.id: 2 of 9 values gone"),
        ("Key (id)=(17) is duplicated.", "Key (id)=(a b) is duplicated."),
        (
            "row 1b4e28ba-2fa1-11d2-883f-0016d3cca427 stays",
            "row 00000000-2fa1-11d2-883f-0016d3cca427 stays",
        ),
        (
            "database alembic_proof_20260101t000000_00000001_x is gone",
            "database alembic_proof_20270101t000000_0000000a_y is gone",
        ),
        ("a\n  b", "a b"),
    ],
)
def test_values_that_vary_are_not_part_of_the_key(one: str, other: str) -> None:
    """Counts, values of rows, generated ids and the scratch database's name."""
    assert identify("round trip", _changed(one)) == identify("round trip", _changed(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("index public.ix1: missing", "index public.ix2: missing"),
        ("column public.users.a: missing", "column public.users.a: unexpected"),
        ("type: varchar(10) -> varchar(20)", "type: varchar(10) -> varchar(30)"),
        ("default: '1.5.2' -> none", "default: '1.5.3' -> none"),
    ],
)
def test_the_problem_is_part_of_the_key(one: str, other: str) -> None:
    """Names, kinds, types and what happened to them."""
    assert identify("round trip", _changed(one)) != identify("round trip", _changed(other))


@pytest.mark.parametrize("rule", ["drift", "parity", "not-restored", "not-rebuilt"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("USING (id = '11111111-2fa1-11d2-883f-0016d3cca427')", "USING (id = '{}')"),
        ("comment: none -> keep 30 rows", "comment: none -> keep 900 rows"),
        ("CHECK (n=(1))", "CHECK (n=(2))"),
    ],
)
def test_the_catalog_difference_is_part_of_the_key(rule: str, one: str, other: str) -> None:
    """A policy for another tenant's id is another policy."""
    other = other.format("00000000-2fa1-11d2-883f-0016d3cca427")
    first, second = (identify("drift", _changed(text, rule=rule)) for text in (one, other))

    assert first != second


def test_postgresqls_message_is_part_of_the_key() -> None:
    """And the objects and the statement; the rows are not."""
    one = Finding(
        id="revision-fails",
        message="0003: its upgrade fails",
        details=("also: line 4", "users (id=1)"),
        postgres="no such table a",
        statement="DROP TABLE a",
    )

    def is_same(**changed: Any) -> bool:
        return identify("round trip", one) == identify("round trip", replace(one, **changed))

    assert is_same(details=("also: line 7", "users (id=2)"))
    assert not is_same(details=())
    assert not is_same(postgres="no such table b")
    assert not is_same(statement="DROP TABLE a CASCADE")


def test_rule_revision_direction_and_proof_are_part_of_it() -> None:
    """The same words elsewhere are another finding; another line of the file is not."""
    here = identify("round trip", OLD)

    assert identify("parity", OLD) != here
    assert identify("round trip", _changed(OLD.message, rule=OLD.id)) == here
    moved = Finding(id=OLD.id, message=OLD.message, revision="0002", direction="upgrade")
    assert identify("round trip", moved) != here


def test_only_new_findings_are_left() -> None:
    """What is known is a number in a note; notes stay as they are."""
    baseline = update("round trip", [OLD, NOTE], (), proved=None)

    left = subtract("round trip", [OLD, OTHER, NOTE], baseline, proved=None)

    assert left[:2] == (OTHER, NOTE)
    assert [(f.id, f.severity) for f in left[2:]] == [("in-the-baseline", Severity.NOTE)]
    assert left[2].message == "1 known finding hidden (baseline)"


def test_outdated_entries_are_named() -> None:
    """A baseline that says too much would hide the finding when it comes back."""
    baseline = update("round trip", [OLD, OTHER], (), proved=None)

    left = subtract("round trip", [OTHER], baseline, proved=None)

    assert [f.id for f in left] == ["in-the-baseline", "baseline-outdated"]
    assert "index public.ix: unexpected [not-restored]" in left[1].message


def test_entries_of_unselected_revisions_are_kept() -> None:
    """A run on a few revisions neither outdates nor rewrites what is known of the others."""
    baseline = update("round trip", [OLD, OTHER], (), proved=None)

    assert subtract("round trip", [], baseline, proved={"0004"}) == ()
    [note] = subtract("round trip", [OLD], baseline, proved={"0004"})
    assert note.id == "in-the-baseline"
    assert update("round trip", [], baseline, proved={"0003"}) == (identify("round trip", OLD),)
    assert set(update("parity", [NOTE], baseline, proved=None)) == set(baseline)


def test_the_file_is_read_as_it_was_written() -> None:
    """The entries are sorted; the order of the findings does not matter."""
    baseline = update("round trip", [OTHER, OLD], (), proved=None)

    text = baseline_text(reversed(baseline))

    assert text == baseline_text(baseline)
    assert parse_baseline(text, where="x") == frozenset(baseline)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "findings": []}', '{"format": 1, "findings": [{}]}']
)
def test_another_file_is_refused(text: str) -> None:
    """With its name."""
    with pytest.raises(
        ConfigError, match=r"this is no baseline|this baseline has format 2"
    ) as caught:
        parse_baseline(text, where="base.json")

    assert caught.value.where == "base.json"
