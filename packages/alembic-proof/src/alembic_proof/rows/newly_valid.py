"""Insert rows that only the new schema permits.

Users write such rows once the upgrade is deployed, so a downgrade must cope with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from alembic_proof.rows.checks.alternatives import alternatives, table_alternatives
from alembic_proof.rows.checks.constraints import ANY_VALUE, RowConstraints, ValueConstraint
from alembic_proof.rows.fill import MAX_PARTITIONS, FillNote, FillReport, SuppliedRows, fill
from alembic_proof.rows.schema import (
    Check,
    ColumnInfo,
    TableInfo,
    TypeKind,
    UserTables,
)
from alembic_proof.rows.template import NUMBER_JUMP
from alembic_proof.rows.values.numbers import is_unlimited, span_of
from alembic_proof.rows.values.registry import value_source
from alembic_proof.rows.values.source import MAX_TEXT_BYTES, ValueRequest


@dataclass(frozen=True, slots=True)
class NewlyValidValue:
    """One value that only the new schema permits."""

    column: str
    text: str | None
    """None is NULL."""
    reason: str


def fill_newly_valid(
    connection: sa.Connection,
    before: UserTables,
    after: UserTables,
    *,
    rows: int = 3,
    supplied: SuppliedRows | None = None,
) -> FillReport:
    """Fill new tables, and insert into changed ones a row for each newly valid value.

    A value that seems valid and is refused is a note: another constraint forbids it.

    :param supplied: Values of a new table's first rows.

    Locks: those of `fill`.
    """
    new_tables = [table.name for table in after if before.find(table.name) is None]
    report = FillReport()
    if new_tables:
        report = fill(connection, after, tables=new_tables, rows=rows, supplied=supplied)
    for table in after:
        old = before.find(table.name)
        if old is None or old == table:
            continue
        if {*table.partition_bounds} - {*old.partition_bounds}:
            partitions = min(len(table.partition_bounds), MAX_PARTITIONS)
            report += _more_rows(connection, after, table, rows=partitions)
        if _has_dropped_check(old, table):
            report += _more_rows(connection, after, table, rows=rows)
        for value in newly_valid_values(old, table, after):
            is_new = old.column(value.column) is None
            report += _row_with(connection, after, table, value, is_new_column=is_new)
    return report


def _has_dropped_check(old: TableInfo, new: TableInfo) -> bool:
    """Return whether a CHECK is gone, also a domain's, and no other one has its columns."""
    names = {column.name for column in new.columns}
    checked = {frozenset(check.columns) for check in new.checks}
    dropped = ({*check.columns} for check in old.checks if frozenset(check.columns) not in checked)
    return any(columns <= names for columns in dropped) or any(
        _has_domain_check(before) and not _has_domain_check(column)
        for column in new.columns
        if (before := old.column(column.name)) is not None
    )


def _has_domain_check(column: ColumnInfo) -> bool:
    return any(domain.checks for domain in column.type.domains)


def _more_rows(
    connection: sa.Connection, user_tables: UserTables, table: TableInfo, *, rows: int
) -> FillReport:
    """Insert more rows with usual values; rows that are refused are not reported."""
    return FillReport(fill(connection, user_tables, tables=(table.name,), rows=rows).filled)


def _row_with(
    connection: sa.Connection,
    user_tables: UserTables,
    table: TableInfo,
    value: NewlyValidValue,
    *,
    is_new_column: bool,
) -> FillReport:
    """Insert a row with the value; set it in stored rows if its column is new and no row fits."""
    found = fill(
        connection,
        user_tables,
        tables=(table.name,),
        rows=1,
        preset={table.name: ({value.column: value.text},)},
        new_columns={table.name: [value.column] if is_new_column else []},
    )
    refused = [one for one in found.not_filled if one.table == table.name]
    if not refused:
        return FillReport(found.filled, found.not_filled)
    text = f"{value.reason}, yet a row with it is refused: {refused[0].reason}"
    others = tuple(one for one in found.not_filled if one.table != table.name)
    return FillReport(found.filled, others, (FillNote(table.name, text),))


