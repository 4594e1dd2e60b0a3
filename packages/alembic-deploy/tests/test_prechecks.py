"""What is checked before the first revision: each check finds its case, and nothing in a sound one."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy import lock_holders
from alembic_deploy.cli import main
from alembic_deploy.connect import run_on
from alembic_deploy.deployment import Deployment, MigrationSession
from alembic_deploy.errors import ServerError
from alembic_deploy.prechecks import run_prechecks
from alembic_deploy.url import DatabaseUrl
from local_postgres.server import LocalServer, reset, start, stop

if TYPE_CHECKING:
    from tests.conftest import Project

WIDEN = 'op.execute("ALTER TABLE things ADD COLUMN name text")'


@pytest.fixture
def things(project: Project) -> Project:
    """Return a project with a table, and a pending revision that widens it."""
    project.add("things", upgrade='op.execute("CREATE TABLE things (id integer)")')
    project.alembic("upgrade", "head")
    project.add("widen", upgrade=WIDEN)
    return project


def checked(project: Project, *, wait: bool = False, force: bool = False, **limits: str) -> None:
    """Let an upgrade of the project check first."""
    check = partial(run_prechecks, wait=wait, force=force)
    project.attributes["deployment"] = Deployment(before=(check,), limits=limits)


def test_a_sound_database(things: Project) -> None:
    """Nothing is printed, and the revision is applied."""
    checked(things)

    assert things.alembic("upgrade", "head").count("\n") == 4


def test_the_checks_are_quick(things: Project) -> None:
    """All queries together take little of a deployment's time, though PostgreSQL plans each one."""
    taken_s: list[float] = []

    def measure(session: MigrationSession) -> None:
        for _ in range(5):
            started_s = time.monotonic()
            run_prechecks(session, wait=False, force=False)
            taken_s.append(time.monotonic() - started_s)

    things.attributes["deployment"] = Deployment(work=measure)
    things.alembic("upgrade", "head")

    assert min(taken_s) < 0.5


