"""joined_at becomes NOT NULL the safe way, in two revisions."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from alembic_proof.postgres.connect import run_on
from packages.backend.tests.history.database import REVISIONS, Database, before, insert

FILL = REVISIONS["fill_joined_at"]
REQUIRE = REVISIONS["require_joined_at"]
CHECK = "ck_board_members_joined_at_not_null"
TENANT, USER, BOARD = (UUID(int=number) for number in (1, 2, 3))
STATE = (
    "SELECT joined_at = created_at AS is_filled, extract(year FROM updated_at)::int"
    " FROM board_members"
)
CHECKS = f"SELECT convalidated FROM pg_constraint WHERE conname = '{CHECK}'"
ADD = f"ADD CONSTRAINT {CHECK} CHECK (joined_at IS NOT NULL) NOT VALID"
LOCKS = (
    "SELECT DISTINCT mode FROM pg_locks"
    " WHERE relation = 'board_members'::regclass AND pid = pg_backend_pid()"
)
REQUIRED = (
    "SELECT attnotnull FROM pg_attribute"
    " WHERE attrelid = 'board_members'::regclass AND attname = 'joined_at'"
)


@pytest.fixture
def below(database: Database) -> Database:
    """The database before joined_at is filled, with a member who has none."""
    database.upgrade(before("fill_joined_at"))
    database.execute(
        insert("tenants", id=TENANT, name="T", slug="t"),
        insert("users", tenant_id=TENANT, id=USER, auth_provider="oidc", auth_subject="ann"),
        insert("boards", tenant_id=TENANT, id=BOARD, owner_id=USER, title="Mood"),
        member(None),
    )
    return database


def member(joined_at: str | None) -> str:
    """SQL of the membership, last changed long ago."""
    return insert(
        "board_members",
        tenant_id=TENANT,
        board_id=BOARD,
        user_id=USER,
        role="viewer",
        joined_at=joined_at,
        created_at="2020-01-01 00:00:00+00",
        updated_at="2020-01-01 00:00:00+00",
    )


def test_old_rows_are_filled(below: Database) -> None:
    """A member without a time gets that of the row; updated_at stays."""
    below.upgrade(FILL)

    assert below.rows(STATE) == [(True, 2020)]
    assert below.rows(CHECKS) == [(False,)]


def test_new_rows_are_bound_at_once(below: Database) -> None:
    """Before anything is validated, no new row without a time gets in."""
    below.upgrade(FILL)
    below.execute("DELETE FROM board_members")

    with pytest.raises(IntegrityError, match=CHECK):
        below.execute(member(None))


def test_column_is_required_and_the_check_gone(below: Database) -> None:
    """At the end the column itself is NOT NULL and the check is dropped."""
    below.upgrade(REQUIRE)

    assert below.rows(REQUIRED) == [(True,)]
    assert below.rows(CHECKS) == []


def test_row_that_slipped_in_is_filled(below: Database) -> None:
    """A row that was being inserted while the check was added is filled before it is validated."""
    below.upgrade(FILL)
    below.execute(
        "DELETE FROM board_members",
        f"ALTER TABLE board_members DROP CONSTRAINT {CHECK}",
        member(None),
        f"ALTER TABLE board_members {ADD}",
    )

    below.upgrade(REQUIRE)

    assert below.rows(STATE) == [(True, 2020)]


@pytest.mark.parametrize(
    ("statements", "keeps_readers_out"),
    [
        ((f"VALIDATE CONSTRAINT {CHECK}",), False),
        ((f"DROP CONSTRAINT {CHECK}", ADD, f"VALIDATE CONSTRAINT {CHECK}"), True),
    ],
    ids=["in a revision of its own", "in the revision that adds the check"],
)
def test_validation_lets_readers_in(
    below: Database, statements: tuple[str, ...], *, keeps_readers_out: bool
) -> None:
    """VALIDATE lets others read; after ADD CONSTRAINT in one transaction, its lock keeps them out."""
    below.upgrade(FILL)
    below.execute("UPDATE board_members SET joined_at = now()")

    def held(connection: Connection) -> set[str]:
        for statement in statements:
            connection.exec_driver_sql(f"ALTER TABLE board_members {statement}")
        return set(connection.exec_driver_sql(LOCKS).scalars())

    assert ("AccessExclusiveLock" in run_on(below.url, held)) is keeps_readers_out


def test_both_go_down_again(below: Database) -> None:
    """Down by one the check is back and not valid; down by two the column is as it was."""
    below.upgrade(REQUIRE)

    below.downgrade(FILL)
    assert below.rows(REQUIRED) == [(False,)]
    assert below.rows(CHECKS) == [(False,)]

    below.downgrade(before("fill_joined_at"))
    assert below.rows(CHECKS) == []
    below.execute("DELETE FROM board_members", member(None))
