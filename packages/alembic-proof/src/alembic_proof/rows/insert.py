"""The statements that write rows, and the batch of tables that one INSERT fills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alembic_proof.rows.order import ForeignKeyId, columns_set_null
from alembic_proof.rows.references import NoReferencedRow
from alembic_proof.rows.savepoint_batch import StatementFailure, StatementOutcome
from alembic_proof.rows.schema import ForeignKeyInfo, KnownRows, RowValues, TableInfo, TableName
from alembic_proof.rows.template import (
    Attempt,
    RowTemplate,
    next_attempt,
    row_template,
    row_values,
)
from alembic_proof.sql import (
    quote_identifier,
    quote_identifiers,
    quote_literal,
    split_qualified_name,
    unquote_identifier,
)

TableRows = tuple[TableInfo, Sequence[RowValues], tuple[str, ...]]
"""A table, its new rows, and the columns that the INSERT returns."""
_RowIndex = int
"""Which of the new rows, from 0."""


def insert_sql(tables: Sequence[TableRows]) -> str:
    """Return one statement that inserts into all tables; it checks foreign keys only at its end.

    Its value is `[[[text, …], …], …]`: for each table and row the returned columns.
    Source: queries-with, "Data-Modifying Statements in WITH".
    """
    inserts = ",\n".join(
        f"i{place} AS ({_insert(table, rows, returned)})"
        for place, (table, rows, returned) in enumerate(tables)
    )
    results = ", ".join(
        _result(place, len(returned)) for place, (_, _, returned) in enumerate(tables)
    )
    return f"WITH {inserts}\nSELECT pg_catalog.jsonb_build_array({results})"


def _insert(table: TableInfo, rows: Sequence[RowValues], returned: tuple[str, ...]) -> str:
    texts = (f"{quote_identifier(name)}::text AS c{i}" for i, name in enumerate(returned))
    returning = f" RETURNING {', '.join(texts) or '1 AS c0'}"
    columns = [column for column in table.columns if any(column.name in row for row in rows)]
    columns = columns or list(table.columns[:1])
    if not columns:
        # DEFAULT VALUES would write one row only.
        numbers = f"pg_catalog.generate_series(1, {len(rows)})"
        return f"INSERT INTO {table.name} SELECT FROM {numbers}{returning}"
    is_always_identity = any(column.identity == "a" for column in columns)
    overriding = " OVERRIDING SYSTEM VALUE" if is_always_identity else ""
    names = [column.name for column in columns]
    lines = ",\n".join(f"({', '.join(_literal(row, name) for name in names)})" for row in rows)
    return (
        f"INSERT INTO {table.name} ({quote_identifiers(names)}){overriding}"
        f" VALUES\n{lines}{returning}"
    )


def _literal(row: RowValues, name: str) -> str:
    if name not in row:
        return "DEFAULT"
    text = row[name]
    return "NULL" if text is None else quote_literal(text)


def _result(place: int, width: int) -> str:
    columns = ", ".join(f"c{i}" for i in range(width))
    return (
        f"(SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array({columns})), '[]')"
        f" FROM i{place})"
    )


def update_sql(
    table: TableInfo, values: RowValues, key: RowValues, *, keeps_values: bool = False
) -> str:
    """Return an UPDATE of the row with this key; its value is the number of updated rows.

    :param keeps_values: Whether only columns that are NULL are set.
    """
    texts = {quote_identifier(name): _literal(values, name) for name in values}
    if keeps_values:
        texts = {name: f"coalesce({name}, {text})" for name, text in texts.items()}
    assigned = ", ".join(f"{name} = {text}" for name, text in texts.items())
    condition = " AND ".join(
        f"{quote_identifier(name)} = {quote_literal(text or '')}" for name, text in key.items()
    )
    return (
        f"WITH u AS (UPDATE {table.name} SET {assigned} WHERE {condition} RETURNING 1)"
        " SELECT pg_catalog.to_jsonb(pg_catalog.count(*)) FROM u"
    )


def stored_rows_sql(table: TableInfo, columns: tuple[str, ...], *, limit: int) -> str:
    """Return a SELECT whose value is `[count, [[text, …], …]]`: these columns of some rows."""
    texts = ", ".join(f"{quote_identifier(name)}::text" for name in columns)
    order = f" ORDER BY {quote_identifiers(table.primary_key)}" if table.primary_key else ""
    return (
        f"SELECT pg_catalog.jsonb_build_array((SELECT pg_catalog.count(*) FROM {table.name}),"
        " coalesce((SELECT pg_catalog.jsonb_agg(r.v) FROM"
        f" (SELECT pg_catalog.jsonb_build_array({texts}) AS v"
        f" FROM {table.name}{order} LIMIT {limit}) AS r), '[]'))"
    )


@dataclass(slots=True)
class InsertBatch:
    """The tables that one INSERT fills: one, or a cycle of foreign keys that cannot be NULL.

    Send `statements()`, pass what they gave to `receive()`, until `attempts` is empty.
    """

    templates: tuple[RowTemplate, ...]
    keys: Mapping[TableName, tuple[ForeignKeyInfo, ...]]
    """The foreign keys whose values the INSERT writes."""
    returned_columns: Mapping[TableName, tuple[str, ...]]
    supplied: KnownRows
    """Values of a table's first new rows; other columns get generated values."""
    attempts: dict[_RowIndex, dict[TableName, Attempt]]
    """The rows that are not written yet."""
    is_row_by_row: bool = False
    written: dict[TableName, list[RowValues]] = field(default_factory=dict)
    """The rows that the server has accepted, as they were sent."""
    stored: dict[TableName, list[RowValues]] = field(default_factory=dict)
    """The rows that the tables returned."""
    failures: dict[_RowIndex, StatementFailure] = field(default_factory=dict)
    """The last failure of each row that is not written."""
    not_stored: dict[TableName, str] = field(default_factory=dict)
    """Tables of which accepted rows were not stored, with a message."""
    _sent: list[tuple[_RowIndex, ...]] = field(default_factory=list)
    """The rows of each statement that was sent last."""
    _values: dict[_RowIndex, dict[TableName, RowValues]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[TableName, ...]:
        """Return the names of the tables."""
        return tuple(template.table.name for template in self.templates)

    @property
    def unfilled(self) -> tuple[RowTemplate, ...]:
        """Return the templates of the tables that got no row."""
        return tuple(each for each in self.templates if not self.stored.get(each.table.name))

    def statements(self, rows: KnownRows) -> list[str]:
        """Return the next statements: one for all rows, after a failure one for each row.

        :param rows: The rows that may be referenced.
        """
        ready = {index: self._next_values(index, rows) for index in tuple(self.attempts)}
        self._values = {index: values for index, values in ready.items() if values is not None}
        self._sent = [(index,) for index in self._values]
        if self._values and not self.is_row_by_row:
            self._sent = [tuple(self._values)]
        return [insert_sql(self._table_rows(indexes)) for indexes in self._sent]

    def receive(self, outcomes: Sequence[StatementOutcome]) -> None:
        """Record the outcomes of the last statements."""
        for indexes, outcome in zip(self._sent, outcomes, strict=True):
            if outcome.failure is None:
                self._accept(indexes, outcome.value)
            elif len(indexes) > 1:
                self.is_row_by_row = True
            else:
                self._refuse(indexes[0], outcome.failure)

    def _table_rows(self, indexes: tuple[_RowIndex, ...]) -> list[TableRows]:
        return [
            (
                template.table,
                [self._values[index][template.table.name] for index in indexes],
                self.returned_columns[template.table.name],
            )
            for template in self.templates
        ]

    def _accept(
        self, indexes: tuple[_RowIndex, ...], stored: Sequence[Sequence[Sequence[str | None]]]
    ) -> None:
        for (table, values, columns), rows in zip(self._table_rows(indexes), stored, strict=True):
            self.written.setdefault(table.name, []).extend(values)
            found = [dict(zip(columns, row, strict=bool(columns))) for row in rows]
            self.stored.setdefault(table.name, []).extend(found)
            if missing := max(len(indexes) - len(rows), 0):
                self.not_stored[table.name] = (
                    f"{missing} of {len(indexes)} rows were accepted but not stored "
                    "(a trigger or a rule)"
                )
        for index in indexes:
            del self.attempts[index]
            self.failures.pop(index, None)

    def _refuse(self, index: _RowIndex, failure: StatementFailure) -> None:
        """Prepare the row's next attempt, or give the row up."""
        attempts = self.attempts[index]
        # The failure of a guess says nothing about the row as it should be.
        if not any(attempt.guessed_columns for attempt in attempts.values()):
            self.failures[index] = failure
        failing = [
            template
            for template in self.templates
            if len(self.templates) == 1 or failure.table in ("", _bare_name(template.table))
        ]
        for template in failing or self.templates:
            following = next_attempt(template, attempts[template.table.name], failure)
            if following is None:
                del self.attempts[index]
                return
            attempts[template.table.name] = following

    def _next_values(self, index: _RowIndex, rows: KnownRows) -> dict[TableName, RowValues] | None:
        """Return the values of one row of each table, None when no row can be referenced."""
        while index in self.attempts:
            values = self._row_values(index, rows)
            if not isinstance(values, NoReferencedRow):
                return values
            self._refuse(index, StatementFailure("", str(values)))
        return None

    def _row_values(
        self, index: _RowIndex, rows: KnownRows
    ) -> dict[TableName, RowValues] | NoReferencedRow:
        found: dict[TableName, RowValues] = {}
        for template in self.templates:
            name = template.table.name
            outside = tuple(key for key in self.keys[name] if key.table not in self.names)
            values = row_values(template, self.attempts[index][name], outside, rows)
            if isinstance(values, NoReferencedRow):
                return values
            found[name] = values
        for name in self.names:
            for key in self.keys[name]:
                if target := found.get(key.table):
                    found[name] |= {a: target[b] for a, b in key.pairs if b in target}
        for name in self.names:
            if index < len(self.supplied.get(name, ())):
                found[name] |= self.supplied[name][index]
        return found


def insert_batch(
    tables: Sequence[TableInfo],
    *,
    deferred_keys: frozenset[ForeignKeyId],
    returned_columns: Mapping[TableName, tuple[str, ...]],
    supplied: KnownRows,
    attempts: dict[_RowIndex, dict[TableName, Attempt]],
) -> InsertBatch:
    """Return the batch that fills these tables."""
    names = {table.name for table in tables}
    keys = {
        table.name: tuple(
            key for key in table.foreign_keys if (table.name, key.name) not in deferred_keys
        )
        for table in tables
    }
    inside = [key for each in keys.values() for key in each if key.table in names]
    templates = tuple(
        row_template(
            table,
            explicit_columns=frozenset(
                name for key in inside if key.table == table.name for name in key.referenced
            ),
            deferred_columns=frozenset(
                name
                for key in table.foreign_keys
                if (table.name, key.name) in deferred_keys
                for name in columns_set_null(table, key)
            ),
        )
        for table in tables
    )
    return InsertBatch(templates, keys, returned_columns, supplied, attempts)


def _bare_name(table: TableInfo) -> str:
    """Return the name without schema and quotes, as the fields of an error have it."""
    return unquote_identifier(split_qualified_name(table.name)[-1])
