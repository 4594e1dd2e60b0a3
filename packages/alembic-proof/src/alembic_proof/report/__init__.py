"""Render a proof's report for people and for other programs."""

from __future__ import annotations

from alembic_proof.report.report import Report

FORMATS = ("text", "json", "markdown", "github", "junit", "sarif")
"""The formats of `--format`."""

__all__ = ["FORMATS", "Report", "render"]


def render(report: Report, format_: str) -> str:
    """Return the report in one of the formats; only the module of that format is imported."""
    match format_:
        case "json":
            from alembic_proof.report.json import json_text as renderer
        case "markdown":
            from alembic_proof.report.markdown import markdown_text as renderer
        case "github":
            from alembic_proof.report.github import github_text as renderer
        case "junit":
            from alembic_proof.report.junit import junit_text as renderer
        case "sarif":
            from alembic_proof.report.sarif import sarif_text as renderer
        case _:
            from alembic_proof.report.text import report_text as renderer
    return renderer(report)
