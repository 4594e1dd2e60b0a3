"""Findings on steps, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.finding import Severity
from alembic_proof.findings import PROOF_FINDINGS, Entry
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.roundtrip.findings import finding_of

REVISION = ChainRevision(revision_id="0002", path=Path("0002.py"), title="")


@pytest.mark.parametrize("entry", PROOF_FINDINGS, ids=lambda entry: entry.id)
def test_the_severity_is_that_of_the_table_or_a_note(entry: Entry) -> None:
    """A finding never weighs more than its entry says."""
    usual = finding_of(REVISION, "upgrade", entry.id, "fails")
    noted = finding_of(REVISION, "upgrade", entry.id, "fails", is_noted=True)

    assert (usual.severity, noted.severity) == (entry.severity, Severity.NOTE)


def test_an_id_that_is_not_in_the_table_is_refused() -> None:
    """`alembic-proof explain` would not know it."""
    with pytest.raises(KeyError, match="no-such-id"):
        finding_of(REVISION, "upgrade", "no-such-id", "fails")
