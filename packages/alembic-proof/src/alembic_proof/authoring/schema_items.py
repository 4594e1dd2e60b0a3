"""The columns, constraints, types and expressions within Alembic's operations, as Python."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import ColumnClause, TextClause, conv
from sqlalchemy.types import TypeEngine

from alembic_proof.authoring.execute_sql import quoted
from alembic_proof.authoring.sqlalchemy_types import is_installed


def excluded(element: Any, context: AutogenContext) -> str:
    """Return a column or an expression with its operator."""
    expression, operator = element
    return f"({value_code(expression, context)}, {quoted(operator)})"


class Code(str):
    """Text that is Python already."""

    __slots__ = ()


def call(function: str, *arguments: str, **keywords: object) -> str:
    """Return the call; keywords that are None are left out."""
    named = [
        f"{name}={value if isinstance(value, Code) else literal(value)}"
        for name, value in keywords.items()
        if value is not None
    ]
    return f"{function}({', '.join((*arguments, *named))})"


def literal(value: object) -> str:
    """Return a value as Python."""
    match value:
        case str():
            return quoted(value)
        case list() | tuple():
            return f"[{', '.join(map(literal, value))}]"
        case Mapping():
            pairs = (f"{literal(name)}: {literal(one)}" for name, one in value.items())
            return f"{{{', '.join(pairs)}}}"
    return repr(value)


def value_code(value: object, context: AutogenContext) -> str:
    """Return a column's name, an SQL expression, or a list of them."""
    match value:
        case TextClause():
            return f"{sa_prefix(context)}text({quoted(value.text)})"
        case ColumnClause(is_literal=True):
            return f"{sa_prefix(context)}literal_column({quoted(value.name)})"
        case ColumnClause():
            return f"{sa_prefix(context)}column({quoted(value.name)})"
        case list() | tuple():
            return f"[{', '.join(value_code(one, context) for one in value)}]"
    return literal(value)


def op_prefix(context: AutogenContext) -> str:
    """Return what is before the names of Alembic's operations: `op.`."""
    return str(context.opts["alembic_module_prefix"] or "")


def sa_prefix(context: AutogenContext) -> str:
    """Return what is before SQLAlchemy's names: `sa.`."""
    return str(context.opts["sqlalchemy_module_prefix"] or "")


def name_code(name: object, context: AutogenContext) -> str:
    """Return the name; within op.f() if a naming convention must not change it."""
    text = quoted(str(name))
    return f"{op_prefix(context)}f({text})" if isinstance(name, conv) else text


def _by_project(kind: str, item: object, context: AutogenContext) -> str | None:
    """Return what the project's render_item returns; None where it leaves the item to Alembic."""
    render_item = context.opts.get("render_item")
    found = render_item(kind, item, context) if render_item else False
    return None if found is False else str(found)


def item_code(item: Any, context: AutogenContext) -> str:
    """Return a column or a constraint within a table."""
    kind, render = next(
        (kind, render) for class_, (kind, render) in _ITEMS.items() if isinstance(item, class_)
    )
    found = _by_project(kind, item, context)
    return render(item, context) if found is None else found


def _column(column: sa.Column[Any], context: AutogenContext) -> str:
    default = column.server_default
    arguments = [quoted(column.name), type_code(column.type, context)]
    keywords: dict[str, object] = {}
    if isinstance(default, (sa.Computed, sa.Identity)):
        arguments.append(default_code(default, context))
    elif default is not None:
        keywords["server_default"] = Code(default_code(default, context))
    if column.autoincrement != "auto":
        keywords["autoincrement"] = column.autoincrement
    return call(
        f"{sa_prefix(context)}Column",
        *arguments,
        **keywords,
        nullable=column.nullable,
        comment=column.comment,
    )


def default_code(default: Any, context: AutogenContext) -> str:
    """Return a server default, an identity or a generated column's expression."""
    found = _by_project("server_default", default, context)
    if found is not None:
        return found
    match default:
        case sa.Computed():
            text = quoted(_text_of(default.sqltext))
            return call(f"{sa_prefix(context)}Computed", text, persisted=default.persisted)
        case sa.Identity():
            return call(f"{sa_prefix(context)}Identity", **_identity_options(default))
        case sa.DefaultClause():
            return value_code(default.arg, context)
    return value_code(default, context)


_IDENTITY_OPTIONS = ("always", "start", "increment", "minvalue", "maxvalue", "cycle", "cache")


def _identity_options(identity: sa.Identity) -> dict[str, object]:
    return {
        name: value for name in _IDENTITY_OPTIONS if (value := getattr(identity, name)) is not None
    }


