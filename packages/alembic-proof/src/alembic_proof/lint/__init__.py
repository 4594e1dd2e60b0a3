"""Rules that read revision files without running them."""

from alembic_proof.lint.engine import lint
from alembic_proof.lint.revision import (
    BaseRevisions,
    Ignore,
    ParsedHistory,
    RevisionFile,
    parse_revision,
)
from alembic_proof.lint.rule import Rule, SourceFile, all_rules
from alembic_proof.lint.sources import read_base_revisions, read_history, revisions_accepting

__all__ = [
    "BaseRevisions",
    "Ignore",
    "ParsedHistory",
    "RevisionFile",
    "Rule",
    "SourceFile",
    "all_rules",
    "lint",
    "parse_revision",
    "read_base_revisions",
    "read_history",
    "revisions_accepting",
]
