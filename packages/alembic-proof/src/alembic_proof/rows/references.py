"""Which rows of other tables a row refers to, so that shared columns agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from alembic_proof.rows.order import empties
from alembic_proof.rows.requirement import Demands, Requirement
from alembic_proof.rows.shape import ForeignKey, Table, TableName

Row = Mapping[str, str | None]
"""Columns' texts; None is NULL."""
Rows = Mapping[TableName, Sequence[Row]]
"""Rows that may be referred to."""

MOST_STEPS = 2000


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A reference that has to be there and cannot."""

    key: ForeignKey

    def __str__(self) -> str:
        return f"{self.key.name} refers to {self.key.table}, which has no row that fits"


def refer(
    table: Table,
    keys: Sequence[ForeignKey],
    rows: Rows,
    *,
    n: int,
    shift: int,
    demands: Demands,
    is_null_wanted: bool,
    not_null: frozenset[str] = frozenset(),
) -> dict[str, str | None] | Unreachable:
    """The values of the keys' columns for row `n`; the `shift`-th choice that agrees.

    Where a key can be NULL it is when that is wanted, demanded, or nothing else is possible.
    """
    choices = [
        _Choice(key, _candidates(key, rows, n), _may_be_null(table, key, demands, not_null))
        for key in keys
    ]
    chosen = [
        choice.without_rows(table)
        if _is_emptied(choice, demands, is_null_wanted=is_null_wanted)
        else choice
        for choice in choices
    ]
    for choice in chosen:
        if not choice.candidates and not choice.empties:
            return Unreachable(choice.key)
    found = list(islice(_solutions(chosen, {}, demands, [MOST_STEPS]), shift + 1))
    return found[-1] if found else Unreachable(chosen[0].key)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A key, the rows that it may refer to, and the columns that make it NULL."""

    key: ForeignKey
    candidates: tuple[Row, ...]
    empties: tuple[str, ...]

    def without_rows(self, table: Table) -> _Choice:
        return _Choice(self.key, (), self.empties or empties(table, self.key))


def _candidates(key: ForeignKey, rows: Rows, n: int) -> tuple[Row, ...]:
    """The rows with all referenced columns, the n-th first."""
    fit = [
        row
        for row in rows.get(key.table, ())
        if all(row.get(name) is not None for name in key.referenced)
    ]
    start = n % len(fit) if fit else 0
    return (*fit[start:], *fit[:start])


def _may_be_null(
    table: Table, key: ForeignKey, demands: Demands, not_null: frozenset[str]
) -> tuple[str, ...]:
    columns = empties(table, key)
    is_refused = any(
        name in not_null or demands.get(name, Requirement()).is_null is False for name in columns
    )
    return () if is_refused else columns


def _is_emptied(choice: _Choice, demands: Demands, *, is_null_wanted: bool) -> bool:
    is_demanded = any(
        demands.get(name, Requirement()).is_null is True for name in choice.key.columns
    )
    return is_demanded or (is_null_wanted and bool(choice.empties))


def _solutions(
    choices: Sequence[_Choice],
    known: dict[str, str | None],
    demands: Demands,
    steps: list[int],
) -> Iterator[dict[str, str | None]]:
    """Every choice of rows in which shared columns agree; NULL comes last."""
    if not choices:
        yield known
        return
    choice = choices[0]
    for row in choice.candidates:
        steps[0] -= 1
        if steps[0] < 0:
            return
        values = {
            mine: row[theirs]
            for mine, theirs in zip(choice.key.columns, choice.key.referenced, strict=True)
        }
        if _agrees(values, known, demands):
            yield from _solutions(choices[1:], known | values, demands, steps)
    if choice.empties:
        emptied: dict[str, str | None] = dict.fromkeys(choice.empties)
        if all(known.get(name) is None for name in emptied):
            yield from _solutions(choices[1:], known | emptied, demands, steps)


def _agrees(values: Row, known: Row, demands: Demands) -> bool:
    for name, value in values.items():
        if name in known and known[name] != value:
            return False
        asked = demands.get(name)
        if asked is None:
            continue
        if asked.one_of is not None and value not in asked.one_of:
            return False
        together = {**known, **values}
        if any(other in together and together[other] == value for other in asked.above):
            return False
    return True
