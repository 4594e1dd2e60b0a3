"""A report as text."""

from __future__ import annotations

import pytest

from alembic_proof.finding import Finding, Location, Severity, TimedStep
from alembic_proof.report import Report
from alembic_proof.report.explain import general_help
from alembic_proof.report.text import (
    findings_text,
    report_segments,
    report_text,
    step_text,
    summary_text,
)

_ERROR = Finding(id="r", message="bad", location=Location("a.py", 3), help="repair it")
_NOTE = Finding(id="s", message="odd", severity=Severity.NOTE)
_FULL = Finding(
    id="fails-on-permitted-rows",
    message="0002: its upgrade fails on rows",
    location=Location("versions/0002.py", 14),
    details=("users (id=1)", "users (id=2)", "users (id=3)", "users (id=4)", "users (id=5)"),
    postgres="column contains null values (SQLSTATE 23502)",
    statement="ALTER TABLE users ALTER COLUMN email SET NOT NULL",
    help="backfill email",
)
_STEPS = (
    TimedStep("0001 Users", 1.5, (("up", 1.0), ("down", 0.5)), "a.py"),
    TimedStep("0002 Things", 0.5, (("up", 0.5),), "b.py"),
)


def test_a_block_has_its_parts_in_one_order() -> None:
    """Where and id, sentence, at most three values, PostgreSQL's words, the statement, help."""
    assert findings_text([_FULL]) == (
        "versions/0002.py:14: error: fails-on-permitted-rows\n"
        "  0002: its upgrade fails on rows\n"
        "    users (id=1)\n"
        "    users (id=2)\n"
        "    users (id=3)\n"
        "    and 2 more\n"
        "  PostgreSQL: column contains null values (SQLSTATE 23502)\n"
        "  statement: ALTER TABLE users ALTER COLUMN email SET NOT NULL\n"
        "  help: backfill email"
    )


def test_a_report_ends_in_a_summary() -> None:
    """After a block for each finding."""
    assert report_text(Report("lint", (), (_ERROR, _NOTE))) == (
        "a.py:3: error: r\n  bad\n  help: repair it\nnote: s\n  odd\nlint: 1 error, 1 note"
    )


def test_the_help_of_the_table_is_printed_once() -> None:
    """At the first finding of an id without help of its own; a note needs none."""
    one = Finding(id="empty-downgrade", message="a", location=Location("a.py"))
    note = Finding(id="file-order", message="b", severity=Severity.NOTE)

    text = findings_text([note, one, one])

    assert text.count(f"\n  help: {general_help('empty-downgrade')}\n") == 1
    assert text.count("help:") == 1


def test_no_findings_are_a_line() -> None:
    """A clean proof prints its summary alone."""
    assert report_text(Report("parity", (TimedStep("compare", 1.0),), ())) == "parity: no findings"


def test_a_clean_round_trip_is_one_line() -> None:
    """However many revisions it has; their number and time are in it."""
    assert report_text(Report("round trip", _STEPS, ())) == (
        "round trip: no findings (2 revisions, 2.0 s)"
    )


def test_a_revision_that_failed_has_a_cross() -> None:
    """The others are listed on request, with a tick."""
    report = Report("round trip", _STEPS, (_ERROR,))
    verbose = Report("round trip", _STEPS, (_ERROR,), is_verbose=True)

    first, *_ = report_text(report).splitlines()
    cross, tick, *_ = report_text(verbose).splitlines()

    assert first == cross
    assert first.startswith("✗ 0001 Users ")
    assert first.endswith("  up 1.000 s  down 0.500 s")
    assert tick.startswith("✓ 0002 Things ")
    assert "0002" not in report_text(report)


@pytest.mark.parametrize(
    ("finding", "style"),
    [(_ERROR, "bold red"), (_NOTE, "cyan"), (None, "green")],
    ids=["error", "note", "clean"],
)
def test_the_worst_finding_gives_the_summary_its_colour(
    finding: Finding | None, style: str
) -> None:
    """Styles are names of rich."""
    *_, summary, _ = report_segments(Report("lint", (), (finding,) if finding else ()))

    assert summary[1] == style


def test_a_summary_counts_by_severity() -> None:
    """The worst comes first, in plural where there are several."""
    assert summary_text([_NOTE, _ERROR, _ERROR]) == "2 errors, 1 note"


def test_hidden_notes_are_counted() -> None:
    """In the last line, which names the option that shows them."""
    hidden = Finding(id="s", message="odd", severity=Severity.NOTE, is_hidden=True)

    assert report_text(Report("lint", (), (_NOTE, hidden))) == (
        "note: s\n  odd\nlint: 1 note; 1 note hidden (-v shows it)"
    )
    assert summary_text([hidden, hidden]) == "no findings; 2 notes hidden (-v shows them)"


def test_the_lines_of_a_message_are_indented() -> None:
    """Below its sentence."""
    finding = Finding(id="r", message="changed\n  -a\n  +b", severity=Severity.NOTE)

    assert findings_text([finding]) == "note: r\n  changed\n    -a\n    +b"


def test_control_characters_are_escaped() -> None:
    """A name in a database may move the cursor, or reverse a line."""
    finding = Finding(id="r", message="table a\x1b[2Jb\r\u202ec, at\ttab\n  -\x00")

    assert findings_text([finding]) == (
        "error: r\n  table a\\x1b[2Jb\n    \\u202ec, at\ttab\n    -\\x00"
    )


def test_a_step_shows_its_time() -> None:
    """Times are aligned."""
    assert step_text(TimedStep("read head", 1.5)) == "read head                       1.500 s"
