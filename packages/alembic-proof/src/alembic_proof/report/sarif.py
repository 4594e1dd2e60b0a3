"""An outcome as SARIF 2.1.0, the format that code scanning and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic_proof.finding import Finding, Location
from alembic_proof.report.outcome import Outcome
from alembic_proof.report.text import printable

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PACKAGE = "alembic-proof"


def sarif_text(outcome: Outcome) -> str:
    """Return one run with a result for each finding; a rule is a finding's id."""
    rules = sorted({finding.rule for finding in outcome.findings})
    driver = {
        "name": _PACKAGE,
        "version": version(_PACKAGE),
        "rules": [{"id": rule} for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "properties": {"proof": outcome.proof},
        "results": [_result(finding, rules) for finding in outcome.findings],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    text = f"{finding.message}\ndo: {finding.todo}" if finding.todo else finding.message
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.severity.value,
        "message": {"text": printable(text)},
    }
    if finding.location is not None:
        result["locations"] = [{"physicalLocation": _physical(finding.location)}]
    about = {"revision": finding.revision, "direction": finding.direction}
    if properties := {name: value for name, value in about.items() if value}:
        result["properties"] = properties
    return result


def _physical(location: Location) -> dict[str, Any]:
    """Return the file as a relative or a `file:` URI, and the line where one is known."""
    path = Path(location.path)
    uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if location.line:
        place["region"] = {"startLine": location.line}
    return place
