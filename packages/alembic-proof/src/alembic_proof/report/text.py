"""Findings as plain text, one line each, in the form that editors make clickable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from alembic_proof.finding import Finding, Severity


def finding_text(finding: Finding) -> str:
    """`path:line: error: what is wrong [rule]`, and what to do on a line of its own."""
    place = f"{finding.location}: " if finding.location else ""
    line = f"{place}{finding.severity}: {finding.message} [{finding.rule}]"
    return f"{line}\n  do: {finding.todo}" if finding.todo else line


def findings_text(findings: Iterable[Finding]) -> str:
    """The findings in their order, closed by their number; empty when there are none."""
    found = tuple(findings)
    if not found:
        return ""
    return "\n".join([*(finding_text(finding) for finding in found), summary_text(found)])


def summary_text(findings: Iterable[Finding]) -> str:
    """`2 errors, 1 note`; `no findings` when there are none."""
    counts = Counter(finding.severity for finding in findings)
    parts = [counted(counts[severity], severity.value) for severity in Severity if counts[severity]]
    return ", ".join(parts) or "no findings"


def counted(number: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
