"""An outcome for other programs."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest

from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.proofs import Step
from alembic_proof.report import Outcome, formats

_ERROR = Finding(
    rule="not-restored",
    message="0001: after its downgrade: index a | <b>: unexpected\n  statement: 100%",
    location=Location("versions/0001,a.py", 3),
    revision="0001",
    direction="downgrade",
    todo="mend it",
)
_NOTE = Finding(
    rule="odd", message="\x00odd", severity=Severity.NOTE, location=Location("versions/0002.py")
)
_LOST = Finding(rule="lost", message="no step was told of it", severity=Severity.WARNING)
_STEPS = (
    Step("0001 Users", 1.5, (("up", 1.0), ("down", 0.5)), "versions/0001,a.py"),
    Step("0002 Things", 0.5, (("up", 0.5),), "versions/0002.py"),
)
_OUTCOME = Outcome("round trip", _STEPS, (_ERROR, _NOTE, _LOST))
_CLEAN = Outcome("round trip", _STEPS, ())


def test_json_says_all() -> None:
    """Every field of a finding, and every time."""
    document = json.loads(formats()["json"](_OUTCOME))

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
        "do": "mend it",
    }


def test_junit_fails_the_case_that_has_an_error() -> None:
    """A note is no failure; what belongs to no step is a case of its own."""
    root = ET.fromstring(formats()["junit"](_OUTCOME))  # noqa: S314  our own text

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
    document = json.loads(formats()["sarif"](_OUTCOME))

    [run] = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    first, second, third = run["results"]
    assert document["version"] == "2.1.0"
    assert [one["id"] for one in rules] == ["lost", "not-restored", "odd"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert [one["level"] for one in run["results"]] == ["error", "note", "warning"]
    assert first["message"]["text"].endswith("statement: 100%\ndo: mend it")
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
    [run] = json.loads(formats()["sarif"](_CLEAN))["runs"]

    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])


def test_github_names_file_and_line() -> None:
    """What its syntax needs is escaped, in properties more than in messages."""
    first, second, third, last = formats()["github"](_OUTCOME).splitlines()

    assert first == (
        "::error file=versions/0001%2Ca.py,title=not-restored,line=3::0001: after its downgrade: "
        "index a | <b>: unexpected%0A  statement: 100%25%0Ado: mend it"
    )
    assert second.startswith("::notice file=versions/0002.py,title=odd::")
    assert third == "::warning title=lost::no step was told of it"
    assert last == "round trip: 1 error, 1 warning, 1 note"


def test_markdown_keeps_a_finding_in_its_row() -> None:
    """What would end a cell or start a tag is escaped."""
    headline, _, _, _, first, *_ = formats()["markdown"](_OUTCOME).splitlines()

    assert headline == "**round trip**: 1 error, 1 warning, 1 note (2 steps)"
    assert r"index a \| &lt;b>: unexpected<br>statement: 100%<br>do: mend it" in first


@pytest.mark.parametrize("name", formats())
def test_a_clean_proof_is_clean_in_every_format(name: str) -> None:
    """None of them speaks of an error."""
    text = formats()[name](_CLEAN)

    assert text
    assert "error" not in text
    assert "<failure" not in text
