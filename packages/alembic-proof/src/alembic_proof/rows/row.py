"""The values of one row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from alembic_proof.rows.attempt import FLAVOURS, Attempt, Flavour
from alembic_proof.rows.expression import Literal, parse
from alembic_proof.rows.plan import bounds, plans
from alembic_proof.rows.references import Rows, Unreachable, refer
from alembic_proof.rows.requirement import Demands, Requirement, merge_demands
from alembic_proof.rows.shape import Column, DefaultKind, ForeignKey, Table
from alembic_proof.rows.values.palette import Palette, Request
from alembic_proof.rows.values.registry import GUESSES, palette

FREE_NUMBER = 1_000_000
"""Where numbers begin that a sequence should have given but that have to be known beforehand."""
TEXT_GUESSES = (
    "a", "A", "1", "abc", "ABC", "0", "name@example.org", "https://example.org/a", "en", "USD",
    "+4930123456", "2021-03-04", "#00ff00", "1.0.0",
)  # fmt: skip
NUMBER_GUESSES = (
    "1",
    "0",
    "-1",
    "2",
    "10",
    "100",
    "3",
    "5",
    "1000",
    "2020",
    "0.5",
    "7",
    "12",
    "60",
)

Values = dict[str, str | None]
"""Columns' texts; None is NULL; a column that is missing gets its default."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A table with everything about its rows that does not change from row to row."""

    table: Table
    plans: tuple[Demands, ...]
    bounds: tuple[Demands, ...]
    keyed: frozenset[str]
    """Columns in which rows differ."""
    predicted: frozenset[str] = frozenset()
    """Numbered columns whose values have to be known beforehand."""
    waiting: frozenset[str] = frozenset()
    """Columns that are NULL until all tables have their rows."""
    palettes: dict[tuple[str, Requirement], Palette] = field(default_factory=dict, compare=False)

    @property
    def writable(self) -> tuple[Column, ...]:
        """The columns that a row brings values for."""
        return tuple(
            column
            for column in self.table.columns
            if not column.is_generated and (not column.is_numbered or column.name in self.predicted)
        )


def draft_of(
    table: Table,
    *,
    predicted: frozenset[str] = frozenset(),
    waiting: frozenset[str] = frozenset(),
) -> Draft:
    """The draft for the table's rows."""
    keyed = {name for key in table.keys for name in key.columns}
    return Draft(
        table=table,
        plans=plans(table) or ({},),
        bounds=bounds(table),
        keyed=frozenset((*keyed, *table.partition_columns)),
        predicted=predicted,
        waiting=waiting,
    )


def demands_of(draft: Draft, attempt: Attempt) -> Demands:
    """What the attempt's plan and partition ask."""
    plan = draft.plans[attempt.plan % len(draft.plans)]
    bound = draft.bounds[attempt.bound % len(draft.bounds)]
    merged = merge_demands(bound, plan)
    return bound if merged is None else merged


def values_of(
    draft: Draft, attempt: Attempt, keys: tuple[ForeignKey, ...], rows: Rows
) -> Values | Unreachable:
    """The row's values; `keys` are the foreign keys that refer to `rows`."""
    demands = demands_of(draft, attempt)
    referred = refer(
        draft.table,
        keys,
        rows,
        n=attempt.row // attempt.pace,
        shift=attempt.shift,
        demands=demands,
        is_null_wanted=attempt.flavour in (Flavour.EMPTY, Flavour.LEAST),
        not_null=attempt.not_null,
    )
    if isinstance(referred, Unreachable):
        return referred
    values: Values = dict.fromkeys(draft.waiting) | referred
    for place, column in enumerate(draft.writable):
        if column.name not in values and not _is_left_out(column, attempt):
            values[column.name] = _value(draft, column, place, attempt, demands)
    return values | _copied(values, demands)


def _is_left_out(column: Column, attempt: Attempt) -> bool:
    """Whether the row is to have the column's default."""
    is_least = attempt.flavour is Flavour.LEAST or column.name in attempt.least
    if not is_least or column.name in attempt.not_null:
        return False
    return column.name not in attempt.probed and column.default is not None


