"""Choose the rows that the foreign keys of a new row reference, so that shared columns agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from alembic_proof.rows.checks.constraints import ANY_VALUE, RowConstraints
from alembic_proof.rows.order import columns_set_null
from alembic_proof.rows.schema import ForeignKeyInfo, KnownRows, RowValues, TableInfo

MAX_STEPS = 2000
"""How many candidate rows one search tries."""


@dataclass(frozen=True, slots=True)
class NoReferencedRow:
    """A foreign key that cannot be NULL and for which no row can be referenced."""

    key: ForeignKeyInfo

    def __str__(self) -> str:
        return f"{self.key.name} refers to {self.key.table}, which has no row that fits"


def choose_references(
    table: TableInfo,
    keys: Sequence[ForeignKeyInfo],
    rows: KnownRows,
    *,
    n: int,
    choice_number: int,
    constraints: RowConstraints,
    is_null_wanted: bool,
    not_null_columns: frozenset[str] = frozenset(),
) -> RowValues | NoReferencedRow:
    """Return the values of the keys' columns.

    A key is NULL, where it may be, if that is wanted, required by a CHECK, or the only possibility.

    :param rows: The rows that may be referenced.
    :param n: The number of the new row; the search begins with the n-th candidate of each key.
    :param choice_number: Which of the possible combinations is returned, from 0.
    :param not_null_columns: Columns in which the server has refused NULL.
    """
    choices = [
        _Choice(
            key, _candidates(key, rows, n), _nullable(table, key, constraints, not_null_columns)
        )
        for key in keys
    ]
    chosen = [
        choice.without_rows(table)
        if _is_null(choice, constraints, is_null_wanted=is_null_wanted)
        else choice
        for choice in choices
    ]
    for choice in chosen:
        if not choice.candidates and not choice.null_columns:
            return NoReferencedRow(choice.key)
    found = list(islice(_combinations(chosen, {}, constraints, [MAX_STEPS]), choice_number + 1))
    return found[-1] if found else NoReferencedRow(chosen[0].key)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A foreign key, the rows that it may reference, and the columns that make it NULL."""

    key: ForeignKeyInfo
    candidates: tuple[RowValues, ...]
    null_columns: tuple[str, ...]

    def without_rows(self, table: TableInfo) -> _Choice:
        return _Choice(self.key, (), self.null_columns or columns_set_null(table, self.key))


def _candidates(key: ForeignKeyInfo, rows: KnownRows, n: int) -> tuple[RowValues, ...]:
    """Return the rows that have a value in each referenced column, beginning with the n-th."""
    fit = [
        row
        for row in rows.get(key.table, ())
        if all(row.get(name) is not None for name in key.referenced)
    ]
    start = n % len(fit) if fit else 0
    return (*fit[start:], *fit[:start])


def _nullable(
    table: TableInfo,
    key: ForeignKeyInfo,
    constraints: RowConstraints,
    not_null_columns: frozenset[str],
) -> tuple[str, ...]:
    """Return the columns that make the key NULL, empty where NULL is refused."""
    columns = columns_set_null(table, key)
    is_refused = any(
        name in not_null_columns or constraints.get(name, ANY_VALUE).is_null is False
        for name in columns
    )
    return () if is_refused else columns


def _is_null(choice: _Choice, constraints: RowConstraints, *, is_null_wanted: bool) -> bool:
    is_required = any(
        constraints.get(name, ANY_VALUE).is_null is True for name in choice.key.columns
    )
    return is_required or (is_null_wanted and bool(choice.null_columns))


def _combinations(
    choices: Sequence[_Choice],
    known: RowValues,
    constraints: RowConstraints,
    steps_left: list[int],
) -> Iterator[RowValues]:
    """Yield every choice of rows in which shared columns agree; NULL comes last.

    :param steps_left: One number, which the recursion counts down.
    """
    if not choices:
        yield known
        return
    choice = choices[0]
    for row in choice.candidates:
        steps_left[0] -= 1
        if steps_left[0] < 0:
            return
        values = {mine: row[theirs] for mine, theirs in choice.key.pairs}
        if _agrees(values, known, constraints):
            yield from _combinations(choices[1:], known | values, constraints, steps_left)
    if choice.null_columns:
        nulls: RowValues = dict.fromkeys(choice.null_columns)
        if all(known.get(name) is None for name in nulls):
            yield from _combinations(choices[1:], known | nulls, constraints, steps_left)


def _agrees(values: RowValues, known: RowValues, constraints: RowConstraints) -> bool:
    """Return whether the values fit those that are known and what the CHECKs demand."""
    together: Mapping[str, str | None] = {**known, **values}
    for name, value in values.items():
        if name in known and known[name] != value:
            return False
        constraint = constraints.get(name, ANY_VALUE)
        if constraint.one_of is not None and value not in constraint.one_of:
            return False
        if any(other in together and together[other] == value for other in constraint.greater_than):
            return False
    return True
