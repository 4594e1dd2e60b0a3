"""Round trips of the first revisions all together, to base and with rows.

`test_mutations.py` has the round trips of one revision at a time.
"""

from __future__ import annotations

from uuid import UUID

from alembic_proof.catalog import diff
from packages.backend.tests.history.database import (
    PINNED,
    REVISIONS,
    Database,
    insert,
)

TENANT, USER, GUEST, BOARD, SOURCE, MADE, TAG = (UUID(int=number) for number in range(1, 8))
OURS = {"tenant_id": TENANT}
GENERATION = OURS | {
    "board_id": BOARD,
    "user_id": USER,
    "generator_name": "flux",
    "artifact_type": "image",
    "input_params": "{}",
}
ROWS = (
    insert("tenants", id=TENANT, name="Ours", slug="ours"),
    insert("users", **OURS, id=USER, auth_provider="oidc", auth_subject="user"),
    insert("users", **OURS, id=GUEST, auth_provider="oidc", auth_subject="guest"),
    insert("provider_configs", **OURS, provider_name="replicate", config="{}"),
    insert("boards", **OURS, id=BOARD, owner_id=USER, title="Mood"),
    insert("board_members", **OURS, board_id=BOARD, user_id=GUEST, role="editor"),
    insert(
        "lora_models",
        **OURS,
        user_id=USER,
        name="Ink",
        base_model="sdxl",
        storage_url="s3://loras/ink",
        config="{}",
    ),
    insert("generations", **GENERATION, id=SOURCE),
    insert("generations", **GENERATION, id=MADE),
    insert(
        "generation_inputs",
        **OURS,
        generation_id=MADE,
        position=0,
        input_generation_id=SOURCE,
        role="input",
    ),
    insert(
        "credit_transactions",
        **OURS,
        user_id=USER,
        transaction_type="grant",
        amount=10,
        balance_after=10,
        generation_id=MADE,
    ),
    insert("tags", **OURS, id=TAG, name="Ink", slug="ink"),
    insert("generation_tags", **OURS, generation_id=MADE, tag_id=TAG),
)
"""A tenant with a row in every table, in the schema at the pinned revision."""
TABLES = ("tenants", "users", "boards", "board_members", "generations", "generation_inputs")


def test_nothing_is_left_at_base(database: Database) -> None:
    """After `downgrade base` the catalog is that of an empty database."""
    empty = database.catalog()

    database.upgrade(PINNED)
    full = database.catalog()
    database.downgrade()

    assert diff(empty, full) != ()
    assert diff(empty, database.catalog()) == ()
    assert database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [
        ("alembic_version",)
    ]


def test_extension_of_others_survives_base(database: Database) -> None:
    """An extension that was there before the first revision is there after `downgrade base`."""
    database.execute('CREATE EXTENSION "uuid-ossp"')
    before = database.catalog()

    database.upgrade(PINNED)
    database.downgrade()

    assert diff(before, database.catalog()) == ()


def test_history_goes_down_and_up_over_rows(pinned: Database) -> None:
    """With a row in every table the whole history goes down to base and up again."""
    top = pinned.catalog()
    pinned.execute(*ROWS)

    pinned.downgrade()
    pinned.upgrade(PINNED)

    assert diff(top, pinned.catalog()) == ()


def test_rows_of_surviving_tables_stay(pinned: Database) -> None:
    """After a downgrade to the revision that makes the tables, and an upgrade, the rows are the same."""
    pinned.execute(*ROWS)
    before = contents(pinned)

    pinned.downgrade(REVISIONS["share_boards_with_members"])
    pinned.upgrade(PINNED)

    assert contents(pinned) == before
    assert all(before.values())


def contents(database: Database) -> dict[str, list[str]]:
    """Return the rows of the tables that are as old as the history, times included.

    `generation_inputs.created_at` is left out, because its loss is declared.
    """
    queries = {table: f"SELECT to_jsonb(t)::text FROM {table} AS t" for table in TABLES}
    queries["generation_inputs"] = (
        "SELECT (to_jsonb(t) - 'created_at')::text FROM generation_inputs AS t"
    )
    return {
        table: sorted(row[0] for row in database.rows(query)) for table, query in queries.items()
    }
