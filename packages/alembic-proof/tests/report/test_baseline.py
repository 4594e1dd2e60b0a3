"""What makes a finding the same on another day, and what a baseline does with it."""

from __future__ import annotations

import pytest

from alembic_proof.errors import ConfigError
from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.report.baseline import (
    accepted,
    baseline_text,
    judged,
    read_baseline,
    written,
)

OLD = Finding(
    rule="not-restored",
    message="0002: after its downgrade: index public.ix: unexpected",
    revision="0002",
    direction="downgrade",
    location=Location("versions/0002.py", 7),
)
OTHER = Finding(rule="revision-fails", message="0003: its upgrade fails: no", revision="0003")
NOTE = Finding(rule="not-proved", message="0004: not proved", severity=Severity.NOTE)


def _changed(message: str, *, rule: str = "rows-lost") -> Finding:
    return Finding(rule=rule, message=message, revision="0002", direction="downgrade")


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
def test_what_varies_from_run_to_run_is_not_part_of_it(one: str, other: str) -> None:
    """Counts, values of rows, generated ids and the scratch database's name."""
    assert accepted("round trip", _changed(one)) == accepted("round trip", _changed(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("index public.ix1: missing", "index public.ix2: missing"),
        ("column public.users.a: missing", "column public.users.a: unexpected"),
        ("type: varchar(10) -> varchar(20)", "type: varchar(10) -> varchar(30)"),
        ("default: '1.5.2' -> none", "default: '1.5.3' -> none"),
    ],
)
def test_what_is_wrong_is_part_of_it(one: str, other: str) -> None:
    """Names, kinds, types and what happened to them."""
    assert accepted("round trip", _changed(one)) != accepted("round trip", _changed(other))


@pytest.mark.parametrize("rule", ["drift", "parity", "not-restored", "not-rebuilt"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("USING (id = '11111111-2fa1-11d2-883f-0016d3cca427')", "USING (id = '{}')"),
        ("comment: none -> keep 30 rows", "comment: none -> keep 900 rows"),
        ("CHECK (n=(1))", "CHECK (n=(2))"),
    ],
)
def test_what_a_catalog_says_is_part_of_it(rule: str, one: str, other: str) -> None:
    """A policy for another tenant's id is another policy."""
    other = other.format("00000000-2fa1-11d2-883f-0016d3cca427")
    first, second = (accepted("drift", _changed(text, rule=rule)) for text in (one, other))

    assert first != second


def test_rule_revision_direction_and_proof_are_part_of_it() -> None:
    """The same words elsewhere are another finding; another line of the file is not."""
    here = accepted("round trip", OLD)

    assert accepted("parity", OLD) != here
    assert accepted("round trip", _changed(OLD.message, rule=OLD.rule)) == here
    moved = Finding(rule=OLD.rule, message=OLD.message, revision="0002", direction="upgrade")
    assert accepted("round trip", moved) != here


def test_only_new_findings_are_left() -> None:
    """What is known is a number in a note; notes stay as they are."""
    baseline = written("round trip", [OLD, NOTE], (), looked_at=None)

    left = judged("round trip", [OLD, OTHER, NOTE], baseline, looked_at=None)

    assert left[:2] == (OTHER, NOTE)
    assert [(f.rule, f.severity) for f in left[2:]] == [("in-the-baseline", Severity.NOTE)]
    assert left[2].message.startswith("1 of the findings")


def test_what_occurs_no_more_is_named() -> None:
    """A baseline that says too much would hide the finding when it comes back."""
    baseline = written("round trip", [OLD, OTHER], (), looked_at=None)

    left = judged("round trip", [OTHER], baseline, looked_at=None)

    assert [f.rule for f in left] == ["in-the-baseline", "baseline-outdated"]
    assert "index public.ix: unexpected [not-restored]" in left[1].message


def test_of_what_was_not_looked_at_nothing_is_said() -> None:
    """A run on a few revisions neither outdates nor rewrites what is known of the others."""
    baseline = written("round trip", [OLD, OTHER], (), looked_at=None)

    assert judged("round trip", [], baseline, looked_at={"0004"}) == ()
    [note] = judged("round trip", [OLD], baseline, looked_at={"0004"})
    assert note.rule == "in-the-baseline"
    assert written("round trip", [], baseline, looked_at={"0003"}) == (accepted("round trip", OLD),)
    assert set(written("parity", [NOTE], baseline, looked_at=None)) == set(baseline)


def test_the_file_is_read_as_it_was_written() -> None:
    """In an order of its own, whatever order the findings had."""
    baseline = written("round trip", [OTHER, OLD], (), looked_at=None)

    text = baseline_text(reversed(baseline))

    assert text == baseline_text(baseline)
    assert read_baseline(text, where="x") == frozenset(baseline)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "findings": []}', '{"format": 1, "findings": [{}]}']
)
def test_another_file_is_refused(text: str) -> None:
    """With its name."""
    with pytest.raises(
        ConfigError, match=r"this is no baseline|this baseline has format 2"
    ) as caught:
        read_baseline(text, where="base.json")

    assert caught.value.where == "base.json"
