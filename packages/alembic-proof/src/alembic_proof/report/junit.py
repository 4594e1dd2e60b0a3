"""An outcome as JUnit's XML: a test case for each step, failed where it has errors or warnings."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from alembic_proof.finding import Finding, has_failed
from alembic_proof.report.outcome import Outcome
from alembic_proof.report.text import finding_text

# XML 1.0 has no place for these, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(outcome: Outcome) -> str:
    """One suite; what is found where no step was told of is a test case of its own."""
    cases = [
        _case(
            outcome.proof,
            step.name,
            step.elapsed_s,
            outcome.of_path(step.path) if step.path else (),
        )
        for step in outcome.steps
    ]
    told = {step.path for step in outcome.steps}
    others: dict[str, list[Finding]] = {}
    for finding in outcome.findings:
        path = finding.location.path if finding.location else ""
        if not path or path not in told:
            others.setdefault(finding.revision or path or outcome.proof, []).append(finding)
    cases += [_case(outcome.proof, name, 0.0, tuple(found)) for name, found in others.items()]
    failures = sum("<failure" in case for case in cases)
    suite = f'name={_attribute(outcome.proof)} tests="{len(cases)}" failures="{failures}"'
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuite {suite}>", *cases]
    return "\n".join([*lines, "</testsuite>"])


def _case(proof: str, name: str, elapsed_s: float, findings: tuple[Finding, ...]) -> str:
    head = f'classname={_attribute(proof)} name={_attribute(name)} time="{elapsed_s:.3f}"'
    if not findings:
        return f"  <testcase {head}/>"
    text = escape(_FORBIDDEN.sub("?", "\n".join(finding_text(one) for one in findings)))
    if not has_failed(findings):
        return f"  <testcase {head}><system-out>{text}</system-out></testcase>"
    rules = _attribute(", ".join(sorted({one.rule for one in findings})))
    return f"  <testcase {head}><failure message={rules}>{text}</failure></testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("?", text))
