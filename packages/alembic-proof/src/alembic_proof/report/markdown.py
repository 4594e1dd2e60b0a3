"""A report as Markdown: a headline and one table, for a job's summary or a comment."""

from __future__ import annotations

from alembic_proof.finding import Finding
from alembic_proof.report.report import Report
from alembic_proof.report.text import body_lines, counted, printable, summary_text


def markdown_text(report: Report) -> str:
    """Return the headline, and a row for each finding."""
    proved = f" ({counted(len(report.steps), 'step')})" if report.steps else ""
    headline = f"**{report.proof}**: {summary_text(report.findings)}{proved}"
    if not report.shown:
        return headline
    head = ("| where | severity | finding | what |", "|---|---|---|---|")
    return "\n".join([headline, "", *head, *(_row(finding) for finding in report.shown)])


def _row(finding: Finding) -> str:
    what = "<br>".join(_cell(line.strip()) for line in body_lines(finding))
    place = _cell(str(finding.location or ""))
    return f"| {place} | {finding.severity} | {finding.id} | {what} |"


def _cell(text: str) -> str:
    """Return the text with what Markdown would read as markup escaped."""
    escaped = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace("\\", "\\\\")
    for sign in "|*_`[]":
        escaped = escaped.replace(sign, f"\\{sign}")
    return escaped
