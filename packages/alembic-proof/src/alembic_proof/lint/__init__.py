"""Rules that read revision files without running them."""

from alembic_proof.lint.engine import lint
from alembic_proof.lint.registry import all_rules
from alembic_proof.lint.revision import Base, History, Ignore, Revision, parse_revision
from alembic_proof.lint.rule import Rule, SourceFile
from alembic_proof.lint.sources import read_base, read_history, revisions_accepting

__all__ = [
    "Base",
    "History",
    "Ignore",
    "Revision",
    "Rule",
    "SourceFile",
    "all_rules",
    "lint",
    "parse_revision",
    "read_base",
    "read_history",
    "revisions_accepting",
]