def newly_valid_values(
    before: TableInfo, after: TableInfo, user_tables: UserTables
) -> tuple[NewlyValidValue, ...]:
    """Return the values that the new table accepts and the old one did not.

    Only what the definitions say is compared; triggers and policies are not read.

    :param user_tables: All tables of the new schema.
    """
    old_constraints, new_constraints = column_constraints(before), column_constraints(after)
    found: list[NewlyValidValue] = []
    for column in after.columns:
        if column.is_generated or column.has_sequence:
            continue
        constraint = new_constraints.get(column.name, ANY_VALUE)
        is_referencing = column.name in after.referencing_columns
        old = _old_column(before, after, column)
        if old is None:
            if not is_referencing:
                found.append(_in_new_column(after, column, constraint))
            continue
        if column.may_be_null and not old.may_be_null:
            found.append(NewlyValidValue(column.name, None, f"{column.name} may be NULL now"))
        if not is_referencing:
            old_constraint = old_constraints.get(old.name, ANY_VALUE)
            found += _ColumnChange(old, column, old_constraint, constraint).values()
    return tuple(dict.fromkeys((*found, *_dangling(before, after, user_tables))))


def column_constraints(table: TableInfo) -> dict[str, ValueConstraint]:
    """Return the CHECKs on one column that have a single alternative; of several, the first."""
    found: dict[str, ValueConstraint] = {}
    for check in table.checks:
        options = alternatives(check.expression)
        if len(options) == 1 and len(options[0]) == 1:
            for name, constraint in options[0].items():
                found.setdefault(name, constraint)
    return found


def narrowed_checks(before: TableInfo, after: TableInfo) -> frozenset[Check]:
    """Return the new table's checks that the values of some rows of the old one violate for certain.

    Each alternative of the check then refuses usual values of the same alternative of the old checks.
    A check that is not understood is none of these.
    """
    known = table_alternatives(before)
    return frozenset(
        check
        for check in after.checks
        if any(
            all(_refuses(option, one, before=before, after=after) for option in wanted)
            for one in known
            if (wanted := alternatives(check.expression))
        )
    )


def _refuses(
    wanted: RowConstraints, known: RowConstraints, *, before: TableInfo, after: TableInfo
) -> bool:
    """Return whether rows of the old table that satisfy `known` have values that `wanted` refuses."""
    for name, constraint in wanted.items():
        old, new = before.column(name), after.column(name)
        is_free = name not in before.referencing_columns
        if old is None or new is None or old.is_generated or old.has_sequence or not is_free:
            continue
        if _ColumnChange(new, old, constraint, known.get(name, ANY_VALUE)).is_wider:
            return True
    return False


def is_narrower(before: ColumnInfo, after: ColumnInfo) -> bool:
    """Return whether some numbers or texts of the old type do not fit into the new one."""
    old, new = before.type.base, after.type.base
    if old.category == new.category == "S":
        return _max_length(after, ANY_VALUE) < _max_length(before, ANY_VALUE)
    if not old.category == new.category == "N" or is_unlimited(new):
        return False
    if is_unlimited(old):
        return True
    was, now = span_of(old, ANY_VALUE), span_of(new, ANY_VALUE)
    return now.high < was.high or now.low > was.low


def _old_column(before: TableInfo, after: TableInfo, column: ColumnInfo) -> ColumnInfo | None:
    """Return the column as it was, also under another name; None for a new column."""
    old = before.column(column.name)
    if old is not None or column.attribute_id is None:
        return old
    gone = (other for other in before.columns if after.column(other.name) is None)
    return next((other for other in gone if other.attribute_id == column.attribute_id), None)


def _in_new_column(
    table: TableInfo, column: ColumnInfo, constraint: ValueConstraint
) -> NewlyValidValue:
    """Return a value for a new column; in a key, one that stored rows are unlikely to have."""
    is_unique = any(column.name in key.columns for key in table.keys)
    request = ValueRequest(column.type, constraint, column.name, f"{table.name}.{column.name}")
    text = value_source(request).typical(NUMBER_JUMP if is_unique else 0)
    return NewlyValidValue(column.name, text, f"{column.name} is new")


def _dangling(
    before: TableInfo, after: TableInfo, user_tables: UserTables
) -> Iterator[NewlyValidValue]:
    """Yield a value that references nothing, where a foreign key was dropped and its table was not.

    Of several columns the last one gets it that no other foreign key uses and that is unchanged.
    """
    for key in before.foreign_keys:
        columns = [column for name in key.columns if (column := after.column(name))]
        free = [
            column
            for column in columns
            if column.name not in after.referencing_columns and column == before.column(column.name)
        ]
        has_target = user_tables.find(key.table) is not None
        if free and len(columns) == len(key.columns) and has_target:
            column, names = free[-1], ", ".join(key.columns)
            request = ValueRequest(column.type, label=column.name)
            text = value_source(request).typical(NUMBER_JUMP)
            yield NewlyValidValue(column.name, text, f"{names} may refer to nothing now")


