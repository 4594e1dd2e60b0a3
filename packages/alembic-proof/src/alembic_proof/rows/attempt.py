"""How one row is tried, and what is tried next after it was refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from alembic_proof.rows.run import Failure
from alembic_proof.rows.shape import Table
from alembic_proof.rows.values.registry import is_known

FARTHER = 1009
"""How far a row's number jumps when its values are taken; a prime, so that choices turn as well."""
MOST_TRIES = 24
MOST_JUMPS = 8
MOST_PROBES = 14

NOT_NULL = "23502"
FOREIGN_KEY = "23503"
UNIQUE = "23505"
EXCLUDED = "23P01"
CHECK = "23514"


class Flavour(StrEnum):
    """What kind of values a row gets where there is a choice."""

    ORDINARY = "ordinary"
    EMPTY = "empty"
    """NULL, else the first edge: empty, zero."""
    EXTREME = "extreme"
    """The other edges: long, negative, the ends of time."""
    LEAST = "least"
    """Only what has to be given; everything else is the default."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Everything that decides a row's values."""

    row: int
    """The row's number, counted from the table's first."""
    flavour: Flavour
    pace: int = 1
    """How many rows in a row refer to the same one."""
    plan: int = 0
    """Which of the ways to satisfy the checks."""
    bound: int = 0
    """Which partition."""
    jumps: int = 0
    shift: int = 0
    """Which of the choices of rows to refer to."""
    not_null: frozenset[str] = frozenset()
    nulls: frozenset[str] = frozenset()
    calm: frozenset[str] = frozenset()
    """Columns that get ordinary values whatever the flavour is."""
    least: frozenset[str] = frozenset()
    """Columns that get their default whatever the flavour is."""
    probed: frozenset[str] = frozenset()
    """Columns for which guesses are tried."""
    probe: int = 0
    stage: int = 0
    """How much of the ladder is used up."""
    tries: int = 0

    @property
    def number(self) -> int:
        """The number that ordinary values are made from."""
        return self.row + FARTHER * self.jumps


FLAVOURS = (Flavour.ORDINARY, Flavour.EMPTY, Flavour.EXTREME)


def first_attempt(row: int, *, position: int, pace: int = 1) -> Attempt:
    """The row as it should be: the first ordinary, the second empty, the third extreme."""
    flavour = FLAVOURS[position % len(FLAVOURS)]
    return Attempt(row=row, flavour=flavour, pace=pace, plan=position, bound=position)


def next_attempt(table: Table, attempt: Attempt, failure: Failure, *, plans: int) -> Attempt | None:
    """What to try after this failure, None when there is nothing left."""
    if attempt.tries >= MOST_TRIES:
        return None
    tried = replace(attempt, tries=attempt.tries + 1)
    state = failure.sqlstate
    if state in (UNIQUE, EXCLUDED, FOREIGN_KEY) and attempt.jumps < MOST_JUMPS:
        jumped = replace(
            tried, jumps=attempt.jumps + (state != FOREIGN_KEY), shift=attempt.shift + 1
        )
        return _calmed(jumped, _keyed(table, failure))
    if state == NOT_NULL and failure.column and failure.column not in attempt.not_null:
        return replace(tried, not_null=attempt.not_null | {failure.column})
    return _climbed(table, tried, _blamed(table, failure), plans=plans)


def _calmed(attempt: Attempt, columns: frozenset[str]) -> Attempt:
    """The attempt with ordinary values in these columns, in all where none is named."""
    if attempt.flavour is Flavour.LEAST:
        return attempt
    if columns:
        return replace(attempt, calm=attempt.calm | columns)
    return replace(attempt, flavour=Flavour.ORDINARY)


def _keyed(table: Table, failure: Failure) -> frozenset[str]:
    """The columns of the key that the failure is about, none where it has expressions."""
    keys = (key for key in table.keys if key.name == failure.constraint and not key.expressions)
    return frozenset(name for key in keys for name in key.columns)


def _blamed(table: Table, failure: Failure) -> frozenset[str]:
    """The columns that the failure is about; those of unknown types when it does not say."""
    checked = {check.name: check.columns for check in table.checks}
    if failure.sqlstate == CHECK and failure.constraint in checked:
        return frozenset(checked[failure.constraint])
    typed = frozenset(
        column.name
        for column in table.columns
        if failure.type and failure.type in (d.name for d in column.type.domains)
    )
    return typed or frozenset(c.name for c in table.columns if not is_known(c.type))


def _climbed(
    table: Table, attempt: Attempt, blamed: frozenset[str], *, plans: int
) -> Attempt | None:
    """The next rung: calm values, other ways, NULL, the least, then guesses.

    In the columns to blame, where they are known; the others keep their edges.
    """
    stage = attempt.stage
    up = replace(attempt, stage=stage + 1)
    if blamed - attempt.calm and attempt.flavour is not Flavour.ORDINARY:
        return _calmed(attempt, blamed)
    if stage == 0:
        if not blamed and attempt.flavour is not Flavour.ORDINARY:
            return replace(up, flavour=Flavour.ORDINARY)
        stage += 1
        up = replace(up, stage=stage + 1)
    turns = min(max(plans - 1, 0), 4)
    if stage <= turns:
        return replace(up, plan=attempt.plan + 1)
    rung = stage - turns - 1
    keys = {name for key in table.keys for name in key.columns}
    match rung:
        case 0:
            nullable = frozenset(column.name for column in table.columns if column.may_be_null)
            return replace(up, nulls=((blamed or nullable) & nullable) - keys)
        case 1:
            flavour = attempt.flavour if blamed else Flavour.LEAST
            return replace(up, flavour=flavour, least=blamed, nulls=frozenset())
        case _ if blamed and rung - 2 < MOST_PROBES:
            return replace(up, least=frozenset(), nulls=frozenset(), probed=blamed, probe=rung - 2)
    return None
