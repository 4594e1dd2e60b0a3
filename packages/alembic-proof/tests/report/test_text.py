"""Findings as text."""

from __future__ import annotations

from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.proofs import Step
from alembic_proof.report.text import finding_text, proof_text, step_text, summary_text

_ERROR = Finding(rule="r", message="bad", location=Location("a.py", 3), todo="mend it")
_NOTE = Finding(rule="s", message="odd", severity=Severity.NOTE)


def test_findings_are_lines_closed_by_their_number() -> None:
    """Place first, rule last, what to do below."""
    assert proof_text("lint", [_ERROR, _NOTE]) == (
        "a.py:3: error: bad [r]\n  do: mend it\nnote: odd [s]\nlint: 1 error, 1 note"
    )


def test_no_findings_are_said_in_words() -> None:
    """Where nothing is counted there is a word for it."""
    assert summary_text([]) == "no findings"


def test_a_summary_counts_by_severity() -> None:
    """The worst comes first, in plural where there are several."""
    assert summary_text([_NOTE, _ERROR, _ERROR]) == "2 errors, 1 note"


def test_hidden_notes_are_counted() -> None:
    """In the last line, which says how they are shown."""
    hidden = Finding(rule="s", message="odd", severity=Severity.NOTE, is_hidden=True)

    assert proof_text("lint", [_NOTE, hidden]) == (
        "note: odd [s]\nlint: 1 note; 1 note hidden (-v shows it)"
    )
    assert summary_text([hidden, hidden]) == "no findings; 2 notes hidden (-v shows them)"


def test_a_message_of_several_lines_keeps_its_rule_on_the_first() -> None:
    """The first line alone says what it is about."""
    finding = Finding(rule="r", message="changed\n  -a\n  +b")

    assert finding_text(finding) == "error: changed [r]\n  -a\n  +b"


def test_control_characters_are_spelt_out() -> None:
    """A name in a database may hold what moves a cursor, or turns a line around."""
    finding = Finding(rule="r", message="table a\x1b[2Jb\r\u202ec, at\ttab\n  -\x00")

    shown = finding_text(finding)

    assert shown == "error: table a\\x1b[2Jb [r]\n\\u202ec, at\ttab\n  -\\x00"


def test_a_proof_says_its_name_when_there_is_nothing_else_to_say() -> None:
    """The last line stands alone for a clean proof."""
    assert proof_text("parity", []) == "parity: no findings"
    assert proof_text("parity", [_NOTE]) == "note: odd [s]\nparity: 1 note"


def test_a_step_shows_its_time() -> None:
    """Times stand below each other."""
    assert step_text(Step("read head", 1.5)) == "  read head                       1.500 s"
