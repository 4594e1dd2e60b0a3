"""Tables that one statement fills: one, or all of a circle that NULL cannot break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alembic_proof.rows.attempt import Attempt, next_attempt
from alembic_proof.rows.insert import Written, insert_sql
from alembic_proof.rows.order import Edge, empties
from alembic_proof.rows.references import Rows, Unreachable
from alembic_proof.rows.report import FillNote
from alembic_proof.rows.row import Draft, Values, draft_of, values_of
from alembic_proof.rows.run import Failure, Outcome
from alembic_proof.rows.shape import ForeignKey, Table, TableName

Given = Mapping[TableName, Sequence[Values]]
"""Rows' values that are set already."""
Position = int
"""Which of the new rows, from 0."""


@dataclass(slots=True)
class Unit:
    """The state of filling these tables."""

    drafts: tuple[Draft, ...]
    keys: Mapping[TableName, tuple[ForeignKey, ...]]
    """The references that are written with the row."""
    back: Mapping[TableName, tuple[str, ...]]
    given: Given
    attempts: dict[Position, dict[TableName, Attempt]]
    """The rows that are still to be written."""
    is_row_by_row: bool = False
    written: dict[TableName, list[Values]] = field(default_factory=dict)
    """What was sent and accepted."""
    stored: dict[TableName, list[Values]] = field(default_factory=dict)
    """What the tables gave back."""
    failures: dict[Position, Failure] = field(default_factory=dict)
    """Why a row was refused, the last time."""
    notes: list[FillNote] = field(default_factory=list)
    _sent: list[tuple[tuple[Position, ...], dict[TableName, list[Values]]]] = field(
        default_factory=list
    )

    @property
    def names(self) -> tuple[TableName, ...]:
        """The tables."""
        return tuple(draft.table.name for draft in self.drafts)

    @property
    def unfilled(self) -> tuple[Draft, ...]:
        """Those of the tables that got no row."""
        return tuple(draft for draft in self.drafts if not self.stored.get(draft.table.name))

    def statements(self, rows: Rows) -> list[str]:
        """What to send now: one statement for all rows, or one for each after a failure."""
        ready = {place: self._built(place, rows) for place in tuple(self.attempts)}
        built = {place: values for place, values in ready.items() if values is not None}
        self._sent = [((place,), _listed((values,))) for place, values in built.items()]
        if not self.is_row_by_row and built:
            self._sent = [(tuple(built), _listed(tuple(built.values())))]
        return [insert_sql(self._written(values)) for _, values in self._sent]

    def receive(self, outcomes: Sequence[Outcome]) -> None:
        """Ensures that what became of the statements is known."""
        for (places, values), outcome in zip(self._sent, outcomes, strict=True):
            if outcome.failure is None:
                self._accept(places, values, outcome.value)
            elif len(places) > 1:
                self.is_row_by_row = True
            else:
                self._refuse(places[0], outcome.failure)

    def _written(self, values: Mapping[TableName, list[Values]]) -> list[Written]:
        return [
            (draft.table, values[draft.table.name], self.back[draft.table.name])
            for draft in self.drafts
        ]

    def _accept(
        self,
        places: tuple[Position, ...],
        values: Mapping[TableName, list[Values]],
        stored: Sequence[Sequence[Sequence[str | None]]],
    ) -> None:
        for draft, rows in zip(self.drafts, stored, strict=True):
            name = draft.table.name
            self.written.setdefault(name, []).extend(values[name])
            back = self.back[name]
            found = [dict(zip(back, row, strict=bool(back))) for row in rows]
            self.stored.setdefault(name, []).extend(found)
            if len(rows) < len(places):
                lost = len(places) - len(rows)
                text = (
                    f"{lost} of {len(places)} accepted rows were not stored (a trigger or a rule)"
                )
                self.notes.append(FillNote(name, text))
        for place in places:
            del self.attempts[place]
            self.failures.pop(place, None)

    def _refuse(self, place: Position, failure: Failure) -> None:
        """Ensures that the row is tried in another way, or given up."""
        attempts = self.attempts[place]
        # What the guesses at the end run into says nothing of the row as it should be.
        if not any(attempt.probed for attempt in attempts.values()):
            self.failures[place] = failure
        blamed = [
            draft
            for draft in self.drafts
            if len(self.drafts) == 1 or failure.table in ("", _bare(draft.table.name))
        ]
        for draft in blamed or self.drafts:
            following = next_attempt(
                draft.table, attempts[draft.table.name], failure, plans=len(draft.plans)
            )
            if following is None:
                del self.attempts[place]
                return
            attempts[draft.table.name] = following

    def _built(self, place: Position, rows: Rows) -> dict[TableName, Values] | None:
        """The values of one row of each table; None when no reference can be satisfied."""
        while place in self.attempts:
            built = self._values(place, rows)
            if not isinstance(built, Failure):
                return built
            self._refuse(place, built)
        return None

    def _values(self, place: Position, rows: Rows) -> dict[TableName, Values] | Failure:
        built: dict[TableName, Values] = {}
        for draft in self.drafts:
            name = draft.table.name
            outside = tuple(key for key in self.keys[name] if key.table not in self.names)
            values = values_of(draft, self.attempts[place][name], outside, rows)
            if isinstance(values, Unreachable):
                return Failure("", str(values))
            built[name] = values
        for name in self.names:
            for key in self.keys[name]:
                if key.table in built:
                    built[name] |= _inside(key, built[key.table])
        for name in self.names:
            if place < len(self.given.get(name, ())):
                built[name] |= self.given[name][place]
        return built


def unit_of(
    tables: Sequence[Table],
    *,
    later: frozenset[Edge],
    back: Mapping[TableName, tuple[str, ...]],
    given: Given,
    attempts: dict[Position, dict[TableName, Attempt]],
) -> Unit:
    """The unit that fills these tables."""
    names = {table.name for table in tables}
    keys = {
        table.name: tuple(key for key in table.foreign_keys if (table.name, key.name) not in later)
        for table in tables
    }
    targets = [key for each in keys.values() for key in each if key.table in names]
    drafts = tuple(
        draft_of(
            table,
            predicted=frozenset(
                name for key in targets if key.table == table.name for name in key.referenced
            ),
            waiting=frozenset(
                name
                for key in table.foreign_keys
                if (table.name, key.name) in later
                for name in empties(table, key)
            ),
        )
        for table in tables
    )
    return Unit(drafts, keys, back, given, attempts)


def _inside(key: ForeignKey, row: Values) -> Values:
    """The reference to the row of the circle's other table that is written together with it."""
    return {
        mine: row[theirs]
        for mine, theirs in zip(key.columns, key.referenced, strict=True)
        if theirs in row
    }


def _listed(rows: Sequence[dict[TableName, Values]]) -> dict[TableName, list[Values]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


def _bare(name: TableName) -> str:
    """The name without schema and quotes, as an error's fields spell it."""
    return name.rsplit(".", 1)[-1].strip('"')
