"""The differences between history and models that concern the models: the others stay as they are.

The models have no word for what another tool owns, for what env.py or the settings leave out, for
partitions that the application makes, and for a kind of object that they do not declare at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from alembic_deploy.errors import HistoryError
from alembic_proof.catalog import (
    Catalog,
    CatalogObject,
    Change,
    Key,
    Snapshot,
    diff,
)
from alembic_proof.catalog.diff import ORDER_OF_COLUMNS
from alembic_proof.catalog.model import COLUMN_ORDER
from alembic_proof.history.env_py import Environment
from alembic_proof.proofs.autogenerate_filters import Excluded
from alembic_proof.proofs.undeclared import Keeping, Rules, Sides, base, group_in

__all__ = [
    "Kept",
    "Models",
    "Rules",
    "Scope",
    "refuse_empty",
    "scope_of",
    "without_changes",
]


@dataclass(frozen=True, slots=True)
class Kept:
    """Objects that only the history has and that stay, for one reason."""

    reason: str
    objects: tuple[CatalogObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The models' database with everything that does not concern the models as in the history."""

    models: Snapshot
    kept: tuple[Kept, ...] = ()
    """The objects of the history that the models do not name and that stay."""
    matched_patterns: frozenset[str] = frozenset()
    """The patterns of `ignore` that matched a difference."""
    column_order: bool = False
    """Whether a different order of a table's columns is a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """The database that the models create, and what is known about the rest."""

    snapshot: Snapshot
    rules: Rules
    excluded: Excluded = field(default_factory=Excluded)
    """The objects that env.py hides from autogenerate."""
    given: tuple[CatalogObject, ...] = ()
    """The schemas and extensions that were created for the models as in the history."""

    def scope(self, history: Snapshot) -> Scope:
        """Return the models' database as far as its differences from this one concern the models."""
        return scope_of(
            history,
            self.snapshot,
            rules=self.rules,
            excluded=self.excluded,
            given=frozenset(one.key for one in self.given),
        )


def scope_of(
    history: Snapshot,
    models: Snapshot,
    *,
    rules: Rules,
    excluded: Excluded,
    given: Collection[Key] = (),
) -> Scope:
    """Return the models' snapshot in which every difference from the history concerns the models.

    :param excluded: the objects that env.py hides from autogenerate.
    :param given: schemas and extensions that were created for the models as in the history.

    Example: `plan(history, scope_of(history, models, rules=rules).models)` drops no trigger of a
    project whose models declare no trigger.
    """
    models = _with_schemas(history, models, rules=rules)
    sides = Sides.of(history, models, rules=rules, excluded=excluded, given=given)
    changes = diff(models.catalog, history.catalog, column_order=rules.ignored.column_order)
    ignored = rules.ignored.apply(changes)
    shown = frozenset(ignored.changes)
    undone = [one for one in changes if one not in shown or sides.is_out(one)]
    missing = {one.key for one in changes if one.is_unexpected}
    kept = Keeping(sides, missing, {one.key: "" for one in undone if one.is_unexpected})
    for one in sorted(missing - kept.reasons.keys()):
        if reason := sides.reason_to_keep(sides.history[one]):
            kept.reasons[one] = reason
    kept.close()
    return Scope(
        models=_with_history(sides, undone, kept=kept.reasons),
        kept=_by_reason(kept.reasons, sides.history),
        matched_patterns=ignored.matched_patterns,
        column_order=rules.ignored.column_order,
    )


def _with_schemas(history: Snapshot, models: Snapshot, *, rules: Rules) -> Snapshot:
    """Return the models' snapshot with the history's schemas: each object in them is judged alone."""
    if not rules.all_schemas:
        return models
    known = {one.key for one in models.catalog.objects}
    schemas = [one for one in history.catalog.of_kind("schema") if one.key not in known]
    if not schemas or any(fnmatchcase("schema", one) for one in rules.drop_undeclared):
        return models
    catalog = Catalog.of((*models.catalog.objects, *schemas), major=models.catalog.major)
    return Snapshot(catalog, models.dependencies)


def _with_history(sides: Sides, undone: Iterable[Change], *, kept: Iterable[Key]) -> Snapshot:
    """Return the models' snapshot with these objects, and without these changes."""
    history, models = sides.snapshots
    copied = {part for one in kept for part in sides.group(one)}
    records = {**sides.models, **{one: sides.history[one] for one in copied}}
    removed = set()
    for change in undone:
        if change.is_missing:
            removed |= set(group_in(change.key, sides.models.values()))
        elif change.attribute is not None:
            _undo(change, records, sides.history)
    if not copied and not removed and not undone:
        return models
    dependencies = (
        *(one for one in models.dependencies if base(one.dependent) not in removed | copied),
        *(one for one in history.dependencies if base(one.dependent) in copied),
    )
    left = (one for one in records.values() if one.key not in removed)
    return Snapshot(
        Catalog.of(left, major=models.catalog.major),
        frozenset(one for one in dependencies if base(one.referenced) not in removed),
    )


def without_changes(snapshot: Snapshot, other: Snapshot, changes: Iterable[Change]) -> Snapshot:
    """Return the snapshot with the other one's values of these attributes."""
    records = {one.key: one for one in snapshot.catalog.objects}
    values = {one.key: one for one in other.catalog.objects}
    for change in changes:
        _undo(change, records, values)
    catalog = Catalog.of(records.values(), major=snapshot.catalog.major)
    return Snapshot(catalog, snapshot.dependencies)


def _undo(
    change: Change, records: dict[Key, CatalogObject], history: Mapping[Key, CatalogObject]
) -> None:
    """Give the attribute the history's value."""
    attribute = change.attribute or ""
    found = change.key
    if found.kind == ORDER_OF_COLUMNS:
        found = next(one for one in records if one.identity == found.identity and one in history)
        attribute = COLUMN_ORDER
    if found not in records or found not in history:
        return
    facts = dict(records[found].facts)
    value = history[found].fact(attribute)
    facts.pop(attribute, None)
    if value is not None:
        facts[attribute] = value
    records[found] = replace(records[found], facts=tuple(sorted(facts.items())))


def _by_reason(
    reasons: Mapping[Key, str], history: Mapping[Key, CatalogObject]
) -> tuple[Kept, ...]:
    found: dict[str, list[CatalogObject]] = defaultdict(list)
    for one in sorted(reasons):
        if reasons[one]:
            found[reasons[one]].append(history[one])
    return tuple(Kept(reason, tuple(records)) for reason, records in sorted(found.items()))


def refuse_empty(environment: Environment, history: Catalog, *, rules: Rules) -> None:
    """Raise for models without a table where the history has tables.

    :raises HistoryError: env.py does not import the models, or there are none.
    """
    tables = history.of_kind("table")
    is_wanted = any(fnmatchcase("table", one) for one in rules.drop_undeclared)
    if not tables or is_wanted or any(metadata.tables for metadata in environment.models):
        return
    raise HistoryError(
        f"target_metadata has no table, but the history creates {len(tables)}, "
        f"{tables[0].identity} among them",
        where=environment.place,
        todo="import the modules of the models in env.py (a linter may have removed the import), "
        'or set drop_undeclared = ["table"] to drop all tables',
    )
