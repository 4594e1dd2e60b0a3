"""The values of one new row: which kind of values, and what to try after the server refused it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from alembic_proof.rows.checks.alternatives import partition_constraints, table_alternatives
from alembic_proof.rows.checks.constraints import (
    ANY_VALUE,
    RowConstraints,
    ValueConstraint,
    merge_rows,
)
from alembic_proof.rows.checks.expression import Literal, parse
from alembic_proof.rows.references import NoReferencedRow, choose_references
from alembic_proof.rows.savepoint_batch import StatementFailure
from alembic_proof.rows.schema import (
    ColumnInfo,
    DefaultKind,
    ForeignKeyInfo,
    KnownRows,
    RowValues,
    TableInfo,
)
from alembic_proof.rows.values.registry import GUESSES, is_known, value_source
from alembic_proof.rows.values.source import ValueRequest, ValueSource
from alembic_proof.sql import Sqlstate

EXPLICIT_NUMBERS_FROM = 1_000_000
"""The first number of a column whose sequence is not used, far beyond what the sequence gives."""
NUMBER_JUMP = 1009
"""How far a row's number jumps when its values are taken; a prime, so that all choices change."""
MAX_TRIES = 24
_MAX_NUMBER_JUMPS = 8
_MAX_ALTERNATIVES = 4
"""How many further alternatives of the CHECKs are tried."""
_MAX_GUESSES = 14
_TEXT_GUESSES = (
    "a", "A", "1", "abc", "ABC", "0", "name@example.org", "https://example.org/a", "en", "USD",
    "+4930123456", "2021-03-04", "#00ff00", "1.0.0",
)  # fmt: skip
_NUMBER_GUESSES = (
    "1", "0", "-1", "2", "10", "100", "3", "5", "1000", "2020", "0.5", "7", "12", "60",
)  # fmt: skip
_DUPLICATE = (Sqlstate.UNIQUE_VIOLATION, Sqlstate.EXCLUSION_VIOLATION)


class ValueMode(StrEnum):
    """The kind of values that a row gets where its constraints leave a choice."""

    TYPICAL = "typical"
    EMPTY = "empty"
    """NULL where it is allowed, else the first boundary value: an empty text, zero."""
    EXTREME = "extreme"
    """The other boundary values: long texts, negative numbers, the ends of time."""
    DEFAULTS = "defaults"
    """The column's default or NULL where possible."""


VALUE_MODES = (ValueMode.TYPICAL, ValueMode.EMPTY, ValueMode.EXTREME)


@dataclass(frozen=True, slots=True)
class Attempt:
    """Everything that decides a row's values; after a failure another attempt follows."""

    row: int
    """The row's number in its table, from 0; rows that were there before count."""
    mode: ValueMode
    rows_per_parent: int = 1
    """How many consecutive rows reference the same row."""
    check_alternative: int = 0
    """Which alternative that satisfies the CHECKs."""
    partition: int = 0
    """Which partition; it is also the row's position among the new rows."""
    number_jumps: int = 0
    choice_number: int = 0
    """Which combination of referenced rows."""
    not_null_columns: frozenset[str] = frozenset()
    """Columns in which the server has refused NULL."""
    null_columns: frozenset[str] = frozenset()
    typical_columns: frozenset[str] = frozenset()
    """Columns with a typical value in every mode."""
    default_columns: frozenset[str] = frozenset()
    """Columns with their default in every mode."""
    guessed_columns: frozenset[str] = frozenset()
    """Columns for which guesses are tried."""
    guess: int = 0
    fallback_step: int = 0
    tries: int = 0

    @property
    def number(self) -> int:
        """Return the number from which typical values are made."""
        return self.row + NUMBER_JUMP * self.number_jumps


def first_attempt(row: int, *, position: int, rows_per_parent: int = 1) -> Attempt:
    """Return the first attempt: typical values for the first row, then empty, then extreme ones.

    :param row: The row's number in its table.
    :param position: Its position among the new rows.
    """
    return Attempt(
        row=row,
        mode=VALUE_MODES[position % len(VALUE_MODES)],
        rows_per_parent=rows_per_parent,
        check_alternative=position,
        partition=position,
    )


