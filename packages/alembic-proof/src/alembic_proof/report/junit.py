"""A report as JUnit's XML: a test case for each step, failed where it has errors or warnings."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape, quoteattr

from alembic_proof.finding import Finding, has_failed
from alembic_proof.report.report import Report
from alembic_proof.report.text import findings_text

# XML 1.0 cannot represent these characters, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(report: Report) -> str:
    """Return one test suite; findings about no step are test cases of their own."""
    proof = report.proof
    cases = [_case(proof, step.name, step.elapsed_s, report.of_step(step)) for step in report.steps]
    cases += [_case(proof, name, 0.0, tuple(found)) for name, found in _without_step(report)]
    failures = sum("<failure" in case for case in cases)
    suite = f'name={_attribute(proof)} tests="{len(cases)}" failures="{failures}"'
    lines = ['<?xml version="1.0" encoding="utf-8"?>', f"<testsuite {suite}>", *cases]
    return "\n".join([*lines, "</testsuite>"])


def _without_step(report: Report) -> list[tuple[str, list[Finding]]]:
    """Return the findings about no step, by the name of a test case for them."""
    paths = {step.path for step in report.steps}
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        path = finding.location.path if finding.location else ""
        if not path or path not in paths:
            found.setdefault(finding.revision or path or report.proof, []).append(finding)
    return list(found.items())


def _case(proof: str, name: str, elapsed_s: float, findings: tuple[Finding, ...]) -> str:
    head = f'classname={_attribute(proof)} name={_attribute(name)} time="{elapsed_s:.3f}"'
    if not findings:
        return f"  <testcase {head}/>"
    text = escape(_FORBIDDEN.sub("?", findings_text(findings)))
    if not has_failed(findings):
        return f"  <testcase {head}><system-out>{text}</system-out></testcase>"
    ids = _attribute(", ".join(sorted({one.id for one in findings})))
    return f"  <testcase {head}><failure message={ids}>{text}</failure></testcase>"


def _attribute(text: str) -> str:
    return quoteattr(_FORBIDDEN.sub("?", text))
