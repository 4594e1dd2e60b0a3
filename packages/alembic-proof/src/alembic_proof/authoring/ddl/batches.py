"""Fill a column in batches that are committed one by one."""

from __future__ import annotations

from textwrap import indent

from alembic_proof.authoring.ddl.reference import own_name, table_of
from alembic_proof.catalog.model import CatalogObject

BATCH_ROWS = 1000
_BLOCK = """\
DO {tag}
DECLARE
    batch_start record;
    batch_end record;
BEGIN
    SELECT {listed} INTO batch_start FROM {table}
    ORDER BY {listed} LIMIT 1;
    WHILE FOUND LOOP
        {settings}WITH batch AS (
            SELECT {listed} FROM {table}
            WHERE {names} >= {start}
            ORDER BY {listed} LIMIT {rows}
        ), updated AS (
            {update}
        )
        SELECT {listed} INTO batch_end FROM batch
        ORDER BY {last_first} LIMIT 1;
        COMMIT;
        SELECT {listed} INTO batch_start FROM {table}
        WHERE {names} > {end}
        ORDER BY {listed} LIMIT 1;
    END LOOP;
END
{tag}"""


def fill_in_batches(
    column: CatalogObject,
    expression: str,
    *,
    condition: str,
    key: tuple[str, ...],
    settings: tuple[str, ...] = (),
) -> str:
    """Return the DO block that fills the column in the order of the primary key.

    It commits each batch, so it runs outside of a transaction, and it can be run again. Rows are
    found by their whole keys: for a range of keys PostgreSQL may read another index with the same
    first column, and all rows of one tenant in each batch. Source: plpgsql-transactions.

    :param condition: the rows, as SQL; empty for all rows.
    :param key: the quoted columns of the primary key.
    :param settings: the settings, `name = value` each, that hold in the transaction of each batch.
    """
    names, start, end = (
        _row([f"{prefix}{one}" for one in key]) for prefix in ("", "batch_start.", "batch_end.")
    )
    table, listed = table_of(column), ", ".join(key)
    where = f"\nAND {_operand(condition)}" if condition else ""
    update = (
        f"UPDATE {table}\nSET {own_name(column)} = {expression}\n"
        f"WHERE {names} IN (SELECT {listed} FROM batch){where}"
    )
    return _BLOCK.format(
        tag="$$" if "$$" not in f"{expression}{condition}" else "$batches$",
        listed=listed,
        table=table,
        names=names,
        start=start,
        end=end,
        rows=BATCH_ROWS,
        last_first=", ".join(f"{one} DESC" for one in key),
        settings="".join(f"SET LOCAL {one};\n{' ' * 8}" for one in settings),
        update=indent(update, " " * 12).lstrip(),
    )


def _operand(condition: str) -> str:
    return f"({condition})" if "or" in map(str.lower, condition.split()) else condition


def _row(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"({', '.join(names)})"
