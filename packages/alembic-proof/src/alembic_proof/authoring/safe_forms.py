"""Write the actions on busy tables in the forms that lock them briefly.

A form may need several transactions: what reads a whole table must not share one with what locks it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from alembic_proof.authoring.actions import Action, Actions
from alembic_proof.authoring.ddl.columns import NOT_NULL_NAME
from alembic_proof.authoring.ddl.reference import own_name, table_of
from alembic_proof.authoring.ddl.types import only_adds_labels
from alembic_proof.authoring.locks import note_of
from alembic_proof.catalog import Catalog, CatalogObject, Key, Snapshot, key
from alembic_proof.catalog.snapshot import Dependency
from alembic_proof.config import OLDEST_MAJOR
from alembic_proof.sql import (
    name_with_suffix,
    plain_literals,
    quote_if_needed,
    split_qualified_name,
    unquote_identifier,
)

NOT_VALID = " NOT VALID"
_VALIDATED = ("CHECK ", "FOREIGN KEY ")
"""The beginnings of the definitions of constraints that can be NOT VALID."""
_NOT_NULL_NOT_VALID_SINCE = 18
_FOREIGN_KEY_OF_PARTITIONED_SINCE = 18
"""Since when a foreign key of a partitioned table can be NOT VALID. Source: sql-altertable."""
_COLUMN = r'(?:"(?:[^"]|"")*"|[^\s,"()]+)'
_COLUMNS = rf"\({_COLUMN}(?:, {_COLUMN})*\)"
_KEY = re.compile(
    rf"(?P<kind>PRIMARY KEY|UNIQUE)(?P<nulls> NULLS NOT DISTINCT)? (?P<columns>{_COLUMNS})"
    rf"(?P<include> INCLUDE {_COLUMNS})?(?P<deferral>(?: DEFERRABLE)?(?: INITIALLY DEFERRED)?)"
)
_NAME = re.compile(_COLUMN)
_LITERAL = re.compile(
    r"(?:-?\d+(?:\.\d+)?|'(?:[^']|'')*'|true|false)(?:::[\w .\"]+(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])?)?",
    re.IGNORECASE,
)


class Stage(StrEnum):
    """The kind of revision that a step belongs into."""

    VALUES = "values"
    """Values of enums, which must be committed before they are used."""
    CHANGE = "change"
    """One transaction."""
    BACKFILL = "backfill"
    """Rows are changed, in batches that are committed one by one; then what keeps them so."""
    INDEX = "index"
    """Indexes are built while rows are written; then the constraints that use them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action in its safe form."""

    action: Action
    stage: Stage = Stage.CHANGE
    is_later: bool = False
    """Whether it needs a later transaction than the step before it of the same change."""
    is_needed: bool = True
    """Whether dependent objects must wait for it; they need not for valid rows."""
    is_before_rows: bool = False
    """Whether a constraint can come before rows get their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanContext:
    """A plan, and what decides on the forms of its actions. Only tables of `before` are busy."""

    actions: Actions
    """Those of `plan(before, after)`, with the values that rows get."""
    before: Snapshot
    after: Snapshot
    oldest_major: int = OLDEST_MAJOR
    """The oldest PostgreSQL that runs the revisions."""

    def busy_table(self, record: CatalogObject) -> CatalogObject | None:
        """Return the table of the object if it has rows that others use; None for a new one."""
        tables = (self.before.catalog.find(one) for one in record.parents if one.kind in _WITH_ROWS)
        found = next((one for one in tables if one is not None), None)
        if found is None or any(
            one.key == found.key and one.verb in ("create", "drop") for one in self.actions
        ):
            return None
        return found

    def fills(self, column: Key) -> bool:
        """Return whether rows get a value in that column."""
        return any(one.verb == "fill" and one.key == column for one in self.actions)

    def fills_columns_of(self, constraint: Key) -> bool:
        """Return whether rows get a value in a column of the constraint, a new one or not."""
        return any(self._filled_columns(constraint))

    def fills_new_columns_of(self, constraint: Key) -> bool:
        """Return whether rows get values in columns of the constraint, and all of these are new."""
        filled = [*self._filled_columns(constraint)]
        return bool(filled) and all(self.created(one) is not None for one in filled)

    def _filled_columns(self, constraint: Key) -> Iterator[Key]:
        return (
            one.key
            for one in self.actions
            if one.verb == "fill" and Dependency(constraint, one.key) in self.after.dependencies
        )

    def reason_for_rows(self, action: Action) -> Action | None:
        """Return the action for which rows are changed: the next one that does something else."""
        following = self.actions[self.actions.index(action) :]
        return next((one for one in following if one.verb not in ("fill", "delete")), None)

    def drops(self, one: Key) -> bool:
        """Return whether an action drops the object."""
        return any(action.verb == "drop" and action.key == one for action in self.actions)

    def created(self, one: Key) -> Action | None:
        """Return the action that creates the object."""
        found = (action for action in self.actions if action.verb == "create")
        return next((action for action in found if action.key == one), None)

    def replaces(self, one: Key) -> bool:
        """Return whether a constraint takes the place of one of its name, on columns that stay."""
        both = (*self.before.dependencies, *self.after.dependencies)
        columns = {
            needed for dependent, needed in both if (dependent, needed.kind) == (one, "column")
        }
        is_changed = any(action.key in columns for action in self.actions)
        return self.drops(one) and self.created(one) is not None and not is_changed

    def goes_with_column(self, index: Key) -> bool:
        """Return whether a column of the index is dropped, and the index with it."""
        return any(
            action.verb == "drop"
            and action.record.kind == "column"
            and Dependency(index, action.key) in self.before.dependencies
            for action in self.actions
        )


