"""The one table of all findings: what each id means and what to do about it.

The help line of the text report, the rules of SARIF, `alembic-proof explain` and
docs/reference/findings.md are made from it. A lint rule is an entry with a check, in the file of
the rule; the entries of the other commands are here, by subject.
"""

from alembic_proof.finding import Severity
from alembic_proof.findings.catalogs import CATALOG_FINDINGS
from alembic_proof.findings.entry import Entry, SourceFile
from alembic_proof.findings.history import HISTORY_FINDINGS
from alembic_proof.findings.revisions import REVISION_FINDINGS
from alembic_proof.findings.rows import ROW_FINDINGS
from alembic_proof.findings.settings import SETTINGS_FINDINGS

PROOF_FINDINGS: tuple[Entry, ...] = (
    *REVISION_FINDINGS,
    *ROW_FINDINGS,
    *HISTORY_FINDINGS,
    *CATALOG_FINDINGS,
    *SETTINGS_FINDINGS,
)
"""All entries but those of the lint rules."""

_SEVERITIES = {entry.id: entry.severity for entry in PROOF_FINDINGS}


def severity_of(id_: str) -> Severity:
    """Return the usual severity of a finding of a proof.

    :raises KeyError: the table has no such id, or it belongs to a lint rule.
    """
    return _SEVERITIES[id_]


__all__ = ["PROOF_FINDINGS", "Entry", "SourceFile", "severity_of"]