def _value(
    draft: Draft, column: Column, place: int, attempt: Attempt, demands: Demands
) -> str | None:
    asked = demands.get(column.name, Requirement())
    is_null_allowed = _may_be_null(draft, column, attempt, asked)
    if asked.is_null or (is_null_allowed and column.name in attempt.nulls):
        return None
    if column.name in draft.predicted:
        return str(FREE_NUMBER + attempt.number)
    if column.name in attempt.probed and asked.one_of is None:
        return _guess(column, attempt.probe)
    is_null_wanted = (
        is_null_allowed
        and attempt.flavour in (Flavour.EMPTY, Flavour.LEAST)
        and column.name not in attempt.calm
    )
    is_next_to_null = is_null_wanted and _is_next_to_null(attempt, place)
    if is_null_wanted and not is_next_to_null:
        return None
    found = _palette(draft, column, asked)
    if is_next_to_null or _is_ordinary(draft, column, attempt, demands, found):
        turn = _turn(draft, column, attempt, found, is_null_allowed=is_null_allowed)
        return found.series(turn + attempt.probe + _rank(column.name, demands))
    return _edge(found, attempt, place if is_null_allowed else 1)


def _turn(
    draft: Draft, column: Column, attempt: Attempt, found: Palette, *, is_null_allowed: bool
) -> int:
    """Which of the ordinary values it is; of few ones, none is spent on the rows with NULL."""
    if not found.count:
        return attempt.number
    turn = attempt.number // len(draft.plans)
    if is_null_allowed and len(draft.plans) == 1 and column.name not in draft.keyed:
        turn -= (turn + 1) // len(FLAVOURS)
    return turn


def _is_next_to_null(attempt: Attempt, place: int) -> bool:
    """Whether the column has a value although others are NULL: every other one, by turns.

    The first row with NULL has it wherever it can; rows of a later filling tell columns apart that
    are compared with each other, such as one that is filled from another.
    """
    turn = attempt.row // len(FLAVOURS)
    return attempt.flavour is Flavour.EMPTY and turn > 0 and (place + turn) % 2 == 1


def _edge(found: Palette, attempt: Attempt, place: int) -> str:
    if attempt.flavour is Flavour.EMPTY:
        return found.edges[0]
    turn = attempt.bound // len(FLAVOURS)  # of this filling, whatever rows were there
    edges = found.edges if turn else found.farthest
    return edges[(place + turn) % len(edges)]


def _may_be_null(draft: Draft, column: Column, attempt: Attempt, asked: Requirement) -> bool:
    return (
        column.may_be_null
        and asked.is_null is not False
        and column.name not in attempt.not_null
        and column.name not in draft.table.partition_columns
    )


def _is_ordinary(
    draft: Draft, column: Column, attempt: Attempt, demands: Demands, found: Palette
) -> bool:
    related = {name for each in demands.values() for name in each.above}
    return (
        not found.edges
        or attempt.flavour in (Flavour.ORDINARY, Flavour.LEAST)
        or column.name in draft.keyed
        or column.name in attempt.calm
        or column.name in related
        or bool(demands.get(column.name, Requirement()).above)
    )


def _rank(name: str, demands: Demands, depth: int = 0) -> int:
    """How many columns the value has to lie above."""
    asked = demands.get(name)
    if asked is None or not asked.above or depth > 8:
        return 0
    return 1 + max(_rank(other, demands, depth + 1) for other in asked.above)


def _palette(draft: Draft, column: Column, asked: Requirement) -> Palette:
    key = (column.name, asked)
    if key not in draft.palettes:
        draft.palettes[key] = palette(
            Request(
                type=column.type,
                requirement=asked,
                label=column.name,
                seed=f"{draft.table.name}.{column.name}",
                default=constant_default(column),
            )
        )
    return draft.palettes[key]


def constant_default(column: Column) -> str | None:
    """The text of a default that is a plain constant, else None."""
    if column.default is None or column.default_kind is not DefaultKind.CONSTANT:
        return None
    node = parse(column.default)
    return node.text if isinstance(node, Literal) else None


def _guess(column: Column, probe: int) -> str:
    pools: Mapping[str, tuple[str, ...]] = {"S": TEXT_GUESSES, "N": NUMBER_GUESSES}
    pool = pools.get(column.type.base.category, GUESSES)
    return pool[probe % len(pool)]


def _copied(values: Values, demands: Demands) -> Values:
    """The columns that have to equal another one."""
    return {
        name: values[other]
        for name, asked in demands.items()
        for other in asked.equal
        if name in values and values.get(other) is not None
    }
