"""Turn the actions of a plan into operations: Alembic's own where it has one, else plain SQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alembic.operations import ops

from alembic_proof.authoring import table_columns, table_constraints
from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl import Creation, action_sql, detach_sql
from alembic_proof.authoring.ddl.reference import raw_name, relation_of
from alembic_proof.authoring.declared import with_replace, without_replace
from alembic_proof.authoring.definitions import listed_names
from alembic_proof.authoring.execute_sql import AutocommitBlock, BlankLine, Comment, ExecuteSql
from alembic_proof.authoring.rendering import AddColumn, AlterColumn, CreateTable, RenameTable
from alembic_proof.authoring.source import Source
from alembic_proof.authoring.table_constraints import OperationTable
from alembic_proof.catalog import Catalog, CatalogObject, Key, Snapshot, key
from alembic_proof.catalog.model import COLUMN_ORDER

Operations = tuple[ops.MigrateOperation, ...]

_NOT_IN_CREATE_TABLE = frozenset(
    {
        "partition of",
        "inherits",
        "of type",
        "toast options",
        "access method",
        "tablespace",
    }
)
"""Attributes of tables that are created by SQL."""
_AUTOCOMMIT = "autocommit"
"""Stands for the actions that run outside of a transaction, which share one block."""
_STATED = (("table", "comment"), ("column", "comment"), ("sequence", "owned by"))
"""What the operations on new tables and columns state, other than CREATE TABLE."""


def operations(
    actions: Sequence[Action], *, before: Snapshot, after: Snapshot, source: Source
) -> Operations:
    """Return the operations of the actions, in their order.

    A table's constraints are part of op.create_table() where what they refer to exists by then. Empty
    lines separate the tables and the objects that belong to no table.

    :param before: the database before the plan.
    :param after: the database after it.
    :param source: how the objects of `after` are written.
    """
    writer = _OperationWriter(actions=actions, before=before.catalog, after=after, source=source)
    groups: list[tuple[str, list[ops.MigrateOperation]]] = []
    for action in actions:
        made = writer.operations_of(action)
        if not made:
            continue
        unit = _AUTOCOMMIT if action.is_autocommit else relation_of(action.record).identity
        if action.note:
            made = [Comment(action.note), *made]
        if groups and groups[-1][0] == unit:
            groups[-1][1].extend(made)
        else:
            groups.append((unit, list(made)))
    return tuple(_separated([_in_block(unit, made) for unit, made in groups]))


def _in_block(unit: str, made: list[ops.MigrateOperation]) -> list[ops.MigrateOperation]:
    return [AutocommitBlock(made)] if unit == _AUTOCOMMIT else made


def _separated(groups: list[list[ops.MigrateOperation]]) -> Iterator[ops.MigrateOperation]:
    """Yield the operations, with an empty line beside a group of several."""
    for number, group in enumerate(groups):
        beside = (group, groups[number - 1])
        is_block = any(isinstance(one, AutocommitBlock) for made in beside for one in made)
        if number and (is_block or max(map(len, beside)) > 1):
            yield BlankLine()
        yield from group


@dataclass(slots=True, kw_only=True)
class _OperationWriter:
    """The actions, and what of them is done."""

    actions: Sequence[Action]
    before: Catalog
    after: Snapshot
    source: Source
    creation: Creation = field(init=False)
    waiting: set[Key] = field(init=False)
    """The objects that are still to be created."""
    constraints: Mapping[Key, list[CatalogObject]] = field(init=False)
    """The constraints that are created, by their table."""
    needs: Mapping[Key, list[Key]] = field(init=False)
    """What these constraints depend on."""

    def __post_init__(self) -> None:
        self.creation = Creation.of(self.catalog, existing=self.before)
        self.waiting = {one.key for one in self.actions if one.verb == "create"}
        self.constraints, self.needs = defaultdict(list), defaultdict(list)
        for action in self.actions:
            if action.verb == "create" and action.record.kind == "constraint":
                self.constraints[action.record.parents[0]].append(action.record)
        for dependent, referenced in self.after.dependencies:
            if dependent.kind == "constraint" and dependent in self.waiting:
                self.needs[dependent].append(referenced)

    @property
    def catalog(self) -> Catalog:
        """The catalog after the plan."""
        return self.after.catalog

    def operations_of(self, action: Action) -> Sequence[ops.MigrateOperation]:
        """Return the operations of one action; empty if an earlier one included it."""
        if action.verb == "create":
            if action.key not in self.waiting:
                return ()
            self.waiting.discard(action.key)
        made = self._of_alembic(action)
        return self._sql(action) if made is None else made

    def _of_alembic(self, action: Action) -> Sequence[ops.MigrateOperation] | None:
        """Return Alembic's operations; None if it has none for this action."""
        match action.verb, action.record.kind:
            case "create", "table":
                return self._create_table(action.record)
            case "create", "column":
                return self._add_column(action.record)
            case "create", "constraint":
                return self._with_rest(
                    action, table_constraints.create_constraint(action.record, self.source)
                )
            case "create", "index":
                return self._create_index(action)
            case "drop", "index" if action.is_autocommit:
                return (table_constraints.drop_index_concurrently(action.record, self.source),)
            case "drop", _:
                made = _drop(action.record, self.source, before=self.before)
                return None if made is None else (made,)
            case "alter", "column":
                return self._alter_column(action)
            case "rename", _:
                return tuple(_rename(action, self.source))
            case "alter", "table" if action.attributes == ("comment",) and _is_plain(action.key):
                return (_comment_table(action, self.source),)
        return None

    def _create_index(self, action: Action) -> Sequence[ops.MigrateOperation] | None:
        """Return op.create_index(); CONCURRENTLY after a drop of what a failed attempt has left."""
        record, source = action.record, self.source
        is_concurrent = action.is_autocommit
        made = table_constraints.create_index(record, source, is_concurrent=is_concurrent)
        found = self._with_rest(action, made)
        if found is None or not is_concurrent:
            return found
        return (table_constraints.drop_index_concurrently(record, source), *found)

    def _with_rest(
        self, action: Action, made: ops.MigrateOperation | None
    ) -> Sequence[ops.MigrateOperation] | None:
        return None if made is None else (made, *self._rest(action.record))

    def _rest(self, record: CatalogObject) -> list[ops.MigrateOperation]:
        """Return the statements for what the operation does not state."""
        return [ExecuteSql(sql) for sql in self.creation.rest(record, stated=_STATED)]

    def _sql(self, action: Action) -> list[ops.MigrateOperation]:
        """Return the statements of the action, with the declared text where there is one."""
        text = self.source.texts.get(action.record)
        statements: Iterable[str]
        if action.verb == "create" and text is not None:
            statements = (without_replace(text), *self.creation.rest(action.record))
        elif action.verb == "create":
            statements = self.creation.statements(action.record)
        elif text is not None and "definition" in action.attributes:
            others = tuple(one for one in action.attributes if one != "definition")
            statements = (with_replace(text), *self._alter_sql(replace(action, attributes=others)))
        else:
            statements = self._alter_sql(action)
        return [ExecuteSql(statement) for statement in statements if statement]

    def _alter_sql(self, action: Action) -> tuple[str, ...]:
        return action_sql(action, before=self.before, after=self.catalog)

    def _create_table(self, record: CatalogObject) -> Sequence[ops.MigrateOperation] | None:
        """Return op.create_table() with the constraints that can be inline, and what it does not state."""
        own = self._columns_of(record)
        if not _NOT_IN_CREATE_TABLE.isdisjoint(name for name, _ in record.facts):
            return None
        constraints = self._inline_constraints(record)
        made = table_columns.columns_of_table(own, self.creation, self.source, constraints)
        if made is None:
            return None
        self.waiting -= {one.key for one in constraints}
        name = OperationTable.of(record, self.source)
        create = CreateTable(
            name.table,
            [*made.columns, *table_constraints.inline(constraints, self.source)],
            schema=name.schema,
            comment=record.fact("comment"),
            prefixes=["UNLOGGED"] if record.fact("persistence") else [],
            **table_columns.table_options(record),
        )
        return [
            *(ExecuteSql(sql) for sql in made.before),
            create,
            *(ExecuteSql(sql) for sql in made.after),
            *self._rest(record),
            *(rest for one in constraints for rest in self._rest(one)),
        ]

    def _columns_of(self, record: CatalogObject) -> list[CatalogObject]:
        """Return the table's columns in their order."""
        children = self.creation.children.get(record.key, ())
        by_name = {
            child.identity[len(record.identity) + 1 :]: child
            for child in children
            if child.kind == "column"
        }
        order = listed_names(record.fact(COLUMN_ORDER) or "")
        return [by_name[name] for name in order if name in by_name]

    def _inline_constraints(self, record: CatalogObject) -> list[CatalogObject]:
        """Return the table's constraints that can be created with it, and take them from those to come."""
        own = [
            one
            for one in self.constraints[record.key]
            if one.key in self.waiting and table_constraints.inline([one], self.source)
        ]
        own.sort(
            key=lambda one: not (one.fact("definition") or "").startswith(("PRIMARY", "UNIQUE"))
        )
        found: list[CatalogObject] = []
        for one in own:
            known = {record.key, *(other.key for other in found), one.key}
            if not self._lacks(one, known=known):
                found.append(one)
        return found

    def _lacks(self, record: CatalogObject, *, known: set[Key]) -> bool:
        """Return whether the object refers to one that is still to be created."""
        return any(
            one in self.waiting and one not in known
            for needed in self.needs[record.key]
            for one in (needed, *self._parents(needed))
        )

    def _parents(self, one: Key) -> tuple[Key, ...]:
        record = self.catalog.find(one)
        return () if record is None else record.parents

    def _add_column(self, record: CatalogObject) -> Sequence[ops.MigrateOperation] | None:
        made = table_columns.columns_of_table([record], self.creation, self.source)
        if made is None:
            return None
        name = OperationTable.of_part(record, self.source)
        self.waiting.discard(key("identity", record.identity))
        return [
            *(ExecuteSql(sql) for sql in made.before),
            AddColumn(name.table, made.columns[0], schema=name.schema),
            *(ExecuteSql(sql) for sql in made.after),
            *self._rest(record),
        ]

    def _alter_column(self, action: Action) -> Sequence[ops.MigrateOperation] | None:
        """Return op.alter_column() for what it can alter, and SQL for the rest."""
        made = table_columns.alter_column(action, self.catalog, self.source, before=self.before)
        if made is None:
            return None
        others = tuple(one for one in action.attributes if one not in table_columns.ALTERED)
        rest = self._sql(replace(action, attributes=others)) if others else []
        return [*made, *rest]


