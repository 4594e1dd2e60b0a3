"""A report as GitHub's workflow commands: annotations at the revisions' files.

Source: "Workflow commands for GitHub Actions", setting a debug, notice, warning or error message.
"""

from __future__ import annotations

from alembic_proof.finding import Finding, Severity
from alembic_proof.report.report import Report
from alembic_proof.report.text import body_lines, printable, summary_text

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github_text(report: Report) -> str:
    """Return one command for each finding, and the summary as a line of the log."""
    lines = [_command(finding) for finding in report.shown]
    return "\n".join([*lines, f"{report.proof}: {summary_text(report.findings)}"])


def _command(finding: Finding) -> str:
    properties = {"title": finding.id}
    if finding.location:
        properties = {"file": finding.location.path} | properties
        if finding.location.line:
            properties["line"] = str(finding.location.line)
    named = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    return f"::{_COMMANDS[finding.severity]} {named}::{_data(chr(10).join(body_lines(finding)))}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
