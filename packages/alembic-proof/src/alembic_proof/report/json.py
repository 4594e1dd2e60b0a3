"""A report as one JSON document."""

from __future__ import annotations

import json
from typing import Any

from alembic_proof.finding import Finding, TimedStep, has_failed
from alembic_proof.report.report import Report


def json_text(report: Report) -> str:
    """Return `{"proof": …, "is_clean": …, "steps": […], "findings": […]}`, times in seconds."""
    document = {
        "proof": report.proof,
        "is_clean": not has_failed(report.findings),
        "steps": [_step(step) for step in report.steps],
        "findings": [_finding(finding) for finding in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _step(step: TimedStep) -> dict[str, Any]:
    return {
        "name": step.name,
        "path": step.path or None,
        "elapsed_s": round(step.elapsed_s, 6),
        "parts": {name: round(elapsed_s, 6) for name, elapsed_s in step.parts},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.location
    return {
        "rule": finding.id,
        "severity": finding.severity.value,
        "message": finding.message,
        "revision": finding.revision or None,
        "others": list(finding.others),
        "direction": finding.direction or None,
        "path": place.path if place else None,
        "line": (place.line or None) if place else None,
        "details": list(finding.details),
        "postgres": finding.postgres or None,
        "statement": finding.statement or None,
        "do": finding.help or None,
    }
