"""Parity: the models and the history create the same database."""

from __future__ import annotations

from alembic_deploy.revisions import graph_of, several_heads
from alembic_proof.catalog import NOTHING, Catalog, CatalogObject, Change, diff
from alembic_proof.catalog.renamed import Renamed, split_renamed
from alembic_proof.finding import Finding, Severity, StepListener, timed
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.env_py import read_environment
from alembic_proof.history.project import Project
from alembic_proof.history.revision_graph import several_heads_finding
from alembic_proof.history.revisions import load_history
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.proofs.database_state import snapshot_of
from alembic_proof.proofs.models_database import read_models
from alembic_proof.proofs.scope import Kept, Rules, Scope

PARITY_STEPS = ("upgrade to head", "create the models", "compare the catalogs")
"""The names of the steps, in order."""
_MOST_NAMES = 8
"""The most objects that a note names."""


def prove_parity(
    project: Project,
    *,
    history_url: str,
    models_url: str,
    on_step: StepListener,
) -> tuple[Finding, ...]:
    """Return the differences between the models and the history at head; empty when they are equal.

    Differences that do not concern the models are not compared; see `scope_of`.

    :param history_url: an empty scratch database, for the history.
    :param models_url: an empty scratch database, for the models.
    :raises HistoryError: the history cannot be applied, or env.py cannot be used.
    :raises DatabaseError: the models cannot be created.
    """
    config = alembic_config(project, url=history_url)
    environment = read_environment(config)
    rules = Rules.of(project.settings, environment)
    with timed(PARITY_STEPS[0], on_step=on_step):
        run_upgrade(config, "heads")
        history = snapshot_of(history_url, environment=environment)
    with timed(PARITY_STEPS[1], on_step=on_step):
        models = read_models(
            environment, history, rules=rules, history_url=history_url, models_url=models_url
        )
    with timed(PARITY_STEPS[2], on_step=on_step):
        scope = models.scope(history)
        differences = compare_with_models(scope, history.catalog)
    heads = (
        several_heads_finding(group) for group in several_heads(graph_of(load_history(config)))
    )
    return (
        *heads,
        *differences,
        *_given(models.given),
        *rules.ignored.unmatched(scope.matched_patterns),
    )


def compare_with_models(scope: Scope, history: Catalog) -> tuple[Finding, ...]:
    """Return a finding for each difference of the history from the models, as far as it concerns them.

    What does not concern them and only the history has is a note.
    """
    before = scope.models.catalog
    changes = diff(before, history, column_order=scope.column_order)
    renamed, others = split_renamed(changes, before=before, after=history)
    return (*map(_renamed, renamed), *map(_finding, others), *map(_kept, scope.kept))


def _finding(change: Change) -> Finding:
    message = describe_change(change, expected="models", found="history")
    return Finding(id="parity", message=message, severity=change.severity)


def _renamed(renamed: Renamed) -> Finding:
    """Return the finding on an object that both sides have, but for its name."""
    name, other = renamed.names
    return Finding(
        id="parity",
        message=f"{renamed.before.kind} of {renamed.parent.identity}: called {name} in the models and "
        f"{other} in the history",
        help="`alembic-proof revision` renames it; or write the history's name into the models",
    )


def _given(created: tuple[CatalogObject, ...]) -> tuple[Finding, ...]:
    """Return a note on the objects that are not compared: the models need them but do not declare them."""
    if not created:
        return ()
    names = ", ".join(str(one.key) for one in created)
    message = f"create_all() needs objects that the models do not declare; they were created as in the history: {names}"
    return (Finding(id="not-in-the-models", message=message, severity=Severity.NOTE),)


def _kept(kept: Kept) -> Finding:
    """Return a note on the objects that the history alone has and that do not concern the models."""
    names = ", ".join(str(one.key) for one in kept.objects[:_MOST_NAMES])
    if (more := len(kept.objects) - _MOST_NAMES) > 0:
        names += f" and {more} more"
    message = f"{kept.reason}; only in the history, where they stay: {names}"
    return Finding(id="not-in-the-models", message=message, severity=Severity.NOTE)


def describe_change(change: Change, *, expected: str, found: str) -> str:
    """Return the change in words: what each side has; a text of several lines as a diff.

    :param expected: the name of the catalog that the other one is compared with.
    :param found: the name of the catalog that is judged.
    """
    if change.is_missing:
        return f"{change.key}: only in the {expected}"
    if change.is_unexpected:
        return f"{change.key}: only in the {found}"
    before, after = (NOTHING if one is None else one for one in (change.before, change.after))
    if "\n" in before + after:
        return f"{expected} -> {found}: {change}"
    return f"{change.subject}: {before} in the {expected}; {after} in the {found}"