def _rename(action: Action, source: Source) -> Iterator[ops.MigrateOperation]:
    before, after = action.old or action.record, action.record
    if before.kind in ("table", "column"):
        old, new = OperationTable.of_part(before, source), OperationTable.of_part(after, source)
        if before.kind == "column" and old == new and old.kind == "table":
            name = raw_name(after)
            yield AlterColumn(old.table, raw_name(before), modify_name=name, schema=old.schema)
            return
        if before.kind == "table" and old.schema == new.schema:
            yield RenameTable(old.table, new.table, schema=old.schema)
            return
    yield from map(ExecuteSql, action.statements)


def _drop(record: CatalogObject, source: Source, *, before: Catalog) -> ops.MigrateOperation | None:
    """Return Alembic's operation that drops the object; None if it has none."""
    match record.kind:
        case "table" if detach_sql(record, before):
            return None
        case "table":
            name = OperationTable.of(record, source)
            return ops.DropTableOp(name.table, schema=name.schema)
        case "column":
            name = OperationTable.of_part(record, source)
            if name.kind != "table":
                return None
            return ops.DropColumnOp(name.table, raw_name(record), schema=name.schema)
        case "constraint":
            return table_constraints.drop_constraint(record, source)
        case "index":
            return table_constraints.drop_index(record, source)
    return None


def _is_plain(table: Key) -> bool:
    """Return whether Alembic renders the table's name correctly: it does not escape quotes."""
    return "'" not in table.identity and "\\" not in table.identity


def _comment_table(action: Action, source: Source) -> ops.MigrateOperation:
    name = OperationTable.of(action.record, source)
    existing = None if action.old is None else action.old.fact("comment")
    comment = action.record.fact("comment")
    if comment is None:
        return ops.DropTableCommentOp(name.table, existing_comment=existing, schema=name.schema)
    return ops.CreateTableCommentOp(
        name.table, comment, existing_comment=existing, schema=name.schema
    )
