"""An outcome as GitHub's workflow commands: annotations at the revisions' files.

Source: "Workflow commands for GitHub Actions", setting a debug, notice, warning or error message.
"""

from __future__ import annotations

from alembic_proof.finding import Finding, Severity
from alembic_proof.report.outcome import Outcome
from alembic_proof.report.text import printable, summary_text

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def github_text(outcome: Outcome) -> str:
    """One command for each finding, and the summary as a line of the log."""
    lines = [_command(finding) for finding in outcome.findings if not finding.is_hidden]
    return "\n".join([*lines, f"{outcome.proof}: {summary_text(outcome.findings)}"])


def _command(finding: Finding) -> str:
    properties = {"title": finding.rule}
    if finding.location:
        properties = {"file": finding.location.path} | properties
        if finding.location.line:
            properties["line"] = str(finding.location.line)
    said = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    message = f"{finding.message}\ndo: {finding.todo}" if finding.todo else finding.message
    return f"::{_COMMANDS[finding.severity]} {said}::{_data(message)}"


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