@dataclass(frozen=True, slots=True)
class RowTemplate:
    """A table, with what is the same for all its rows."""

    table: TableInfo
    check_alternatives: tuple[RowConstraints, ...]
    """The alternatives that satisfy all CHECKs."""
    partition_bounds: tuple[RowConstraints, ...]
    unique_columns: frozenset[str]
    """Columns in which rows must differ, or that decide the partition."""
    explicit_columns: frozenset[str] = frozenset()
    """Columns with a sequence whose value must be known before the INSERT."""
    deferred_columns: frozenset[str] = frozenset()
    """Columns that stay NULL until all tables have their rows."""
    value_sources: dict[tuple[str, ValueConstraint], ValueSource] = field(
        default_factory=dict, compare=False
    )
    """A cache."""

    @property
    def writable(self) -> tuple[ColumnInfo, ...]:
        """Return the columns for which a row brings values."""
        return tuple(
            column
            for column in self.table.columns
            if not column.is_generated
            and (not column.has_sequence or column.name in self.explicit_columns)
        )

    def source(self, column: ColumnInfo, constraint: ValueConstraint) -> ValueSource:
        """Return the column's values under this constraint."""
        key = (column.name, constraint)
        if key not in self.value_sources:
            self.value_sources[key] = value_source(
                ValueRequest(
                    type=column.type,
                    constraint=constraint,
                    label=column.name,
                    seed=f"{self.table.name}.{column.name}",
                    default=constant_default(column),
                )
            )
        return self.value_sources[key]


def row_template(
    table: TableInfo,
    *,
    explicit_columns: frozenset[str] = frozenset(),
    deferred_columns: frozenset[str] = frozenset(),
) -> RowTemplate:
    """Return the template for the table's rows."""
    unique = {name for key in table.keys for name in key.columns}
    return RowTemplate(
        table=table,
        check_alternatives=table_alternatives(table) or ({},),
        partition_bounds=partition_constraints(table),
        unique_columns=frozenset((*unique, *table.partition_columns)),
        explicit_columns=explicit_columns,
        deferred_columns=deferred_columns,
    )


def constant_default(column: ColumnInfo) -> str | None:
    """Return the text of a default that is a plain constant, else None."""
    if column.default is None or column.default_kind is not DefaultKind.CONSTANT:
        return None
    node = parse(column.default)
    return node.text if isinstance(node, Literal) else None


def row_values(
    template: RowTemplate, attempt: Attempt, keys: tuple[ForeignKeyInfo, ...], rows: KnownRows
) -> RowValues | NoReferencedRow:
    """Return the row's values.

    :param keys: The foreign keys that are to reference one of `rows`.
    """
    row = _Row(template, attempt, _constraints(template, attempt))
    references = choose_references(
        template.table,
        keys,
        rows,
        n=attempt.row // attempt.rows_per_parent,
        choice_number=attempt.choice_number,
        constraints=row.constraints,
        is_null_wanted=row.prefers_null,
        not_null_columns=attempt.not_null_columns,
    )
    if isinstance(references, NoReferencedRow):
        return references
    values: RowValues = dict.fromkeys(template.deferred_columns) | references
    for place, column in enumerate(template.writable):
        if column.name not in values and not row.uses_default(column):
            values[column.name] = row.value(column, place)
    return values | _equal_values(values, row.constraints)


def _constraints(template: RowTemplate, attempt: Attempt) -> RowConstraints:
    """Return what the attempt's partition and its alternative of the CHECKs demand."""
    alternatives, bounds = template.check_alternatives, template.partition_bounds
    bound = bounds[attempt.partition % len(bounds)]
    merged = merge_rows(bound, alternatives[attempt.check_alternative % len(alternatives)])
    return bound if merged is None else merged


def _equal_values(values: RowValues, constraints: RowConstraints) -> RowValues:
    """Return the values of columns that a CHECK wants equal to another column."""
    return {
        name: values[other]
        for name, constraint in constraints.items()
        for other in constraint.equal_to
        if name in values and values.get(other) is not None
    }


