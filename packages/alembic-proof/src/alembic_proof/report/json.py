"""An outcome as one JSON document, for machines."""

from __future__ import annotations

import json
from typing import Any

from alembic_proof.finding import Finding, has_failed
from alembic_proof.proofs import Step
from alembic_proof.report.outcome import Outcome


def json_text(outcome: Outcome) -> str:
    """`{"proof": …, "is_clean": …, "steps": […], "findings": […]}`, times in seconds."""
    document = {
        "proof": outcome.proof,
        "is_clean": not has_failed(outcome.findings),
        "steps": [_step(step) for step in outcome.steps],
        "findings": [_finding(finding) for finding in outcome.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _step(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "path": step.path or None,
        "elapsed_s": round(step.elapsed_s, 6),
        "parts": {name: round(elapsed_s, 6) for name, elapsed_s in step.parts},
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.location
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "revision": finding.revision or None,
        "others": list(finding.others),
        "direction": finding.direction or None,
        "path": place.path if place else None,
        "line": (place.line or None) if place else None,
        "do": finding.todo or None,
    }