@dataclass(frozen=True, slots=True)
class _ColumnChange:
    """One column before and after, with what single-column CHECKs demand."""

    old: ColumnInfo
    new: ColumnInfo
    old_constraint: ValueConstraint
    new_constraint: ValueConstraint

    def values(self) -> Iterator[NewlyValidValue]:
        """Yield the values that only the new column accepts."""
        yield from self._of_constraints()
        yield from self._other_type()

    @property
    def is_wider(self) -> bool:
        """Whether the new column accepts usual values that the old one refused.

        Of two text types, the length alone decides.
        """
        refused, known = self.old_constraint, self.new_constraint
        if refused.is_null is not None or known.is_null is True:
            is_possible = refused.is_null is True or self.new.may_be_null
            return is_possible and refused.is_null not in (None, known.is_null)
        patterns, usual = (
            {*one.regexes, *one.like_patterns, one.letter_case, one.json_type}
            for one in (refused, known)
        )
        is_text = self.old.type.base.category == self.new.type.base.category == "S"
        found = self._of_constraints() if is_text else self.values()
        return not patterns <= usual or any(found)

    def _of_constraints(self) -> Iterator[NewlyValidValue]:
        yield from self._new_choice()
        if self.new_constraint.one_of is None:
            yield from self._longer_text()
            yield from self._wider_numbers()

    def _new_choice(self) -> Iterator[NewlyValidValue]:
        """Yield the first value that was added to a list or an enum, or any value without a list."""
        old, new = self.old.type.base, self.new.type.base
        added: list[str] = []
        if old.kind is TypeKind.ENUM is new.kind:
            added = [label for label in new.labels if label not in old.labels]
        elif self.old_constraint.one_of is not None:
            choices = self.new_constraint.one_of or (self._typical(1),)
            added = [text for text in choices if text not in self.old_constraint.one_of]
        for text in added[:1]:
            yield self._value(text, f"may be {text!r} now")

    def _longer_text(self) -> Iterator[NewlyValidValue]:
        if self.new.type.base.category == "S" == self.old.type.base.category:
            length = _max_length(self.new, self.new_constraint)
            if length > _max_length(self.old, self.old_constraint):
                text = (self.new.name + "x" * length)[:length]
                yield self._value(text, f"may have {length} characters now")

    def _wider_numbers(self) -> Iterator[NewlyValidValue]:
        """Yield the greatest and the least number of a wider type or of wider bounds."""
        old, new = self.old.type.base, self.new.type.base
        if not old.category == new.category == "N":
            return
        if old.name == "numeric" and old.modifier < 0:
            return  # it accepted any number before
        was, now = span_of(old, self.old_constraint), span_of(new, self.new_constraint)
        if now.high > was.high:
            yield self._value(f"{now.high:f}", f"may be {now.high:f} now")
        if now.low < was.low:
            yield self._value(f"{now.low:f}", f"may be {now.low:f} now")

    def _other_type(self) -> Iterator[NewlyValidValue]:
        """Yield a value of another type, which the old type need not have; not of numbers."""
        old, new = self.old.type.base, self.new.type.base
        if (old.schema, old.name) != (new.schema, new.name) and new.category != "N":
            yield self._value(self._typical(NUMBER_JUMP), "is of another type")

    def _typical(self, n: int) -> str:
        request = ValueRequest(self.new.type, self.new_constraint, self.new.name)
        return value_source(request).typical(n)

    def _value(self, text: str, reason: str) -> NewlyValidValue:
        return NewlyValidValue(self.new.name, text, f"{self.new.name} {reason}")


def _max_length(column: ColumnInfo, constraint: ValueConstraint) -> int:
    """Return how many characters a value may have, at most those of the longest text we write."""
    base = column.type.base
    length = MAX_TEXT_BYTES
    if constraint.max_length is not None:
        length = min(constraint.max_length, length)
    has_modifier = base.name in ("varchar", "bpchar") and base.modifier >= 4
    return min(length, base.modifier - 4) if has_modifier else length
