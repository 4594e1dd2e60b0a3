"""Lineage moves from the array into the table and back; inputs that are dropped are counted."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection

from alembic_deploy.connect import run_on
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.scratch import scratch_database
from packages.backend.tests.history.database import INI, REVISIONS, Database, before, insert

LINEAGE = REVISIONS["move_lineage_into_a_table"]
OURS, THEIRS = UUID(int=1), UUID(int=2)
USER, BOARD = UUID(int=3), UUID(int=4)
A, B, C, FOREIGN = (UUID(int=number) for number in (10, 11, 12, 20))
LONG_AGO = "2020-01-01 00:00:00+00"

ARRAYS = "SELECT id, input_generation_ids FROM generations ORDER BY id"
ENTRIES = (
    "SELECT generation_id, position, input_generation_id FROM generation_inputs"
    " ORDER BY generation_id, position"
)


@pytest.fixture(scope="module")
def template(server_url: str) -> Iterator[Database]:
    """Provide the database before the move: three generations of ours, one of another tenant."""
    with scratch_database(server_url, label="lineage") as url:
        database = Database(url)
        database.upgrade(before("move_lineage_into_a_table"))
        for tenant, generations in ((OURS, (A, B, C)), (THEIRS, (FOREIGN,))):
            database.execute(
                *tenant_rows(tenant), *(generation(tenant, one) for one in generations)
            )
        yield database


@pytest.fixture
def below(server_url: str, template: Database) -> Iterator[Database]:
    """Provide a copy of the template."""
    with template.copied(server_url) as database:
        yield database


def tenant_rows(tenant: UUID) -> tuple[str, ...]:
    """Return SQL of a tenant with a user and a board."""
    return (
        insert("tenants", id=tenant, name="T", slug=f"t{tenant.int}"),
        insert("users", tenant_id=tenant, id=USER, auth_provider="oidc", auth_subject="ann"),
        insert("boards", tenant_id=tenant, id=BOARD, owner_id=USER, title="Mood"),
    )


def generation(tenant: UUID, one: UUID) -> str:
    """Return SQL of a generation without inputs, last changed long ago."""
    return insert(
        "generations",
        tenant_id=tenant,
        id=one,
        board_id=BOARD,
        user_id=USER,
        generator_name="flux",
        artifact_type="image",
        input_params="{}",
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )


def give_inputs(database: Database, one: UUID, *inputs: UUID | None) -> None:
    """Set the generation's array to these inputs."""
    values = ", ".join("NULL" if each is None else f"'{each}'" for each in inputs)
    database.execute(
        "SET LOCAL boards.keep_updated_at = 'on'",
        f"UPDATE generations SET input_generation_ids = ARRAY[{values}]::uuid[]"
        f" WHERE tenant_id = '{OURS}' AND id = '{one}'",
    )


def test_order_and_duplicates_survive(below: Database) -> None:
    """The array's order and repetitions become positions; the downgrade restores the same array."""
    give_inputs(below, C, B, A, B)
    give_inputs(below, B, A)
    arrays = below.rows(ARRAYS)

    below.upgrade(LINEAGE)
    entries = below.rows(ENTRIES)
    below.downgrade("-1")

    assert entries == [(B, 0, A), (C, 0, B), (C, 1, A), (C, 2, B)]
    assert below.rows(ARRAYS) == arrays


def test_table_survives_down_and_up(below: Database) -> None:
    """After a downgrade and an upgrade the entries are the same."""
    give_inputs(below, C, B, A, B)
    below.upgrade(LINEAGE)
    entries = below.rows("SELECT * FROM generation_inputs ORDER BY position")

    below.downgrade("-1")
    below.upgrade(LINEAGE)

    assert len(entries) == 3
    assert below.rows("SELECT * FROM generation_inputs ORDER BY position") == entries


def test_input_that_is_no_generation_is_dropped(below: Database) -> None:
    """NULLs, unknown ids and other tenants' ids are dropped; the rest has consecutive positions."""
    give_inputs(below, C, None, A, uuid4(), FOREIGN, None, B)

    below.upgrade(LINEAGE)

    assert below.rows(ENTRIES) == [(C, 0, A), (C, 1, B)]


def test_what_is_dropped_is_counted(below: Database) -> None:
    """A NOTICE says how many inputs moved and how many of each sort were dropped."""
    give_inputs(below, C, None, A, uuid4(), FOREIGN, None, B)
    notices: list[str] = []

    def upgrade(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.add_log_listener(lambda _, message: notices.append(message.message))
        config = alembic_config(Project(file=INI))
        config.attributes["connection"] = connection
        run_upgrade(config, LINEAGE)

    run_on(below.url, upgrade)

    assert "lineage: 2 of 6 inputs moved, 2 NULLs and 2 unknown ids dropped" in notices


def test_loss_is_declared() -> None:
    """The revision says what it loses, in both directions."""
    [path] = (INI.parent / "alembic" / "versions").glob("*_move_lineage_into_a_table.py")

    lossy = runpy.run_path(str(path))["lossy"]

    assert lossy.startswith("upgrade: NULLs and ids that name no generation")
    assert "; downgrade: roles, positions" in lossy


def test_moving_is_not_an_edit(below: Database) -> None:
    """Upgrade and downgrade keep updated_at of the generations."""
    give_inputs(below, C, A)

    below.upgrade(LINEAGE)
    up = below.rows("SELECT DISTINCT extract(year FROM updated_at)::int FROM generations")
    below.downgrade("-1")
    down = below.rows("SELECT DISTINCT extract(year FROM updated_at)::int FROM generations")

    assert (up, down) == ([(2020,)], [(2020,)])


def test_no_inputs_is_an_empty_array_again(below: Database) -> None:
    """A generation without inputs has no entries, and the empty array after the downgrade."""
    below.upgrade(LINEAGE)
    below.downgrade("-1")

    assert {tuple(row[1]) for row in below.rows(ARRAYS)} == {()}
