"""What was found, for people and for other programs: value -> str."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from alembic_proof.report.github import github_text
from alembic_proof.report.json import json_text
from alembic_proof.report.junit import junit_text
from alembic_proof.report.markdown import markdown_text
from alembic_proof.report.outcome import Outcome
from alembic_proof.report.sarif import sarif_text
from alembic_proof.report.text import proof_text

__all__ = ["Outcome", "formats"]


def formats() -> Mapping[str, Callable[[Outcome], str]]:
    """The renderers of a proof's outcome by the names that `--format` takes."""
    return {
        "text": lambda outcome: proof_text(outcome.proof, outcome.findings),
        "json": json_text,
        "markdown": markdown_text,
        "github": github_text,
        "junit": junit_text,
        "sarif": sarif_text,
    }