_WITH_ROWS = ("table", "materialized view")


def safe_steps(action: Action, context: PlanContext) -> tuple[Step, ...]:
    """Return the steps that do what the action does, in order."""
    record = action.record
    table = record if action.verb == "delete" else context.busy_table(record)
    if adds_values(action):
        return tuple(_add_values(action, context))
    if table is None:
        return (Step(action=action),)
    if action.is_rebuilt:  # what it depends on changes in the same transaction
        return (_plain(action, table, context),)
    match action.verb, record.kind:
        case "create" | "drop", "index":
            return tuple(_index(action, table, context))
        case "create", "constraint":
            return tuple(_constraint(action, table, context))
        case "drop", "constraint":
            return tuple(_dropped_constraint(action, table, context))
        case "alter", "column":
            return tuple(_column(action, context))
        case "fill" | "delete", _:
            return (_rows(action, table, context),)
    return (_plain(action, table, context),)


def brief_step(action: Action, context: PlanContext) -> Step:
    """Return the action for a plan that has one revision: an index may still come CONCURRENTLY."""
    if adds_values(action):
        return Step(action=replace(action, is_autocommit=True))
    table = context.busy_table(action.record)
    if table is None:
        return Step(action=action)
    if action.record.kind == "index" and action.verb != "alter" and not _is_partitioned(table):
        return Step(action=replace(action, is_autocommit=True))
    return _plain(action, table, context)


def _plain(action: Action, table: CatalogObject, context: PlanContext) -> Step:
    """Return the action as it is, with a note about a long lock."""
    return Step(
        action=replace(action, note=note_of(action, table=table.identity, after=context.after))
    )


def adds_values(action: Action) -> bool:
    """Return whether the action adds values to an enum, which must be committed before they are used."""
    old = action.old
    return (
        action.verb == "alter"
        and action.record.kind == "enum"
        and old is not None
        and "values" in action.attributes
        and only_adds_labels(old.fact("values"), action.record.fact("values"))
    )