@dataclass(frozen=True, slots=True)
class _Row:
    """The row of one attempt."""

    template: RowTemplate
    attempt: Attempt
    constraints: RowConstraints

    @property
    def prefers_null(self) -> bool:
        return self.attempt.mode in (ValueMode.EMPTY, ValueMode.DEFAULTS)

    def uses_default(self, column: ColumnInfo) -> bool:
        """Return whether the column is left out, so that it gets its default."""
        attempt = self.attempt
        is_wanted = attempt.mode is ValueMode.DEFAULTS or column.name in attempt.default_columns
        return (
            is_wanted
            and column.default is not None
            and column.name not in attempt.not_null_columns
            and column.name not in attempt.guessed_columns
        )

    def value(self, column: ColumnInfo, place: int) -> str | None:
        """Return the column's value; `place` is the column's position among the written ones."""
        attempt, name = self.attempt, column.name
        constraint = self.constraints.get(name, ANY_VALUE)
        is_null_allowed = self._is_null_allowed(column, constraint)
        if constraint.is_null or (is_null_allowed and name in attempt.null_columns):
            return None
        if name in self.template.explicit_columns:
            return str(EXPLICIT_NUMBERS_FROM + attempt.number)
        if name in attempt.guessed_columns and constraint.one_of is None:
            return _guess(column, attempt.guess)
        is_null = is_null_allowed and self.prefers_null and name not in attempt.typical_columns
        if is_null and not self._is_beside_null(place):
            return None
        source = self.template.source(column, constraint)
        if is_null or self._needs_typical_value(column, source):
            index = self._typical_index(column, source, is_null_allowed=is_null_allowed)
            return source.typical(index + attempt.guess + _ordering_depth(name, self.constraints))
        return self._boundary_value(source, place if is_null_allowed else 1)

    def _is_null_allowed(self, column: ColumnInfo, constraint: ValueConstraint) -> bool:
        return (
            column.may_be_null
            and constraint.is_null is not False
            and column.name not in self.attempt.not_null_columns
            and column.name not in self.template.table.partition_columns
        )

    def _is_beside_null(self, place: int) -> bool:
        """Return whether the column has a value although the row is otherwise NULL.

        The first such row is NULL in every nullable column. In later ones every second column has a
        value, so that a column that a revision fills from another one differs from it.
        """
        round_ = self.attempt.row // len(VALUE_MODES)
        return self.attempt.mode is ValueMode.EMPTY and round_ > 0 and (place + round_) % 2 == 1

    def _needs_typical_value(self, column: ColumnInfo, source: ValueSource) -> bool:
        compared = {name for each in self.constraints.values() for name in each.greater_than}
        return (
            not source.boundary_values
            or self.attempt.mode in (ValueMode.TYPICAL, ValueMode.DEFAULTS)
            or column.name in self.template.unique_columns
            or column.name in self.attempt.typical_columns
            or column.name in compared
            or bool(self.constraints.get(column.name, ANY_VALUE).greater_than)
        )

    def _typical_index(
        self, column: ColumnInfo, source: ValueSource, *, is_null_allowed: bool
    ) -> int:
        """Return which typical value to use; of a few values, skip none in the rows with NULL."""
        if not source.count:
            return self.attempt.number
        alternatives = len(self.template.check_alternatives)
        turn = self.attempt.number // alternatives
        is_unique = column.name in self.template.unique_columns
        if is_null_allowed and alternatives == 1 and not is_unique:
            turn -= (turn + 1) // len(VALUE_MODES)
        return turn

    def _boundary_value(self, source: ValueSource, place: int) -> str:
        if self.attempt.mode is ValueMode.EMPTY:
            return source.boundary_values[0]
        turn = self.attempt.partition // len(VALUE_MODES)  # among the new rows only
        values = source.boundary_values if turn else source.extreme_values
        return values[(place + turn) % len(values)]


def _guess(column: ColumnInfo, guess: int) -> str:
    pools: Mapping[str, tuple[str, ...]] = {"S": _TEXT_GUESSES, "N": _NUMBER_GUESSES}
    pool = pools.get(column.type.base.category, GUESSES)
    return pool[guess % len(pool)]