def _text_of(expression: object) -> str:
    return expression.text if isinstance(expression, TextClause) else str(expression)


def _key(constraint: sa.PrimaryKeyConstraint | sa.UniqueConstraint, context: AutogenContext) -> str:
    return call(
        f"{sa_prefix(context)}{type(constraint).__name__}",
        *(quoted(column.name) for column in constraint.columns),
        name=Code(name_code(constraint.name, context)),
        deferrable=constraint.deferrable,
        initially=constraint.initially,
        **constraint.dialect_kwargs,
    )


def _foreign_key(constraint: sa.ForeignKeyConstraint, context: AutogenContext) -> str:
    return call(
        f"{sa_prefix(context)}ForeignKeyConstraint",
        literal([*constraint.column_keys]),
        literal([element.target_fullname for element in constraint.elements]),
        name=Code(name_code(constraint.name, context)),
        onupdate=constraint.onupdate,
        ondelete=constraint.ondelete,
        match=constraint.match,
        deferrable=constraint.deferrable,
        initially=constraint.initially,
    )


def _check(constraint: sa.CheckConstraint, context: AutogenContext) -> str:
    return call(
        f"{sa_prefix(context)}CheckConstraint",
        quoted(_text_of(constraint.sqltext)),
        name=Code(name_code(constraint.name, context)),
    )


def _exclude(constraint: postgresql.ExcludeConstraint, context: AutogenContext) -> str:
    _import_postgresql(context)
    elements = ((expression, operator) for expression, _, operator in constraint._render_exprs)
    where = constraint.where
    return call(
        "postgresql.ExcludeConstraint",
        *(excluded(one, context) for one in elements),
        where=None if where is None else Code(value_code(where, context)),
        using=constraint.using,
        name=Code(name_code(constraint.name, context)),
        deferrable=constraint.deferrable,
        initially=constraint.initially,
    )


_Renderer = Callable[[Any, AutogenContext], str]
_ITEMS: dict[type[Any], tuple[str, _Renderer]] = {
    sa.Column: ("column", _column),
    sa.PrimaryKeyConstraint: ("primary_key", _key),
    sa.UniqueConstraint: ("unique", _key),
    sa.ForeignKeyConstraint: ("foreign_key", _foreign_key),
    sa.CheckConstraint: ("check", _check),
    postgresql.ExcludeConstraint: ("exclude", _exclude),
}
"""The items of a table: what render_item calls them, and how they are rendered."""


def type_code(type_: TypeEngine[Any], context: AutogenContext) -> str:
    """Return a type, with the import that it needs."""
    if (found := _by_project("type", type_, context)) is not None:
        return found
    if _DOMAIN is not None and isinstance(type_, _DOMAIN):
        return _domain(type_, context)
    match type_:
        case postgresql.ENUM():
            labels = map(quoted, type_.enums)
            _import_postgresql(context)
            return call(
                "postgresql.ENUM",
                *labels,
                name=str(type_.name),
                schema=type_.schema,
                create_type=type_.create_type,
            )
        case postgresql.ARRAY():
            _import_postgresql(context)
            item = type_code(type_.item_type, context)
            return call("postgresql.ARRAY", item, dimensions=type_.dimensions)
    module = type(type_).__module__
    if module.startswith("sqlalchemy.dialects.postgresql"):
        _import_postgresql(context)
    impl = context.migration_context.impl
    if rendered := impl.render_type(type_, context):
        return str(rendered)
    if module.startswith("sqlalchemy.dialects.postgresql"):
        return f"postgresql.{type_!r}"
    if module.startswith("sqlalchemy."):
        return f"{sa_prefix(context)}{type_!r}"
    prefix = context.opts["user_module_prefix"]
    if prefix is None and isinstance(type_, sa.types.TypeDecorator) and not is_installed(type_):
        return type_code(type_.load_dialect_impl(context.migration_context.dialect), context)
    return f"{module + '.' if prefix is None else prefix}{type_!r}"


_DOMAIN: Any = getattr(postgresql, "DOMAIN", None)
"""None before SQLAlchemy 2.0."""


def _domain(type_: Any, context: AutogenContext) -> str:
    """Return the type of a column of a domain, which has its default and checks where it is created."""
    _import_postgresql(context)
    return call(
        "postgresql.DOMAIN",
        quoted(str(type_.name)),
        type_code(type_.data_type, context),
        schema=type_.schema,
        create_type=type_.create_type,
    )


def _import_postgresql(context: AutogenContext) -> None:
    context.imports.add("from sqlalchemy.dialects import postgresql")