def _add_values(action: Action, context: PlanContext) -> Iterator[Step]:
    """Yield ADD VALUE; in a revision of its own if another action uses one of the values.

    Source: sql-altertype, "Notes": a new value cannot be used before it is committed.
    """
    stage = Stage.VALUES if are_values_used(action, context) else Stage.CHANGE
    yield Step(action=replace(action, attributes=("values",), is_autocommit=True), stage=stage)
    if others := tuple(one for one in action.attributes if one != "values"):
        yield Step(action=replace(action, attributes=others))


def are_values_used(action: Action, context: PlanContext) -> bool:
    """Return whether another action uses a value that this one adds."""
    new, old = (
        plain_literals(one.fact("values")) if one else [] for one in (action.record, action.old)
    )
    labels = [one for one in new if one not in old]
    texts = [
        text
        for other in context.actions
        if other is not action
        for text in (
            other.expression,
            other.condition,
            *(value for name, value in other.record.facts if name != "comment"),
            *_defaults_of(other, context),
        )
    ]
    return any(label in text for label in labels for text in texts)


def _defaults_of(action: Action, context: PlanContext) -> Iterator[str]:
    """Yield the texts of the columns that an action creates with their table."""
    if action.verb == "create" and action.record.kind == "table":
        for child in context.after.catalog.children(action.key):
            yield from (value for _, value in child.facts)


def _index(action: Action, table: CatalogObject, context: PlanContext) -> Iterator[Step]:
    """Yield the index CONCURRENTLY, which a partitioned table does not allow.

    One of a column that is dropped goes with the column. Source: sql-createindex, "Building Indexes
    Concurrently"; sql-dropindex; sql-altertable, DROP COLUMN.
    """
    if action.verb == "drop" and context.goes_with_column(action.key):
        if context.created(action.key) is not None:
            yield Step(action=action)
    elif _is_partitioned(table):
        yield Step(action=replace(action, note=note_of(action, table=table.identity)))
    else:
        yield Step(action=replace(action, is_autocommit=True), stage=Stage.INDEX)


def _is_partitioned(table: CatalogObject) -> bool:
    return table.fact("partitioned by") is not None


def _constraint(action: Action, table: CatalogObject, context: PlanContext) -> Iterator[Step]:
    """Yield the constraint NOT VALID and its validation, or its index and the constraint over it."""
    definition = action.record.fact("definition") or ""
    if definition.endswith((NOT_VALID, " NOT ENFORCED")):
        yield Step(action=action)
        return
    if definition.startswith(_VALIDATED):
        is_foreign = definition.startswith("FOREIGN KEY ")
        is_allowed = context.oldest_major >= _FOREIGN_KEY_OF_PARTITIONED_SINCE
        if is_foreign and _is_partitioned(table) and not is_allowed:
            yield Step(action=replace(action, note=note_of(action, table=table.identity)))
        else:
            is_new = context.fills_new_columns_of(action.key)
            is_late = context.fills_columns_of(action.key) and not is_new
            stage = Stage.BACKFILL if is_late else Stage.CHANGE
            yield from _validated(action, stage=stage, is_before_rows=is_new)
        return
    is_replaced = context.replaces(action.key)
    index = _key_index(action, table, is_replaced=is_replaced)
    if index is None:
        yield Step(action=replace(action, note=note_of(action, table=table.identity)))
        return
    if not is_replaced:
        yield index
    yield _over_index(action, index.action.record)


def _dropped_constraint(
    action: Action, table: CatalogObject, context: PlanContext
) -> Iterator[Step]:
    """Yield the drop of a constraint; of a key that changes, when the index of the new one is built."""
    created = context.created(action.key) if context.replaces(action.key) else None
    index = _key_index(created, table, is_replaced=True) if created is not None else None
    if index is None:
        yield Step(action=action)
    else:
        yield index
        yield Step(action=action, stage=Stage.INDEX)


