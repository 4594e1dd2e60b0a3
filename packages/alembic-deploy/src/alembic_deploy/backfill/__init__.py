"""Backfills: data changes of large tables in short transactions, declared by a revision.

A revision declares the SQL as a frozen value, and the runner has the loop:

    backfill = {
        "name": "fill_display_names",
        "table": "public.users",
        "set": "display_name = split_part(email, '@', 1)",
        "where": "display_name IS NULL AND email <> ''",
        "undo": None,
    }

`where` finds the rows that are still to do, and `set` must make it false or NULL: that makes a
backfill idempotent, and is checked for every row. The loop walks along the primary key. Each batch
is a transaction of its own, which locks its rows with FOR NO KEY UPDATE SKIP LOCKED, updates them
and records the key that it has reached in the table `alembic_backfill`; a killed process loses the
batch that it was in and nothing else. Rows that others had locked are found by further passes, until
`where` matches no row. That, and not the record, decides whether a backfill is finished.

- `declaration`: the value, checked.
- `history`: the backfills of a history, and which revision requires which.
- `statements`: the SQL.
- `checkpoint`: the table `alembic_backfill`, and which ones an upgrade goes on with.
- `loop`: the batches; `waits`: whom it waits for.
- `steps`: what an upgrade and a downgrade run before and after a revision.
"""