def _ordering_depth(name: str, constraints: RowConstraints, depth: int = 0) -> int:
    """Return the length of the chain of columns that the value must be greater than."""
    constraint = constraints.get(name, ANY_VALUE)
    if not constraint.greater_than or depth > 8:
        return 0
    depths = (_ordering_depth(other, constraints, depth + 1) for other in constraint.greater_than)
    return 1 + max(depths)


def next_attempt(
    template: RowTemplate, attempt: Attempt, failure: StatementFailure
) -> Attempt | None:
    """Return what to try after this failure, None when nothing is left."""
    if attempt.tries >= MAX_TRIES:
        return None
    table, sqlstate = template.table, failure.sqlstate
    tried = replace(attempt, tries=attempt.tries + 1)
    is_taken = sqlstate in (*_DUPLICATE, Sqlstate.FOREIGN_KEY_VIOLATION)
    if is_taken and attempt.number_jumps < _MAX_NUMBER_JUMPS:
        jumped = replace(
            tried,
            number_jumps=attempt.number_jumps + (sqlstate in _DUPLICATE),
            choice_number=attempt.choice_number + 1,
        )
        return _with_typical_values(jumped, _violated_key_columns(table, failure))
    refused = {failure.column} - {""} - attempt.not_null_columns
    if sqlstate == Sqlstate.NOT_NULL_VIOLATION and refused:
        return replace(tried, not_null_columns=attempt.not_null_columns | refused)
    return _next_fallback(template, tried, _failing_columns(table, failure))


def _with_typical_values(attempt: Attempt, columns: frozenset[str]) -> Attempt:
    """Return the attempt with typical values in these columns, in all columns if none is named."""
    if attempt.mode is ValueMode.DEFAULTS:
        return attempt
    if columns:
        return replace(attempt, typical_columns=attempt.typical_columns | columns)
    return replace(attempt, mode=ValueMode.TYPICAL)


def _violated_key_columns(table: TableInfo, failure: StatementFailure) -> frozenset[str]:
    """Return the columns of the key that the failure names; empty for a key with expressions."""
    keys = (key for key in table.keys if key.name == failure.constraint and not key.expressions)
    return frozenset(name for key in keys for name in key.columns)


def _failing_columns(table: TableInfo, failure: StatementFailure) -> frozenset[str]:
    """Return the columns that the failure names, else those whose type is unknown."""
    checks = {check.name: check.columns for check in table.checks}
    if failure.sqlstate == Sqlstate.CHECK_VIOLATION and failure.constraint in checks:
        return frozenset(checks[failure.constraint])
    of_domain = frozenset(
        column.name
        for column in table.columns
        if failure.type and failure.type in (domain.name for domain in column.type.domains)
    )
    return of_domain or frozenset(c.name for c in table.columns if not is_known(c.type))


def _next_fallback(
    template: RowTemplate, attempt: Attempt, failing: frozenset[str]
) -> Attempt | None:
    """Return the next fallback; only the failing columns change, where they are known.

    In this order: typical values, other alternatives of the CHECKs, NULL, defaults, guesses.
    """
    if failing - attempt.typical_columns and attempt.mode is not ValueMode.TYPICAL:
        return _with_typical_values(attempt, failing)
    step = attempt.fallback_step
    if step == 0:
        if not failing and attempt.mode is not ValueMode.TYPICAL:
            return replace(attempt, fallback_step=1, mode=ValueMode.TYPICAL)
        step = 1
    following = replace(attempt, fallback_step=step + 1)
    alternatives = min(len(template.check_alternatives) - 1, _MAX_ALTERNATIVES)
    if step <= alternatives:
        return replace(following, check_alternative=attempt.check_alternative + 1)
    match step - alternatives - 1:
        case 0:
            unique = {name for key in template.table.keys for name in key.columns}
            nullable = frozenset(c.name for c in template.table.columns if c.may_be_null)
            nulls = ((failing or nullable) & nullable) - unique
            return replace(following, null_columns=nulls)
        case 1:
            mode = attempt.mode if failing else ValueMode.DEFAULTS
            return replace(following, mode=mode, default_columns=failing, null_columns=frozenset())
        case last if failing and last - 2 < _MAX_GUESSES:
            return replace(
                following,
                default_columns=frozenset(),
                null_columns=frozenset(),
                guessed_columns=failing,
                guess=last - 2,
            )
    return None
