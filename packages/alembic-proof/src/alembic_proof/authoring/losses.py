"""What a plan loses, in the words of the `lossy` declaration of its revision."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.fills import Fill
from alembic_proof.authoring.renames import short_name
from alembic_proof.authoring.type_casts import TypeCasts
from alembic_proof.authoring.value_questions import Reason
from alembic_proof.catalog import Catalog, CatalogObject
from alembic_proof.rows.schema import display_name
from alembic_proof.sql import quote_if_needed


def lossy_text(upgrade: Iterable[str], downgrade: Iterable[str]) -> str:
    """Return the text of `lossy`; empty if nothing is lost.

    Example: `"tags: dropped; downgrade: users.name: cut to character varying(20)"`
    """
    return "; ".join((*upgrade, *(f"downgrade: {loss}" for loss in downgrade)))


def losses(
    actions: Sequence[Action],
    fills: Iterable[Fill],
    *,
    types: TypeCasts,
    catalog: Catalog,
    is_downgrade: bool = False,
) -> tuple[str, ...]:
    """Return one entry for each table or column that loses rows or values, sorted.

    :param actions: The plan of this direction, with the fills.
    :param fills: The answers to the questions of this direction.
    :param types: The types of the columns whose type changes.
    :param catalog: The database before: child tables hold values of inherited columns, too.
    :param is_downgrade: What the upgrade has added is then no loss.
    """
    created = {one.key for one in actions if one.verb == "create"}
    found: list[str] = []
    for one in actions:
        if one.verb == "drop" and not is_downgrade and one.key not in created:
            found += _dropped(one.record, catalog)
        elif one.verb == "alter" and "type" in one.attributes and one.record.kind == "column":
            by = "" if is_downgrade else _in_one_line(one.expression)
            found += _converted(one, types, catalog, by=by)
    given = tuple(fills)
    found += (text for one in given if (text := _of_fill(one)))
    emptied = {display_name(one.question.table) for one in given if one.is_deletion}
    return tuple(sorted({one for one in found if not _is_covered(one, emptied)}))


def _is_covered(entry: str, tables: Collection[str]) -> bool:
    """Return whether the entry is of a column of a table whose rows are declared lost."""
    return entry.partition(": ")[0].rpartition(".")[0] in tables


def _dropped(record: CatalogObject, catalog: Catalog) -> Iterator[str]:
    is_stored = record.kind == "column" and record.fact("generated") is None
    if record.kind == "table" or (is_stored and record.origin is None):
        yield from (f"{short_name(one)}: dropped" for one in _with_inheriting(record, catalog))


def _with_inheriting(record: CatalogObject, catalog: Catalog) -> Iterator[CatalogObject]:
    """Yield the object and the columns of child tables that inherit it; a partition's are the table's."""
    yield record
    for one in catalog.of_kind("column") if record.kind == "column" else ():
        table = catalog.find(one.parents[-1])
        if one.origin == record.key and table is not None and not table.fact("partition of"):
            yield from _with_inheriting(one, catalog)


def _converted(action: Action, types: TypeCasts, catalog: Catalog, *, by: str) -> Iterator[str]:
    """Yield the loss of another type that does not keep every value."""
    record, old = action.record, action.old
    change = (old.fact("type") or "" if old else "", record.fact("type") or "")
    if types.keeps_values(*change) or record.fact("generated") or record.origin is not None:
        return
    verb = "cut" if types.is_one_base(*change) else "converted"
    how = f"{verb} to {change[1]}{f' by {by}' if by else ''}"
    yield from (f"{short_name(one)}: {how}" for one in _with_inheriting(record, catalog))


def _of_fill(fill: Fill) -> str:
    """Return what the fill changes in rows that exist; empty for values that are only added."""
    question = fill.question
    if fill.is_unchanged or question.reason in (Reason.NEW_COLUMN, Reason.TYPE):
        return ""
    table = display_name(question.table)
    if fill.is_deletion:
        return f"{table}: {_rows(fill)} are deleted"
    value = _in_one_line(fill.expression)
    if question.reason in (Reason.NOT_NULL, Reason.REMOVED_VALUE):
        old = ", ".join(question.values) or "NULL"
        return f"{table}.{quote_if_needed(fill.column)}: {old} becomes {value}"
    return f"{table}.{quote_if_needed(fill.column)}: in {_rows(fill)} it becomes {value}"


def _rows(fill: Fill) -> str:
    """Return which rows are changed."""
    columns = ", ".join(map(quote_if_needed, fill.question.columns[::-1]))
    match fill.question.reason:
        case Reason.UNIQUE:
            return f"rows that repeat another one in {columns}"
        case Reason.CHECK:
            return f"rows that violate the check on {columns}"
        case Reason.REFERENCE:
            return f"rows whose {columns} references nothing"
    return f"rows without {columns}"


def _in_one_line(sql: str) -> str:
    return " ".join(sql.split())
