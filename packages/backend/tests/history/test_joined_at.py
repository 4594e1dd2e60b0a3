"""joined_at becomes NOT NULL in two revisions, without a long lock."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from alembic_deploy.connect import run_on
from alembic_proof.scratch import scratch_database
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


@pytest.fixture(scope="module")
def template(server_url: str) -> Iterator[Database]:
    """Provide the database before joined_at is filled, with a member without a value."""
    with scratch_database(server_url, label="joined") as url:
        database = Database(url)
        database.upgrade(before("fill_joined_at"))
        database.execute(
            insert("tenants", id=TENANT, name="T", slug="t"),
            insert("users", tenant_id=TENANT, id=USER, auth_provider="oidc", auth_subject="ann"),
            insert("boards", tenant_id=TENANT, id=BOARD, owner_id=USER, title="Mood"),
            member(None),
        )
        yield database


@pytest.fixture
def below(server_url: str, template: Database) -> Iterator[Database]:
    """Provide a copy of the template."""
    with template.copied(server_url) as database:
        yield database


def member(joined_at: str | None) -> str:
    """Return SQL of the membership, last changed long ago."""
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
    """Even before the check is validated, a new row without a time is refused."""
    below.upgrade(FILL)
    below.execute("DELETE FROM board_members")

    with pytest.raises(IntegrityError, match=CHECK):
        below.execute(member(None))


def test_column_is_required_and_the_check_gone(below: Database) -> None:
    """After both revisions the column is NOT NULL and the check is dropped."""
    below.upgrade(REQUIRE)

    assert below.rows(REQUIRED) == [(True,)]
    assert below.rows(CHECKS) == []


def test_row_inserted_meanwhile_is_filled(below: Database) -> None:
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
    """VALIDATE lets others read, but not in one transaction with ADD CONSTRAINT and its lock."""
    below.upgrade(FILL)
    below.execute("UPDATE board_members SET joined_at = now()")

    def held(connection: Connection) -> set[str]:
        for statement in statements:
            connection.exec_driver_sql(f"ALTER TABLE board_members {statement}")
        return set(connection.exec_driver_sql(LOCKS).scalars())

    assert ("AccessExclusiveLock" in run_on(below.url, held)) is keeps_readers_out


def test_both_go_down_again(below: Database) -> None:
    """The first downgrade restores the check, NOT VALID; the second one restores the column."""
    below.upgrade(REQUIRE)

    below.downgrade(FILL)
    assert below.rows(REQUIRED) == [(False,)]
    assert below.rows(CHECKS) == [(False,)]

    below.downgrade(before("fill_joined_at"))
    assert below.rows(CHECKS) == []
    below.execute("DELETE FROM board_members", member(None))
