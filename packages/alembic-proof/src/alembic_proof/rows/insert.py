"""The statements that write rows and give back what later rows refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from alembic_proof.rows.literal import DEFAULT, NULL, quote, quote_name, quote_names
from alembic_proof.rows.row import Values
from alembic_proof.rows.shape import Table

Written = tuple[Table, Sequence[Values], tuple[str, ...]]
"""A table, its new rows, and the columns that are read back."""


def insert_sql(units: Sequence[Written]) -> str:
    """One statement that inserts into all tables at once: their foreign keys are judged at its end.

    Its value is `[[[text, …], …], …]`: per table, per row, the columns that are read back.

    Source: https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING
    """
    inserts = ",\n".join(
        f"i{place} AS ({_insert(table, rows, back)})"
        for place, (table, rows, back) in enumerate(units)
    )
    results = ", ".join(_result(place, len(back)) for place, (_, _, back) in enumerate(units))
    return f"WITH {inserts}\nSELECT pg_catalog.jsonb_build_array({results})"


def _insert(table: Table, rows: Sequence[Values], back: tuple[str, ...]) -> str:
    names = [column.name for column in table.columns if any(column.name in row for row in rows)]
    returned = ", ".join(f"{quote_name(name)}::text AS c{place}" for place, name in enumerate(back))
    returning = f" RETURNING {returned or '1 AS c0'}"
    names = names or [column.name for column in table.columns[:1]]
    if not names:
        # DEFAULT VALUES would be one row, however many are wanted.
        series = f"pg_catalog.generate_series(1, {len(rows)})"
        return f"INSERT INTO {table.name} SELECT FROM {series}{returning}"
    is_overriding = any(table_column.identity == "a" for table_column in table.columns
                        if table_column.name in names)  # fmt: skip
    overriding = " OVERRIDING SYSTEM VALUE" if is_overriding else ""
    lines = ",\n".join(f"({', '.join(_literal(row, name) for name in names)})" for row in rows)
    return f"INSERT INTO {table.name} ({quote_names(names)}){overriding} VALUES\n{lines}{returning}"


def _literal(row: Values, name: str) -> str:
    if name not in row:
        return DEFAULT
    text = row[name]
    return NULL if text is None else quote(text)


def _result(place: int, width: int) -> str:
    columns = ", ".join(f"c{i}" for i in range(width))
    return (
        f"(SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array({columns})), '[]')"
        f" FROM i{place})"
    )


def update_sql(
    table: Table, values: Values, key: Mapping[str, str | None], *, where_null: bool = False
) -> str:
    """A statement that gives the row of that key the values; its value is how many it changed.

    Where it is asked for, what the row has already stays.
    """
    texts = {name: _literal(values, name) for name in values}
    if where_null:
        texts = {name: f"coalesce({quote_name(name)}, {text})" for name, text in texts.items()}
    assigned = ", ".join(f"{quote_name(name)} = {text}" for name, text in texts.items())
    condition = " AND ".join(
        f"{quote_name(name)} = {quote(text or '')}" for name, text in key.items()
    )
    return (
        f"WITH u AS (UPDATE {table.name} SET {assigned} WHERE {condition} RETURNING 1)"
        f" SELECT pg_catalog.to_jsonb(pg_catalog.count(*)) FROM u"
    )


def known_sql(table: Table, back: tuple[str, ...], *, most: int) -> str:
    """A statement whose value is `[count, [[text, …], …]]`: the rows that may be referred to."""
    columns = ", ".join(f"{quote_name(name)}::text" for name in back)
    order = f" ORDER BY {quote_names(table.primary)}" if table.primary else ""
    found = (
        f"(SELECT pg_catalog.jsonb_agg(r.v) FROM (SELECT pg_catalog.jsonb_build_array({columns}) AS v"
        f" FROM {table.name}{order} LIMIT {most}) AS r)"
    )
    return (
        f"SELECT pg_catalog.jsonb_build_array((SELECT pg_catalog.count(*) FROM {table.name}),"
        f" coalesce({found}, '[]'))"
    )