def _validated(
    action: Action, *, stage: Stage = Stage.CHANGE, is_before_rows: bool = False
) -> Iterator[Step]:
    """Yield NOT VALID, and VALIDATE in a later transaction.

    NOT VALID comes with a new column, so that nobody adds a row that VALIDATE refuses, and after the
    rows of an old one have their values.

    Source: sql-altertable, "Notes": VALIDATE needs a lock that lets others read and write.
    """
    valid = action.record
    not_valid = valid.with_fact("definition", f"{valid.fact('definition')}{NOT_VALID}")
    yield Step(action=replace(action, record=not_valid), stage=stage, is_before_rows=is_before_rows)
    yield Step(
        action=Action(verb="alter", record=valid, old=not_valid, attributes=("definition",)),
        is_later=True,
        is_needed=False,
    )


def is_validation(action: Action) -> bool:
    """Return whether the action only makes a NOT VALID constraint valid."""
    attribute = "nullability" if action.record.kind == "column" else "definition"
    old = action.old.fact(attribute) if action.old is not None else None
    return old == f"{action.record.fact(attribute)}{NOT_VALID}"


def _key_index(action: Action, table: CatalogObject, *, is_replaced: bool) -> Step | None:
    """Return the unique index of a key, CONCURRENTLY; None for what has no such form.

    :param is_replaced: Whether a key of that name exists until the new one takes its place.
    """
    record = action.record
    match = _KEY.fullmatch(record.fact("definition") or "")
    if match is None or _is_partitioned(table):
        return None
    name = own_name(record)
    if is_replaced:
        name = quote_if_needed(name_with_suffix(unquote_identifier(name), "_new"))
    schema = split_qualified_name(record.identity)[0]
    rest = f"{match['columns']}{match['include'] or ''}{match['nulls'] or ''}"
    index = CatalogObject(
        key("index", f"{schema}.{name}"),
        (("definition", f"UNIQUE USING btree {rest}"), ("table", table_of(record))),
        parents=record.parents,
    )
    return Step(action=Action(verb="create", record=index, is_autocommit=True), stage=Stage.INDEX)


def _over_index(action: Action, index: CatalogObject) -> Step:
    """Return the constraint that takes the index over, and gives it its own name.

    Source: sql-altertable, ADD table_constraint_using_index.
    """
    match = _KEY.fullmatch(action.record.fact("definition") or "")
    kind, deferral = (match["kind"], match["deferral"]) if match else ("UNIQUE", "")
    definition = f"{kind} USING INDEX {own_name(index)}{deferral}"
    return Step(
        action=replace(action, record=action.record.with_fact("definition", definition)),
        stage=Stage.INDEX,
    )


def _column(action: Action, context: PlanContext) -> Iterator[Step]:
    """Yield NOT NULL by way of a check, and the other alterations."""
    old, record = action.old, action.record
    is_tightened = (
        old is not None
        and "nullability" in action.attributes
        and (old.fact("nullability") or "NULL") == "NULL"
        and record.fact("nullability") == "NOT NULL"
        and record.origin is None
    )
    if old is None or not is_tightened:
        table = context.busy_table(record)
        assert table is not None
        yield _plain(action, table, context)
        return
    others = tuple(one for one in action.attributes if one != "nullability")
    nullable = record.with_fact("nullability", "NULL")
    if others:
        yield from _column(replace(action, record=nullable, attributes=others), context)
    stage = Stage.BACKFILL if context.fills(action.key) else Stage.CHANGE
    tightened = replace(action, record=record, old=nullable, attributes=("nullability",))
    if context.oldest_major >= _NOT_NULL_NOT_VALID_SINCE:
        record = record.with_fact(NOT_NULL_NAME, _not_null_name(record))
        tightened = replace(tightened, record=record)
        not_valid = record.with_fact("nullability", f"NOT NULL{NOT_VALID}")
        yield Step(action=replace(tightened, record=not_valid), stage=stage, is_needed=False)
        yield Step(action=replace(tightened, old=not_valid), is_later=True, is_needed=False)
        return
    create, validate = _validated(
        Action(verb="create", record=_not_null_check(record)), stage=stage
    )
    yield replace(create, is_needed=False)
    yield validate
    yield Step(action=tightened, is_needed=False)
    yield Step(action=Action(verb="drop", record=_not_null_check(record)), is_needed=False)


