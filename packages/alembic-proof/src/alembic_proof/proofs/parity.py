"""Parity: the models and the history build the same database."""

from __future__ import annotations

from alembic_proof.catalog import Change, diff
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.environment import read_environment
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config, run_upgrade
from alembic_proof.proofs.database import create_models, read_database
from alembic_proof.proofs.step import Tell, timed


def prove_parity(
    project: AlembicProject, *, history_url: str, models_url: str, tell: Tell
) -> tuple[Finding, ...]:
    """What the models and the history at head disagree on; empty when they are equal.

    Both URLs are of empty scratch databases, which are filled.

    Raises:
        HistoryError: a history that cannot be applied, or an env.py that cannot be used.
        DatabaseError: models that cannot be created.
    """
    config = alembic_config(project, url=history_url)
    environment = read_environment(config)
    with timed("upgrade to head", tell=tell):
        run_upgrade(config, "heads")
    with timed("create the models", tell=tell):
        create_models(models_url, metadata=environment.metadata)
    with timed("compare the catalogs", tell=tell):
        models = read_database(models_url, environment=environment)
        history = read_database(history_url, environment=environment)
        changes = diff(models, history)
    return tuple(_finding(change) for change in changes)


def _finding(change: Change) -> Finding:
    return Finding(rule="parity", message=_sentence(change), severity=Severity(change.severity))


def _sentence(change: Change) -> str:
    """The change, told of its two sides by name."""
    if change.is_missing:
        return f"{change.key}: only in the models"
    if change.is_unexpected:
        return f"{change.key}: only in the history"
    return f"models -> history: {change}"
