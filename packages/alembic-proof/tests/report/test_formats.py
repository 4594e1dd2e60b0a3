"""An outcome for other programs."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from alembic_proof.finding import Finding, Location, Severity, TimedStep
from alembic_proof.report import FORMATS, Report, render
from alembic_proof.report.explain import general_help

_ERROR = Finding(
    id="not-restored",
    message="0001: after its downgrade: index a | <b>: unexpected",
    statement="100%",
    location=Location("versions/0001,a.py", 3),
    revision="0001",
    direction="downgrade",
    help="mend it",
)
_NOTE = Finding(
    id="odd", message="\x00odd", severity=Severity.NOTE, location=Location("versions/0002.py")
)
_LOST = Finding(id="lost", message="it belongs to no step", severity=Severity.WARNING)
_STEPS = (
    TimedStep("0001 Users", 1.5, (("up", 1.0), ("down", 0.5)), "versions/0001,a.py"),
    TimedStep("0002 Things", 0.5, (("up", 0.5),), "versions/0002.py"),
)
_OUTCOME = Report("round trip", _STEPS, (_ERROR, _NOTE, _LOST))
_CLEAN = Report("round trip", _STEPS, ())


def test_json_has_every_field() -> None:
    """Every field of a finding, and every time."""
    document = json.loads(render(_OUTCOME, "json"))

    assert document["is_clean"] is False
    assert document["steps"][0]["parts"] == {"up": 1.0, "down": 0.5}
    assert document["findings"][0] == {
        "rule": "not-restored",
        "severity": "error",
        "message": _ERROR.message,
        "revision": "0001",
        "others": [],
        "direction": "downgrade",
        "path": "versions/0001,a.py",
        "line": 3,
        "details": [],
        "postgres": None,
        "statement": "100%",
        "do": "mend it",
    }


def test_junit_fails_the_case_that_has_an_error() -> None:
    """A note is no failure; what belongs to no step is a case of its own."""
    root = ET.fromstring(render(_OUTCOME, "junit"))  # noqa: S314  our own text

    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert {name for name, case in cases.items() if case.find("failure") is not None} == {
        "0001 Users",
        "round trip",
    }
    assert (root.get("tests"), root.get("failures")) == ("3", "2")
    assert "index a | <b>" in (cases["0001 Users"].findtext("failure") or "")
    assert "\\x00odd" in (cases["0002 Things"].findtext("system-out") or "")


def test_sarif_has_a_rule_and_a_place_for_each_result() -> None:
    """Levels are SARIF's own, paths are URIs, a finding without a place has no location."""
    document = json.loads(render(_OUTCOME, "sarif"))

    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    first, second, third = run["results"]
    assert document["version"] == "2.1.0"
    assert [one["id"] for one in rules] == ["lost", "not-restored", "odd"]
    assert rules[1]["help"]["text"] == general_help("not-restored")
    assert rules[1]["defaultConfiguration"] == {"level": "error"}
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert [one["level"] for one in run["results"]] == ["error", "note", "warning"]
    assert first["message"]["text"].endswith("statement: 100%\nhelp: mend it")
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "versions/0001%2Ca.py"},
                "region": {"startLine": 3},
            }
        }
    ]
    assert first["properties"] == {"revision": "0001", "direction": "downgrade"}
    assert "region" not in second["locations"][0]["physicalLocation"]
    assert "\\x00odd" in second["message"]["text"]
    assert "locations" not in third


def test_sarif_of_a_clean_proof_has_no_results() -> None:
    """An empty list says that all was looked at."""
    [run] = json.loads(render(_CLEAN, "sarif"))["runs"]

    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_github_names_file_and_line() -> None:
    """What its syntax needs is escaped, in properties more than in messages."""
    first, second, third, last = render(_OUTCOME, "github").splitlines()

    assert first == (
        "::error file=versions/0001%2Ca.py,title=not-restored,line=3::0001: after its downgrade: "
        "index a | <b>: unexpected%0Astatement: 100%25%0Ahelp: mend it"
    )
    assert second.startswith("::notice file=versions/0002.py,title=odd::")
    assert third == "::warning title=lost::it belongs to no step"
    assert last == "round trip: 1 error, 1 warning, 1 note"


def test_markdown_keeps_a_finding_in_its_row() -> None:
    """What would end a cell or start a tag is escaped."""
    headline, _, _, _, first, *_ = render(_OUTCOME, "markdown").splitlines()

    assert headline == "**round trip**: 1 error, 1 warning, 1 note (2 steps)"
    assert r"index a \| &lt;b>: unexpected<br>statement: 100%<br>help: mend it" in first


@pytest.mark.parametrize("name", FORMATS)
def test_a_clean_proof_is_clean_in_every_format(name: str) -> None:
    """None of them speaks of an error."""
    text = render(_CLEAN, name)

    assert text
    assert "error" not in text
    assert "<failure" not in text