def _not_null_name(column: CatalogObject) -> str:
    """Return the quoted name that PostgreSQL itself would give NOT NULL."""
    _, table, name = (unquote_identifier(one) for one in split_qualified_name(column.identity))
    return quote_if_needed(name_with_suffix(f"{table}_{name}", "_not_null"))


def _not_null_check(column: CatalogObject) -> CatalogObject:
    """Return the check that lets SET NOT NULL trust the rows. Source: sql-altertable, SET NOT NULL."""
    _, table, name = (unquote_identifier(one) for one in split_qualified_name(column.identity))
    check = quote_if_needed(name_with_suffix(f"ck_{table}_{name}", "_not_null"))
    return CatalogObject(
        key("constraint", f"{table_of(column)}.{check}"),
        (("definition", f"CHECK (({own_name(column)} IS NOT NULL))"),),
        parents=column.parents,
    )


def _rows(action: Action, table: CatalogObject, context: PlanContext) -> Step:
    """Return the change of rows, a fill in batches by primary key; without one it is one statement.

    Rows that a unique key refuses are changed in the revision that builds its index: others may add
    some until then. They are changed at once, because finding them sorts the whole table. Rows with a
    value that an enum loses are changed in the transaction that replaces the type, for the same reason.
    """
    reason = context.reason_for_rows(action)
    if reason is not None and reason.is_replaced:  # rewrites the table in the same transaction
        return Step(action=replace(action, note=note_of(action, table=table.identity)))
    definition = (reason.record.fact("definition") or "") if reason is not None else ""
    is_exclusion = definition.startswith("EXCLUDE ")
    is_for_key = definition.startswith(("UNIQUE ", "PRIMARY KEY ")) and not _is_partitioned(table)
    if is_exclusion or (definition.startswith("UNIQUE ") and not is_for_key):
        return Step(action=replace(action, note=note_of(action, table=table.identity)))
    is_batched = action.verb == "fill" and not is_for_key
    names = primary_key(table, context.before.catalog) if is_batched else ()
    if names:
        action = replace(action, batch_key=names)
    else:
        action = replace(action, note=note_of(action, table=table.identity))
    return Step(
        action=replace(action, is_autocommit=bool(names) or is_for_key),
        stage=Stage.INDEX if is_for_key else Stage.BACKFILL,
        is_needed=False,
    )


def primary_key(table: CatalogObject, catalog: Catalog) -> tuple[str, ...]:
    """Return the quoted columns of the table's primary key; empty without one."""
    definitions = (
        child.fact("definition") or ""
        for child in catalog.children(table.key)
        if child.kind == "constraint"
    )
    found = (_KEY.fullmatch(one) for one in definitions if one.startswith("PRIMARY KEY "))
    match = next((one for one in found if one is not None), None)
    return tuple(_NAME.findall(match["columns"])) if match else ()


def with_constant_defaults(actions: Actions) -> Actions:
    """Let a constant fill a new column as its default, which reads no row.

    The default is dropped again. Source: sql-altertable, "Notes": ADD COLUMN with a constant default.
    """
    constants = {
        one.key: one.expression
        for one in actions
        if one.verb == "fill" and _LITERAL.fullmatch(one.expression.strip())
    }
    created = {
        one.key for one in actions if one.verb == "create" and one.record.kind == "column"
    } & constants.keys()
    return tuple(
        _by_default(one, constants[one.key]) if one.key in created else one
        for one in actions
        if not (one.verb == "fill" and one.key in created)
    )


def _by_default(action: Action, constant: str) -> Action:
    if action.verb == "create":
        record = action.record.with_fact("nullability", "NOT NULL")
        return replace(action, record=record.with_fact("default", constant))
    return replace(
        action,
        old=action.record.with_fact("default", constant),
        attributes=("default",),
    )
