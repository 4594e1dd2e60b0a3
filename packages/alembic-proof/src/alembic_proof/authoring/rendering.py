"""Alembic's operations on tables, rendered alike by every version of Alembic.

Alembic's own renderers lack what PostgreSQL has: USING, primary keys, options of unique constraints;
the older ones checks and foreign keys' options as well. The project's `render_item` is asked first.
"""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.ddl.postgresql import CreateExcludeConstraintOp
from alembic.operations import ops

from alembic_proof.authoring.execute_sql import escape_colons, quoted
from alembic_proof.authoring.schema_items import (
    Code,
    call,
    default_code,
    excluded,
    item_code,
    name_code,
    op_prefix,
    type_code,
    value_code,
)


class CreateTable(ops.CreateTableOp):
    """op.create_table() with columns, and with constraints whose columns are named."""


class AddColumn(ops.AddColumnOp):
    """op.add_column()."""


class AlterColumn(ops.AlterColumnOp):
    """op.alter_column(), with postgresql_using where the type needs it."""


class RenameTable(ops.RenameTableOp):
    """op.rename_table()."""

    def to_diff_tuple(self) -> tuple[str, str, str]:
        """Return what `alembic check` prints."""
        return ("rename_table", self.table_name, self.new_table_name)


class DropConstraint(ops.DropConstraintOp):
    """op.drop_constraint() of a constraint that is only known by its name."""

    def to_diff_tuple(self) -> tuple[str, Any]:
        """Return what `alembic check` prints."""
        return ("remove_constraint", f"{self.table_name}.{self.constraint_name}")


class CreateIndex(ops.CreateIndexOp):
    """op.create_index() of columns and SQL expressions."""


class DropIndex(ops.DropIndexOp):
    """op.drop_index() with all options."""


class CreatePrimaryKey(ops.CreatePrimaryKeyOp):
    """op.create_primary_key()."""


class CreateUniqueConstraint(ops.CreateUniqueConstraintOp):
    """op.create_unique_constraint()."""


class CreateForeignKey(ops.CreateForeignKeyOp):
    """op.create_foreign_key()."""


class CreateCheckConstraint(ops.CreateCheckConstraintOp):
    """op.create_check_constraint() with the condition as SQL."""


class CreateExcludeConstraint(CreateExcludeConstraintOp):
    """op.create_exclude_constraint()."""


@renderers.dispatch_for(CreateTable)
def _render_create_table(context: AutogenContext, operation: CreateTable) -> str:
    table = operation.to_table()
    columns = [item_code(one, context) for one in table.columns]
    named = (one for one in table.constraints if one.name is not None)
    constraints = sorted(item_code(one, context) for one in named)
    return call(
        f"{op_prefix(context)}create_table",
        quoted(operation.table_name),
        *columns,
        *constraints,
        schema=operation.schema,
        comment=operation.comment,
        prefixes=operation.prefixes or None,
        **operation.kw,
    )


@renderers.dispatch_for(AddColumn)
def _render_add_column(context: AutogenContext, operation: AddColumn) -> str:
    return call(
        f"{op_prefix(context)}add_column",
        quoted(operation.table_name),
        item_code(operation.column, context),
        schema=operation.schema,
    )


@renderers.dispatch_for(AlterColumn)
def _render_alter_column(context: AutogenContext, operation: AlterColumn) -> str:
    keywords: dict[str, object] = {"new_column_name": operation.modify_name}
    if operation.existing_type is not None:
        keywords["existing_type"] = Code(type_code(operation.existing_type, context))
    if operation.modify_type is not None:
        keywords["type_"] = Code(type_code(operation.modify_type, context))
    keywords |= operation.kw
    if operation.modify_server_default is not False:
        keywords["server_default"] = Code(default_code(operation.modify_server_default, context))
    keywords["new_column_name"] = operation.modify_name
    keywords["nullable"] = operation.modify_nullable
    if operation.modify_nullable is None:
        keywords["existing_nullable"] = operation.existing_nullable
    if operation.modify_comment is not False:
        comment = operation.modify_comment
        keywords["comment"] = Code("None") if comment is None else comment
    keywords["schema"] = operation.schema
    name = f"{op_prefix(context)}alter_column"
    return call(name, quoted(operation.table_name), quoted(operation.column_name), **keywords)


@renderers.dispatch_for(RenameTable)
def _render_rename_table(context: AutogenContext, operation: RenameTable) -> str:
    return call(
        f"{op_prefix(context)}rename_table",
        quoted(operation.table_name),
        quoted(operation.new_table_name),
        schema=operation.schema,
    )


@renderers.dispatch_for(CreateIndex)
def _render_create_index(context: AutogenContext, operation: CreateIndex) -> str:
    elements = ", ".join(value_code(one, context) for one in operation.columns)
    return call(
        f"{op_prefix(context)}create_index",
        name_code(operation.index_name, context),
        quoted(operation.table_name),
        f"[{elements}]",
        unique=bool(operation.unique),
        schema=operation.schema,
        **{name: Code(value_code(value, context)) for name, value in operation.kw.items()},
    )


@renderers.dispatch_for(DropIndex)
def _render_drop_index(context: AutogenContext, operation: DropIndex) -> str:
    return call(
        f"{op_prefix(context)}drop_index",
        name_code(operation.index_name, context),
        table_name=operation.table_name,
        schema=operation.schema,
        if_exists=operation.if_exists,
        **operation.kw,
    )


@renderers.dispatch_for(CreatePrimaryKey)
@renderers.dispatch_for(CreateUniqueConstraint)
def _render_create_key(
    context: AutogenContext, operation: CreatePrimaryKey | CreateUniqueConstraint
) -> str:
    is_primary = isinstance(operation, CreatePrimaryKey)
    return call(
        f"{op_prefix(context)}create_{'primary_key' if is_primary else 'unique_constraint'}",
        name_code(operation.constraint_name, context),
        quoted(operation.table_name),
        value_code([*operation.columns], context),
        schema=operation.schema,
        **operation.kw,
    )


@renderers.dispatch_for(CreateForeignKey)
def _render_create_foreign_key(context: AutogenContext, operation: CreateForeignKey) -> str:
    return call(
        f"{op_prefix(context)}create_foreign_key",
        name_code(operation.constraint_name, context),
        quoted(operation.source_table),
        quoted(operation.referent_table),
        value_code([*operation.local_cols], context),
        value_code([*operation.remote_cols], context),
        **operation.kw,
    )


@renderers.dispatch_for(CreateCheckConstraint)
def _render_create_check(context: AutogenContext, operation: CreateCheckConstraint) -> str:
    return call(
        f"{op_prefix(context)}create_check_constraint",
        name_code(operation.constraint_name, context),
        quoted(operation.table_name),
        quoted(escape_colons(str(operation.condition))),
        schema=operation.schema,
        **operation.kw,
    )


@renderers.dispatch_for(CreateExcludeConstraint)
def _render_create_exclude(context: AutogenContext, operation: CreateExcludeConstraint) -> str:
    return call(
        f"{op_prefix(context)}create_exclude_constraint",
        name_code(operation.constraint_name, context),
        quoted(operation.table_name),
        *(excluded(one, context) for one in operation.elements),
        where=None if operation.where is None else Code(value_code(operation.where, context)),
        schema=operation.schema,
        **operation.kw,
    )
