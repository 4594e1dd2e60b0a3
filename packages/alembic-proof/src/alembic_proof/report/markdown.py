"""An outcome as Markdown: a headline and one table, for a job's summary or a comment."""

from __future__ import annotations

from alembic_proof.finding import Finding
from alembic_proof.report.outcome import Outcome
from alembic_proof.report.text import counted, printable, summary_text


def markdown_text(outcome: Outcome) -> str:
    """The headline, and a row for each finding."""
    proved = f" ({counted(len(outcome.steps), 'step')})" if outcome.steps else ""
    headline = f"**{outcome.proof}**: {summary_text(outcome.findings)}{proved}"
    shown = [finding for finding in outcome.findings if not finding.is_hidden]
    if not shown:
        return headline
    head = ("| severity | where | what | rule |", "|---|---|---|---|")
    return "\n".join([headline, "", *head, *(_row(finding) for finding in shown)])


def _row(finding: Finding) -> str:
    lines = [finding.message, *([f"do: {finding.todo}"] if finding.todo else [])]
    what = "<br>".join(_cell(line.strip()) for line in "\n".join(lines).splitlines())
    place = _cell(str(finding.location or ""))
    return f"| {finding.severity} | {place} | {what} | {finding.rule} |"


def _cell(text: str) -> str:
    """The text as it stands, in a table's cell."""
    escaped = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for sign in "|*_`[]":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
