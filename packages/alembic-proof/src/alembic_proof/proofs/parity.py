"""Parity: the models and the history build the same database."""

from __future__ import annotations

from alembic_proof.catalog import Catalog, CatalogObject, Change
from alembic_proof.config import Config
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import load_history
from alembic_proof.history.environment import read_environment
from alembic_proof.history.heads import graph_of, several_heads
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.proofs.database import read_database
from alembic_proof.proofs.excluded import exclude
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.models import create_models
from alembic_proof.proofs.renamed import Renamed, split_renamed
from alembic_proof.proofs.sides import Sides
from alembic_proof.proofs.step import Tell, timed

PARITY_STEPS = ("upgrade to head", "create the models", "compare the catalogs")
"""In their order."""
_SIDES = Sides("models", "history")


def prove_parity(
    project: AlembicProject,
    *,
    history_url: str,
    models_url: str,
    tell: Tell,
    settings: Config | None = None,
) -> tuple[Finding, ...]:
    """What the models and the history at head disagree on; empty when they are equal.

    Both URLs are of empty scratch databases, which are filled. What env.py's `include_object` and
    `include_name` keep from autogenerate is not compared, with all that hangs on it, nor what
    `settings` ignore.

    Raises:
        HistoryError: a history that cannot be applied, or an env.py that cannot be used.
        DatabaseError: models that cannot be created.
    """
    ignored = Ignored.of(settings)
    config = alembic_config(project, url=history_url)
    environment = read_environment(config)
    models = environment.models
    with timed(PARITY_STEPS[0], tell=tell):
        run_upgrade(config, "heads")
        found = read_database(history_url, environment=environment)
    with timed(PARITY_STEPS[1], tell=tell):
        given = create_models(models_url, metadatas=models, like=found)
    with timed(PARITY_STEPS[2], tell=tell):
        expected = read_database(models_url, environment=environment)
        excluded = exclude(environment, models_url=models_url, history_url=history_url)
        before = _without(excluded.without(expected), given)
        after = _without(excluded.without(found), given)
        renamed, changes = split_renamed(ignored.changes(before, after), before=before, after=after)
    heads = (group.finding for group in several_heads(graph_of(load_history(config))))
    found_changes = (*map(_renamed, renamed), *map(_finding, changes))
    return (*heads, *found_changes, *_given(given), *ignored.unmet())


def _without(catalog: Catalog, given: tuple[CatalogObject, ...]) -> Catalog:
    """The catalog without the objects that were made for the models: they have no word for these."""
    keys = {one.key for one in given}
    return Catalog.of((one for one in catalog.objects if one.key not in keys), major=catalog.major)


def _finding(change: Change) -> Finding:
    return Finding(rule="parity", message=_SIDES.sentence(change), severity=change.severity)


def _renamed(renamed: Renamed) -> Finding:
    """Return the finding on an index or a constraint that both sides have, but for its name."""
    name, other = renamed.names
    return Finding(
        rule="parity",
        message=f"{renamed.before.kind} of {renamed.table}: called {name} in the models and "
        f"{other} in the history",
        todo=f"{renamed.sql} in a new revision, or write the history's name into the models",
    )


def _given(given: tuple[CatalogObject, ...]) -> tuple[Finding, ...]:
    """A note that names what was not compared, because the models cannot do without it."""
    if not given:
        return ()
    names = ", ".join(str(one.key) for one in given)
    message = (
        f"create_all() fails without what the models do not declare; as in the history: {names}"
    )
    return (Finding(rule="not-in-the-models", message=message, severity=Severity.NOTE),)
