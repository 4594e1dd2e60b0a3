"""A report as SARIF 2.1.0, the format that code scanning and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic_proof.finding import Finding, Location
from alembic_proof.report.explain import find_entry
from alembic_proof.report.report import Report
from alembic_proof.report.text import body_lines

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PACKAGE = "alembic-proof"


def sarif_text(report: Report) -> str:
    """Return one run with a result for each finding; a rule is a finding's id."""
    rules = sorted({finding.id for finding in report.findings})
    driver = {
        "name": _PACKAGE,
        "version": version(_PACKAGE),
        "rules": [_rule(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "properties": {"proof": report.proof},
        "results": [_result(finding, rules) for finding in report.findings],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False)


def _rule(id_: str) -> dict[str, Any]:
    """Return the rule with the words of the findings table."""
    entry = find_entry(id_)
    if entry is None:
        return {"id": id_}
    rule: dict[str, Any] = {
        "id": id_,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.what_happens},
        "help": {"text": entry.what_to_do},
        "defaultConfiguration": {"level": entry.severity.value},
    }
    return rule | ({"helpUri": entry.source} if entry.source else {})


def _result(finding: Finding, rules: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.id,
        "ruleIndex": rules.index(finding.id),
        "level": finding.severity.value,
        "message": {"text": "\n".join(body_lines(finding))},
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