@pytest.fixture
def stranger(things: Project, server_url: str) -> Iterator[Project]:
    """Yield the project with a login that owns nothing, and may write the version table."""
    name = "proof_checked_" + str(DatabaseUrl.parse(things.url).database)[-8:]
    run_on(server_url, lambda one: one.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    things.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO {name}")
    owner, things.url = things.url, DatabaseUrl.parse(things.url).with_user(name).text
    yield things
    things.url = owner
    things.execute(f"REVOKE ALL ON alembic_version FROM {name}")
    run_on(server_url, lambda one: one.exec_driver_sql(f"DROP ROLE {name}"))


def test_missing_privileges(stranger: Project) -> None:
    """They are named before the first of two revisions, not when the second one fails."""
    stranger.add("others", upgrade='op.execute("CREATE TABLE others ()")')
    checked(stranger)

    text = stranger.failure("upgrade", "head")

    assert "missing-privilege: this login lacks CREATE on schema public" in text
    assert "help: GRANT CREATE ON SCHEMA public to it" in text
    assert "not-owner: this login does not own public.things, which belongs to " in text
    assert stranger.query("SELECT version_num FROM alembic_version") == ["r1"]


@pytest.mark.parametrize(
    ("statement", "is_refused"),
    [
        ("ALTER TABLE things ADD COLUMN size integer", True),
        ("CREATE INDEX ON things (id)", True),
        ("ALTER INDEX things_key RENAME TO things_id_key", True),
        ("DROP TABLE things", False),
    ],
)
def test_the_owner_of_the_schema(
    project: Project, server_url: str, statement: str, *, is_refused: bool
) -> None:
    """It may drop the tables of other roles; what only their owner may do is named before."""
    project.add("things", upgrade='op.execute("CREATE TABLE others ()")')
    project.add("change", upgrade=f'op.execute("{statement}")')
    name = "proof_other_" + str(DatabaseUrl.parse(project.url).database)[-8:]
    run_on(server_url, lambda one: one.exec_driver_sql(f"CREATE ROLE {name} LOGIN"))
    project.execute(f"GRANT CREATE ON SCHEMA public TO {name}")
    create = "CREATE TABLE things (id integer CONSTRAINT things_key UNIQUE)"
    other = DatabaseUrl.parse(project.url).with_user(name).text
    run_on(other, lambda one: one.exec_driver_sql(create))
    project.execute(f"REVOKE ALL ON SCHEMA public FROM {name}")
    checked(project)
    try:
        if is_refused:
            text = project.failure("upgrade", "head")
            assert f"let {name} or an administrator execute ALTER TABLE things OWNER TO " in text
            assert project.tables == {"things"}, "the first revision has not run"
        else:
            project.alembic("upgrade", "head")
            assert "things" not in project.tables
    finally:
        run_on(other, lambda one: one.exec_driver_sql("DROP OWNED BY CURRENT_USER"))
        run_on(server_url, lambda one: one.exec_driver_sql(f"DROP ROLE {name}"))


def test_another_role(stranger: Project) -> None:
    """The privileges of this login are not asked for where the SQL contains SET ROLE."""
    stranger.add("others", upgrade='op.execute("SET ROLE nobody_there")')
    checked(stranger)

    # PostgreSQL's own words.
    assert "must be owner of table things" in stranger.failure("upgrade", "head")


def test_an_extension_for_others(stranger: Project) -> None:
    """One that this login may not create is a warning: some providers allow it nevertheless."""
    stranger.add("extend", upgrade="op.execute('CREATE EXTENSION pgcrypto')")
    checked(stranger, force=True)

    stranger.attributes["deployment"] = replace(
        stranger.attributes["deployment"], work=lambda _: None
    )

    assert "extension-not-allowed: this login may not create the extension pgcrypto" in (
        stranger.alembic("upgrade", "head")
    )


@pytest.mark.parametrize(
    ("extension", "finding"),
    [
        ("no_such_extension", "missing-extension: the server does not offer the extension no_such_extension"),
        ("pgcrypto", ""),
    ],
)  # fmt: skip
def test_extensions(project: Project, extension: str, finding: str) -> None:
    """One that the server does not offer is named; a trusted one that it offers is created."""
    project.add("begin", upgrade='op.execute("CREATE TABLE things ()")')
    project.add("extend", upgrade=f"op.execute('CREATE EXTENSION IF NOT EXISTS {extension}')")
    checked(project)

    if finding:
        assert finding in project.failure("upgrade", "head")
        assert project.tables == set()
    else:
        assert "base -> r2" in project.alembic("upgrade", "head")


def make_invalid(project: Project) -> None:
    """Leave the INVALID index `ix` of the table."""
    project.execute("INSERT INTO things VALUES (1), (1)")
    with pytest.raises(Exception, match="could not create unique index"):
        run_alone(project.url, "CREATE UNIQUE INDEX CONCURRENTLY ix ON things (id)")
    project.execute("DELETE FROM things")


def test_an_invalid_index(things: Project) -> None:
    """It is named with what ends it; --force prints it and goes on."""
    make_invalid(things)
    checked(things)

    text = things.failure("upgrade", "head")

    assert "invalid-index: the index public.ix of public.things is INVALID" in text
    assert "REINDEX INDEX CONCURRENTLY public.ix, or DROP INDEX CONCURRENTLY public.ix" in text
    checked(things, force=True)
    out = things.alembic("upgrade", "head")
    assert "invalid-index: the index public.ix" in out
    assert "r1 -> r2" in out


def test_an_invalid_index_that_is_made_again(things: Project) -> None:
    """What the pending SQL makes again itself is no finding."""
    make_invalid(things)
    things.add(
        "index",
        upgrade="""\
with op.get_context().autocommit_block():
    op.execute("CREATE UNIQUE INDEX CONCURRENTLY ix ON things (id)")""",
    )
    checked(things)

    assert "r1 -> r3" in things.alembic("upgrade", "head")


def test_a_long_transaction(things: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a warning that names session, query and lock; the retries cope with it."""
    monkeypatch.setattr(lock_holders, "LONG_S", 0.0)
    things.add("others", upgrade='op.execute("CREATE TABLE others ()")')
    checked(things, lock_timeout="200ms", retries="0")

    with things.holding("SELECT count(*) FROM things"):
        things.attributes["deployment"] = Deployment(
            before=things.attributes["deployment"].before, work=lambda _: None, log_format="json"
        )
        events = [json.loads(line) for line in things.alembic("upgrade", "head").splitlines()]

    (found,) = [one for one in events if one["event"] == "finding"]
    assert found["id"] == "long-transaction"
    assert found["what"].startswith("ACCESS SHARE on public.things is held by process ")
    assert "(report)" in found["what"]
    assert "idle in transaction" in found["what"]
    assert "SELECT count(*) FROM things" in found["what"]
    assert not found["is_blocking"]


def test_locks_that_do_not_conflict(things: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long transaction that holds no needed lock is no finding."""
    monkeypatch.setattr(lock_holders, "LONG_S", 0.0)
    things.execute("CREATE TABLE others ()")
    checked(things)

    with things.holding("LOCK TABLE others"):
        assert "long-transaction" not in things.alembic("upgrade", "head")


def test_wait(things: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --wait the upgrade begins when the transaction has ended: no attempt fails."""
    monkeypatch.setattr(lock_holders, "LONG_S", 0.0)
    monkeypatch.setattr(lock_holders, "_POLL_S", 0.05)
    checked(things, wait=True, lock_timeout="100ms", retries="0")

    with things.holding("LOCK TABLE things", for_s=1.0):
        out = things.alembic("upgrade", "head")

    assert out.count("waiting for the end of a transaction: ACCESS EXCLUSIVE on public.things") == 1
    assert "r1 -> r2" in out


def test_wait_ends(things: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for retry_time at most, then nothing runs."""
    monkeypatch.setattr(lock_holders, "LONG_S", 0.0)
    monkeypatch.setattr(lock_holders, "_POLL_S", 0.05)
    checked(things, wait=True, retry_time="200ms")

    with things.holding("LOCK TABLE things"):
        text = things.failure("upgrade", "head")

    assert "long-transaction: ACCESS EXCLUSIVE on public.things is held by process" in text
    assert things.query("SELECT version_num FROM alembic_version") == ["r1"]


def test_what_concurrently_waits_for(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """CREATE INDEX CONCURRENTLY waits for every snapshot of the database; another revision does not."""
    monkeypatch.setattr(lock_holders, "LONG_S", 0.0)
    monkeypatch.setattr(lock_holders, "_POLL_S", 0.05)
    project.execute("CREATE TABLE things (id integer)")
    project.add(
        "index",
        upgrade="""\
with op.get_context().autocommit_block():
    op.execute("CREATE INDEX CONCURRENTLY ix ON things (id)")""",
    )
    checked(project, wait=True)
    snapshot = ("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")

    with project.holding(*snapshot, for_s=1.0):
        out = project.alembic("upgrade", "head")

    assert "waiting for the end of a transaction: a snapshot is held by process" in out


@pytest.fixture
def roles(server_url: str) -> Iterator[tuple[str, str]]:
    """Yield a role and a member of it; they outlive the test's database."""
    owner = f"proof_owner_{secrets.token_hex(4)}"
    member = owner.replace("owner", "member")
    send(server_url, f"CREATE ROLE {owner}", f"CREATE ROLE {member} LOGIN IN ROLE {owner}")
    yield owner, member
    send(server_url, f"DROP ROLE {member}", f"DROP ROLE {owner}")


@pytest.fixture
def superuser(roles: tuple[str, str], things: Project) -> Iterator[Project]:
    """Yield the project with its server's superuser as the login."""
    url = DatabaseUrl.parse(things.url)
    things.url = url.with_user("postgres").text
    try:
        things.query("SELECT 1")
    except ServerError:
        pytest.skip("the scratch server is another's: its superuser is not known")
    yield things
    things.url = url.with_user("postgres").text
    things.execute(f"ALTER DATABASE {url.database} OWNER TO {url.user}")  # who drops it


def send(url: str, *statements: str) -> None:
    """Execute statements in one transaction."""
    run_on(url, lambda one: [one.exec_driver_sql(statement) for statement in statements])


def test_a_member_of_the_owner(superuser: Project, roles: tuple[str, str]) -> None:
    """A member of the owning role may do what the owner may."""
    owner, member = roles
    superuser.add("others", upgrade='op.execute("CREATE TABLE others ()")')
    superuser.execute(
        f"GRANT CREATE ON SCHEMA public TO {owner}",
        *(f"ALTER TABLE {table} OWNER TO {owner}" for table in ("things", "alembic_version")),
    )
    superuser.url = DatabaseUrl.parse(superuser.url).with_user(member).text
    checked(superuser)

    assert "r1 -> r3" in superuser.alembic("upgrade", "head")


def test_a_superuser_beside_the_owner(superuser: Project, roles: tuple[str, str]) -> None:
    """A superuser's tables would belong to it: nothing is applied without --force."""
    owner, _ = roles
    superuser.add("others", upgrade='op.execute("CREATE TABLE others ()")')
    superuser.execute(
        f"ALTER TABLE alembic_version OWNER TO {owner}",
        f"ALTER DATABASE {DatabaseUrl.parse(superuser.url).database} OWNER TO {owner}",
    )
    checked(superuser)

    text = superuser.failure("upgrade", "head")

    assert "other-owner: what the revisions create would belong to postgres" in text
    assert f"not to {owner}, who owns the version table" in text
    assert superuser.query("SELECT version_num FROM alembic_version") == ["r1"]
    checked(superuser, force=True)
    assert "r1 -> r3" in superuser.alembic("upgrade", "head")


def test_a_superuser_on_a_new_database(superuser: Project, roles: tuple[str, str]) -> None:
    """The database's owner decides; the superuser who owns the database itself may go on."""
    owner, _ = roles
    name = DatabaseUrl.parse(superuser.url).database
    checked(superuser)
    superuser.execute(
        "DROP TABLE things, alembic_version", f"ALTER DATABASE {name} OWNER TO {owner}"
    )

    assert f"not to {owner}, who owns the database" in superuser.failure("upgrade", "head")

    assert superuser.tables == set()
    superuser.execute(f"ALTER DATABASE {name} OWNER TO postgres")
    assert "-> r2" in superuser.alembic("upgrade", "head")


@pytest.fixture
def own_server(tmp_path: Path, things: Project) -> Iterator[Project]:
    """Yield the project on a server that keeps prepared transactions."""
    server = LocalServer(tmp_path / "state", durable=True)
    try:
        url = start(server, os.environ).url("postgres")
        run_alone(url, "ALTER SYSTEM SET max_prepared_transactions = 2")
        stop(server)
        things.url = start(server, os.environ).url("postgres")
        things.alembic("upgrade", "r1")
        yield things
    finally:
        reset(server)


def test_a_prepared_transaction(own_server: Project) -> None:
    """One that holds a needed lock stops the upgrade, as it never ends by itself; another one does not."""
    own_server.execute("CREATE TABLE others ()")
    for table, gid in (("others", "other"), ("things", "it''s")):
        prepare = ("BEGIN", f"LOCK TABLE {table}", f"PREPARE TRANSACTION '{gid}'")
        run_alone(own_server.url, *prepare)
    checked(own_server, retries="0")

    text = own_server.failure("upgrade", "head")

    held = (
        "ACCESS EXCLUSIVE on public.things is held by the prepared transaction 'it''s' of postgres"
    )
    assert f"prepared-transaction: {held}" in text
    assert "'other'" not in text
    run_alone(own_server.url, "ROLLBACK PREPARED 'it''s'")
    assert "r1 -> r2" in own_server.alembic("upgrade", "head")


def run_alone(url: str, *statements: str) -> None:
    """Execute statements without a transaction of the driver's."""

    def send(connection: Connection) -> None:
        for one in statements:
            connection.exec_driver_sql(one)

    run_on(url, send, autocommit=True)


def test_drift_of_what_is_touched_stops_the_upgrade(
    things: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A column that no revision made stops a revision of its table; one of another table is a note."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", things.url)
    things.execute("CREATE TABLE others (id integer)")
    ini = str(things.directory / "alembic.ini")

    assert main(["--config", ini, "upgrade", "--check-drift"]) == 0
    assert "drift: table public.others: only in the live database" in capsys.readouterr().out
    things.add("widen again", upgrade=WIDEN.replace("name", "another"))
    things.execute("ALTER TABLE things ADD COLUMN odd text")

    assert main(["--config", ini, "upgrade", "--check-drift"]) == 2
    assert "column public.things.odd: only in the live database" in capsys.readouterr().err
    assert things.query("SELECT version_num FROM alembic_version") == ["r2"]
    assert main(["--config", ini, "upgrade"]) == 0


def test_drift_needs_alembic_proof(
    things: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where alembic-proof is not installed, as in production, the message says so; nothing runs."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", things.url)
    monkeypatch.setattr("alembic_deploy.drift._PROGRAM", "no-such-program")

    assert (
        main(["--config", str(things.directory / "alembic.ini"), "upgrade", "--check-drift"]) == 2
    )

    assert "--check-drift needs" in capsys.readouterr().err
    assert things.query("SELECT version_num FROM alembic_version") == ["r1"]
