"""Values that the downgrade gives rows which only the new schema permits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.authoring.fills import Fill
from alembic_proof.authoring.value_questions import (
    Database,
    Reason,
    ValueQuestion,
    default_literal,
    is_array_of_enum,
)
from alembic_proof.rows.checks.alternatives import table_alternatives
from alembic_proof.rows.checks.constraints import ANY_VALUE, ValueConstraint
from alembic_proof.rows.schema import ColumnInfo, ForeignKeyInfo, TableInfo, TypeInfo, TypeKind
from alembic_proof.rows.values.numbers import INTEGERS, is_unlimited, span_of
from alembic_proof.rows.values.registry import value_source
from alembic_proof.rows.values.source import ValueRequest
from alembic_proof.sql import quote_if_needed, quote_literal

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_INTEGER = "^-?[0-9]+$"
_DECIMAL = "^-?[0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?$"
_ANY_NUMBER = "^-?([0-9]+([.][0-9]+)?(e[+-]?[0-9]+)?|Infinity|NaN)$"
_EPOCH = ("date", "timestamp", "timestamptz")


def downgrade_fills(
    questions: tuple[ValueQuestion, ...],
    *,
    models: Database,
    history: Database,
    accepts: Callable[[TableInfo, ColumnInfo, str], bool],
) -> tuple[Fill, ...]:
    """Return the answers to the questions of a downgrade, which nobody is asked.

    A column gets a neutral value that the old schema permits; where none is known, the rows are
    deleted, as they cannot exist in it.

    :param models: The database before the downgrade.
    :param history: The database after it.
    :param accepts: Returns whether the checks of a column of `history` accept a value.
    """
    return tuple(
        fill
        for one in questions
        if (fill := _answer(one, models=models, history=history, accepts=accepts)) is not None
    )


def accepts_value(
    connection: Connection, history: Database, table: TableInfo, column: ColumnInfo, value: str
) -> bool:
    """Return whether PostgreSQL accepts the value in its domain and all checks of the column alone.

    Nothing is read from the table. An expression over other columns is not judged, and accepted.
    """
    checks = [one.expression for one in table.checks if one.columns == (column.name,)]
    if not (checks or column.type.domains) or not _is_alone(value):
        return True
    name, type_ = quote_if_needed(column.name), history.type_of(table.name, column.name)
    holds = " AND ".join(("true", *(f"({one}) IS NOT FALSE" for one in checks)))
    query = f"SELECT {name}, {holds} FROM (SELECT CAST({value} AS {type_}) AS {name}) AS row"
    savepoint = connection.begin_nested()
    try:
        found = connection.exec_driver_sql(query, execution_options={"no_parameters": True})
        return bool(found.one()[1])
    except DBAPIError:
        return False
    finally:
        savepoint.rollback()


def _is_alone(value: str) -> bool:
    """Return whether the value is a literal, perhaps with a cast."""
    return value == "NULL" or value.startswith("'") or _NUMBER.match(value) is not None


def _answer(
    question: ValueQuestion,
    *,
    models: Database,
    history: Database,
    accepts: Callable[[TableInfo, ColumnInfo, str], bool],
) -> Fill | None:
    table = history.tables.find(question.table)
    column = table.column(question.columns[0]) if table is not None else None
    if table is None or column is None:
        return None
    match question.reason:
        case Reason.TYPE:
            expression = _converted(question, column, models=models)
        case Reason.UNIQUE:
            expression = ""
        case Reason.REFERENCE:
            expression = "NULL" if column.may_be_null else ""
        case Reason.CHECK if len(question.columns) > 1:
            expression = ""
        case Reason.REMOVED_VALUE if is_array_of_enum(column):
            expression = question.proposal
        case _:
            values = (one for one in _values(table, column) if accepts(table, column, one))
            expression = next(values, "")
    if not expression and not question.condition:
        return None
    return Fill(question, expression, column.name)


def _values(table: TableInfo, column: ColumnInfo) -> Iterator[str]:
    """Yield values for all rows, the most usual ones first; a text made up for a pattern last.

    An empty value comes before one of the checks if PostgreSQL judges all of these.
    """
    if default := default_literal(column):
        yield default
    if needed := _own_value(table, column):
        yield needed
    found = (one.get(column.name, ANY_VALUE) for one in table_alternatives(table))
    read = (one.columns for one in table.checks if column.name in one.columns)
    is_judged = all(columns == (column.name,) for columns in read)
    wanted = (ANY_VALUE, *found) if is_judged else (*found, ANY_VALUE)
    constraints = [one for one in dict.fromkeys(wanted) if not one.is_null]
    made_up = [one for one in constraints if one.regexes or one.like_patterns]
    yield from (_neutral_value(column, one) for one in constraints if one not in made_up)
    if column.may_be_null:
        yield "NULL"
    yield from (_neutral_value(column, one) for one in made_up)


def _own_value(table: TableInfo, column: ColumnInfo) -> str:
    """Return what a reference or a key needs: what exists, or differs in each row; else nothing."""
    reference = next((one for one in table.foreign_keys if column.name in one.columns), None)
    if reference is not None:
        return _first_referenced(table, column, reference)
    if any(one.columns == (column.name,) and not one.predicate for one in table.keys):
        return _unique_value(table, column)
    return ""


def _first_referenced(table: TableInfo, column: ColumnInfo, reference: ForeignKeyInfo) -> str:
    """Return the first row that the key can reference, given its other columns."""
    pairs = dict(reference.pairs)
    name = quote_if_needed(pairs.pop(column.name))
    equal = " AND ".join(
        f"referenced.{quote_if_needed(other)} = {table.name}.{quote_if_needed(own)}"
        for own, other in pairs.items()
    )
    where = f" WHERE {equal}" if equal else ""
    return (
        f"(SELECT referenced.{name} FROM {reference.table} AS referenced{where}"
        f" ORDER BY referenced.{name} LIMIT 1)"
    )


def _unique_value(table: TableInfo, column: ColumnInfo) -> str:
    """Return an expression that differs in each row; empty if there is none."""
    base = column.type.base
    if base.name == "uuid":
        return "gen_random_uuid()"
    own_key = [name for name in table.primary_key if name != column.name]
    if not own_key:
        return ""
    [name, *others] = own_key
    if base.category == "S":
        listed = ", ".join(map(quote_if_needed, own_key))
        return f"concat_ws('-', {listed})" if others else f"{listed}::text"
    key_column = table.column(name)
    is_number = key_column is not None and key_column.type.base.category == "N"
    return quote_if_needed(name) if is_number and not others and base.category == "N" else ""


def _neutral_value(column: ColumnInfo, constraint: ValueConstraint) -> str:
    """Return the literal of an empty or usual value that the constraint permits."""
    base = column.type.base
    if constraint == ANY_VALUE and base.name in _EPOCH and not column.type.domains:
        return quote_literal("epoch")
    if constraint == ANY_VALUE and base.category == "S" and not column.type.domains:
        return "''"
    if constraint == ANY_VALUE and base.name == "bool":
        return "false"
    source = value_source(ValueRequest(column.type, constraint, column.name))
    trivial = source.boundary_values[: source.trivial_count] if constraint == ANY_VALUE else ()
    text = trivial[0] if trivial else source.typical(0)
    if base.category == "N" and _NUMBER.fullmatch(text):
        return text
    return text if base.name == "bool" else quote_literal(text)


def _converted(question: ValueQuestion, column: ColumnInfo, *, models: Database) -> str:
    """Return the conversion to the old type of values that it need not have."""
    table = models.tables.find(question.table)
    new = table.column(column.name) if table is not None else None
    name, type_ = quote_if_needed(column.name), question.proposal
    if new is None:
        return type_
    old_base, new_base = column.type.base, new.type.base
    if old_base.category == new_base.category == "N":
        return _clamped(name, old_base, type_)
    if old_base.kind is TypeKind.ENUM:
        listed = ", ".join(quote_literal(one) for one in old_base.labels)
        other = "" if column.may_be_null else f" ELSE {quote_literal(old_base.labels[0])}"
        return f"CASE WHEN {name}::text IN ({listed}) THEN {type_}{other} END"
    if old_base.category == "N" and new_base.category == "S":
        pattern = _INTEGER if old_base.name in INTEGERS else _DECIMAL
        pattern = _ANY_NUMBER if is_unlimited(old_base) else pattern
        value = _clamped(name, old_base, type_, as_number=f"{name}::numeric")
        other = "" if column.may_be_null else " ELSE 0"
        return f"CASE WHEN {name} ~ {quote_literal(pattern)} THEN {value}{other} END"
    return type_


def _clamped(name: str, type_: TypeInfo, cast: str, *, as_number: str = "") -> str:
    """Return the cast of a number, or of the bound of the type if the number is beyond it.

    :param as_number: The column's value as a number, if it is none.
    """
    if is_unlimited(type_):
        return cast
    span = span_of(type_, ANY_VALUE)
    within = f"least(greatest({as_number or name}, {span.low:f}), {span.high:f})"
    return f"{within}{cast.removeprefix(name)}"
