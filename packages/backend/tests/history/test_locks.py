"""Revisions that a client meets in the middle of its transaction: LOCK TABLE in front gets them through."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy.engine import make_url

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ServerError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.scratch import scratch_database
from packages.backend.tests.history.database import REVISIONS, Database, before, insert, offline

LINEAGE = REVISIONS["move_lineage_into_a_table"]
FILL = REVISIONS["fill_joined_at"]
ROWS = (
    insert("tenants", id="=uuid_nil()", name="T", slug="t"),
    insert("users", tenant_id="=uuid_nil()", id="=uuid_nil()", auth_provider="o", auth_subject="a"),
    insert("boards", tenant_id="=uuid_nil()", id="=uuid_nil()", owner_id="=uuid_nil()", title="M"),
    insert(
        "board_members",
        tenant_id="=uuid_nil()",
        board_id="=uuid_nil()",
        user_id="=uuid_nil()",
        role="viewer",
        joined_at=None,
    ),
    insert(
        "generations",
        tenant_id="=uuid_nil()",
        id="=uuid_nil()",
        board_id="=uuid_nil()",
        user_id="=uuid_nil()",
        generator_name="flux",
        artifact_type="image",
        input_params="{}",
    ),
)
WAITING = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A step of the history, and a client's transaction that is open when it comes."""

    method: str
    step: str
    """From one revision to the other, for --sql."""
    read: str
    write: str

    @property
    def start(self) -> str:
        """The revision before the step."""
        return self.step.partition(":")[0]


MEETINGS = {
    "upgrade that moves lineage": Meeting(
        method="upgrade",
        step=f"{before('move_lineage_into_a_table')}:{LINEAGE}",
        read="SELECT count(*) FROM generations",
        write="UPDATE generations SET input_params = '{}'",
    ),
    "downgrade that moves lineage": Meeting(
        method="downgrade",
        step=f"{LINEAGE}:{before('move_lineage_into_a_table')}",
        read="SELECT count(*) FROM generation_inputs",
        write="UPDATE generations SET input_params = '{}'",
    ),
    "upgrade that fills joined_at": Meeting(
        method="upgrade",
        step=f"{before('fill_joined_at')}:{FILL}",
        read="SELECT count(*) FROM board_members",
        write="UPDATE board_members SET role = 'editor'",
    ),
}


REQUIRED = Meeting(
    method="upgrade",
    step=f"{FILL}:{REVISIONS['require_joined_at']}",
    read="SELECT count(*) FROM board_members",
    write="UPDATE board_members SET role = 'editor'",
)
"""The revision without LOCK TABLE, which must not keep readers out while it validates."""


@pytest.fixture(scope="module")
def template(server_url: str) -> Iterator[Database]:
    """Provide the database before joined_at is filled, with a row in each table."""
    with scratch_database(server_url, label="locks") as url:
        database = Database(url)
        database.upgrade(before("fill_joined_at"))
        database.execute(*ROWS)
        yield database


@pytest.fixture(params=MEETINGS)
def meeting(request: pytest.FixtureRequest) -> Meeting:
    """Provide each of them."""
    return MEETINGS[request.param]


@pytest.fixture
def below(server_url: str, template: Database) -> Iterator[Database]:
    """Provide a copy of the template."""
    with template.copied(server_url) as database:
        yield database


def meet(database: Database, meeting: Meeting, script: str) -> list[str]:
    """Run the script while the client's transaction is between its statements; return the errors."""
    database.upgrade(meeting.start)
    parsed = make_url(database.url).set(drivername="postgresql")
    url = parsed.render_as_string(hide_password=False)
    errors = list[str]()

    def migrate(connection: psycopg.Connection) -> None:
        try:
            connection.execute(script.encode())
        except psycopg.Error as error:
            errors.append(type(error).__name__)

    with (
        psycopg.connect(url) as client,
        psycopg.connect(url, autocommit=True) as migrator,
        psycopg.connect(url, autocommit=True) as observer,
    ):
        client.execute(meeting.read.encode())
        thread = threading.Thread(target=migrate, args=(migrator,))
        thread.start()
        until = time.monotonic() + 30
        while observer.execute(WAITING, (migrator.info.backend_pid,)).fetchone() != (1,):
            assert time.monotonic() < until, "the migration does not wait for the client"
            time.sleep(0.01)
        try:
            client.execute(meeting.write.encode())
            client.commit()
        except psycopg.Error as error:
            client.rollback()
            errors.append(type(error).__name__)
        thread.join(30)
    return errors


def find_deadlocks_soon(url: str) -> None:
    """Let PostgreSQL look for a deadlock after 50 ms instead of a second, where we may say so."""
    target = DatabaseUrl.parse(url)
    setting = f"ALTER DATABASE {target.database} SET deadlock_timeout = '50ms'"
    with suppress(ServerError):  # the scratch server is another's
        run_on(target.with_user("postgres").dsn, lambda one: one.exec_driver_sql(setting))


def test_neither_the_revision_nor_the_client_fails(below: Database, meeting: Meeting) -> None:
    """The revision waits with nothing in its hands; the client goes on, then the revision."""
    assert meet(below, meeting, offline(meeting.method, meeting.step)) == []


def test_without_lock_table_one_of_them_fails(below: Database, meeting: Meeting) -> None:
    """Control: the revision holds a lock already, so that the two wait for each other."""
    script = offline(meeting.method, meeting.step)
    without = re.sub(r"LOCK TABLE [^;]*;", "", script)

    assert without != script
    find_deadlocks_soon(below.url)
    assert meet(below, meeting, without) == ["DeadlockDetected"]


def test_a_revision_that_fills_no_row_needs_no_lock_table(below: Database) -> None:
    """Its UPDATE has no row, and VALIDATE makes no client wait: the client goes on."""
    assert meet(below, REQUIRED, offline(REQUIRED.method, REQUIRED.step)) == []
