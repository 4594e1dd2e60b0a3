"""Drift of live databases: whatever differs from their own history, and nothing that may differ."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import Connection

from alembic_proof.errors import ServerError
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config, run_upgrade
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.postgres.server import LocalServer, RunningServer, reset, start
from alembic_proof.postgres.url import DatabaseUrl

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
pytestmark = pytest.mark.xdist_group("drift")

_KEEPER = 'Keeper of "x"'
_SECRET = "correct horse"
_KEEPER_QUOTED = '"Keeper of ""x"""'
_ROLES = (
    f"CREATE ROLE {_KEEPER_QUOTED} LOGIN CREATEDB CREATEROLE",
    "CREATE ROLE alembic_proof_shop LOGIN CREATEDB CREATEROLE",
    "CREATE ROLE dba NOLOGIN",
    "CREATE ROLE watcher LOGIN",
    f"CREATE ROLE locked LOGIN PASSWORD '{_SECRET}'",
)


@dataclass(frozen=True, slots=True)
class Live:
    """The server of the live databases; nothing else uses it."""

    running: RunningServer

    def url(self, database: str, user: str = "postgres") -> str:
        """The URL of a database as that user."""
        return self.running.url(database, user)

    def do(self, database: str, *statements: str) -> None:
        """Send statements as the superuser, each committed by itself."""

        def send(connection: Connection) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement)

        run_on(self.url(database), send, autocommit=True)

    def ask(self, database: str, query: str) -> object:
        """The one value that a query gives."""
        return run_on(self.url(database), lambda c: c.exec_driver_sql(query).scalar_one())

    def make(self, name: str, *, owner: str, template: str = "template0") -> str:
        """A database of that owner; its name."""
        quoted = [part.replace('"', '""') for part in (name, template, owner)]
        self.do("postgres", 'CREATE DATABASE "{}" TEMPLATE "{}" OWNER "{}"'.format(*quoted))
        return name


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with its roles; the login `locked` needs a password."""
    local = LocalServer(tmp_path_factory.mktemp("live"), durable=False)
    found = Live(start(local, os.environ))
    found.do("postgres", *_ROLES, "ALTER SYSTEM SET autovacuum = off")
    rules = Path(str(found.ask("postgres", "SHOW hba_file")))
    rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")
    pid = (found.running.data / "postmaster.pid").read_text().splitlines()[0]
    os.kill(int(pid), signal.SIGHUP)
    _wait_until_locked(found)
    yield found
    reset(local)


def _wait_until_locked(live: Live) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            run_on(live.url("postgres", "locked"), lambda _: None)
        except ServerError:
            return
        time.sleep(0.02)
    pytest.fail("the server lets everybody in")


_CASES = Path(__file__).parents[1] / "cases"


@pytest.fixture(scope="module")
def migrated(live: Live, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Databases that different roles have migrated to 0002, by the role's name."""
    found = {}
    root = tmp_path_factory.mktemp("shop")
    for source in (_CASES / "project", _CASES / "drift" / "shop"):
        for path in source.rglob("*"):
            if path.is_file():
                target = root / path.relative_to(source)
                target.parent.mkdir(exist_ok=True)
                target.write_bytes(path.read_bytes())
    for number, owner in enumerate((_KEEPER, "alembic_proof_shop", "postgres")):
        found[owner] = live.make(f"template {number}", owner=owner)
        config = alembic_config(
            AlembicProject(file=root / "alembic.ini"), url=live.url(found[owner], owner)
        )
        run_upgrade(config, "0002")
    return found


@pytest.fixture
def shop(live: Live, migrated: dict[str, str], open_case: Open) -> Iterator[str]:
    """A live database of its own, which the keeper migrated; its name is as odd as a name can be."""
    open_case("drift/shop")
    name = live.make('live "x": 100%', owner=_KEEPER, template=migrated[_KEEPER])
    yield name
    live.do("postgres", 'DROP DATABASE "live ""x"": 100%" WITH (FORCE)')


_HISTORY = "history -> live database: "
_CHANGES = {
    "trigger dropped": (
        "DROP TRIGGER users_stamp ON users",
        "error: trigger public.users.users_stamp: only in the history",
    ),
    "trigger disabled": (
        "ALTER TABLE users DISABLE TRIGGER users_stamp",
        f"error: {_HISTORY}trigger public.users.users_stamp, enabled: none -> disabled",
    ),
    "default changed": (
        "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'somebody'",
        f"error: {_HISTORY}column public.users.name, default: 'nobody'::text -> 'somebody'::text",
    ),
    "index by hand": (
        "CREATE INDEX by_hand ON users (name)",
        "error: index public.by_hand: only in the live database",
    ),
    "index invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_users_email'::regclass",
        f"error: {_HISTORY}index public.ix_users_email, valid: none -> no",
    ),
    "check loosened": (
        "ALTER TABLE users DROP CONSTRAINT ck_users_name",
        "error: constraint public.users.ck_users_name: only in the history",
    ),
    "grant revoked": (
        "REVOKE INSERT ON users FROM alembic_proof_shop",
        (
            f"error: {_HISTORY}table public.users, grant to alembic_proof_shop: "
            "INSERT, SELECT -> SELECT"
        ),
    ),
    "column grant revoked": (
        "REVOKE UPDATE (name) ON users FROM alembic_proof_shop",
        f"error: {_HISTORY}column public.users.name, grant to alembic_proof_shop: UPDATE -> none",
    ),
    "grant to a role that only the live server has": (
        "GRANT SELECT ON users TO dba",
        f"error: {_HISTORY}table public.users, grant to dba: none -> SELECT",
    ),
    "owner's own privilege revoked": (
        f"REVOKE DELETE ON users FROM {_KEEPER_QUOTED}",
        (
            f"error: {_HISTORY}table public.users, grant to (owner): ALL -> "
            "INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE"
        ),
    ),
    "other owner": (
        "ALTER TABLE users OWNER TO dba",
        f"error: {_HISTORY}table public.users, owner: {_KEEPER} -> dba",
    ),
    "other owner of a function": (
        "ALTER FUNCTION stamp() OWNER TO dba",
        f"error: {_HISTORY}function public.stamp(), owner: {_KEEPER} -> dba",
    ),
    "row security off": (
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        f"error: {_HISTORY}table public.users, row security: enabled -> none",
    ),
    "policy for another role": (
        "ALTER POLICY users_all ON users TO dba",
        f"error: {_HISTORY}policy public.users.users_all, roles: alembic_proof_shop -> dba",
    ),
    "default privileges": (
        (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {_KEEPER_QUOTED} "
            "REVOKE SELECT ON TABLES FROM alembic_proof_shop"
        ),
        (
            f'error: {_HISTORY}default privileges for role "Keeper of ""x""" on tables, '
            "grant to alembic_proof_shop: SELECT -> none"
        ),
    ),
    "extension's version": (
        f"DROP EXTENSION pg_trgm; SET ROLE {_KEEPER_QUOTED}; CREATE EXTENSION pg_trgm VERSION '1.3'",
        f"error: {_HISTORY}extension pg_trgm, version: 1.6 -> 1.3",
    ),
    "extension installed by hand": (
        "CREATE EXTENSION citext",
        "error: extension citext: only in the live database",
    ),
    "table by hand": (
        "CREATE TABLE audit (id integer PRIMARY KEY)",
        "error: table public.audit: only in the live database",
    ),
}
_NOTES = {
    "view refreshed": (
        "REFRESH MATERIALIZED VIEW names",
        f"note: {_HISTORY}materialized view public.names, populated: no -> none",
    ),
    "database's own setting": (
        'ALTER DATABASE "live ""x"": 100%" SET work_mem = \'8MB\'',
        f"note: {_HISTORY}database current, settings: none -> 'work_mem=8MB'",
    ),
    "extension that an administrator made": (
        "UPDATE pg_extension SET extowner = 'dba'::regrole WHERE extname = 'pg_trgm'",
        f"note: {_HISTORY}extension pg_trgm, owner: {_KEEPER} -> dba",
    ),
}


def test_a_database_that_somebody_else_has_migrated_is_clean(
    live: Live, shop: str, run: Run
) -> None:
    """Another server, another name, another role that owns it all, and other values in it."""
    live.do(shop, "INSERT INTO users (name) VALUES ('a')", "SELECT nextval('tickets')")

    code, out, err = run("drift", "--url", live.url(shop, _KEEPER))

    assert (out, code) == ("drift: no findings\n", 0)
    assert err.startswith('live database: live "x": 100% on socket ')


@pytest.mark.parametrize("owner", ["alembic_proof_shop", "postgres"])
def test_a_role_that_the_history_grants_to_may_be_the_owner(
    live: Live, migrated: dict[str, str], open_case: Open, run: Run, owner: str
) -> None:
    """What it is granted is its own already; a superuser may be the owner as well."""
    open_case("drift/shop")

    code, out, _ = run("drift", "--url", live.url(migrated[owner]))

    assert (out, code) == ("drift: no findings\n", 0)


@pytest.mark.parametrize("change", [*_CHANGES, *_NOTES])
def test_each_change_is_found_once(live: Live, shop: str, run: Run, change: str) -> None:
    """At its own kind, told of its side; only what running a database brings along is a note."""
    statements, expected = (_CHANGES | _NOTES)[change]
    live.do(shop, *statements.split("; "))

    code, out, _ = run("drift", "--url", live.url(shop))

    severity = expected.partition(":")[0]
    assert out == f"{expected} [drift]\ndrift: 1 {severity}\n"
    assert code == (1 if severity == "error" else 0)


def test_pending_revisions_are_named_and_no_drift(live: Live, open_case: Open, run: Run) -> None:
    """The live database is compared with the revision that it is at."""
    root = open_case("drift/shop")
    name = live.make("behind", owner=_KEEPER)
    config = alembic_config(AlembicProject(file=root / "alembic.ini"), url=live.url(name, _KEEPER))
    run_upgrade(config, "0001")

    code, out, _ = run("drift", "--url", live.url(name))

    message = "note: 1 revision not applied yet, which is no drift: 0002 [pending]"
    assert (code, out) == (0, f"{message}\ndrift: 1 note\n")


def test_a_database_with_several_heads_is_built_at_all_of_them(
    live: Live, open_case: Open, run: Run
) -> None:
    """Clean with both, and not with one of them forgotten."""
    root = open_case("drift/two_heads")
    name = live.make("two heads", owner=_KEEPER)
    config = alembic_config(AlembicProject(file=root / "alembic.ini"), url=live.url(name, _KEEPER))
    run_upgrade(config, "heads")

    clean = run("drift", "--url", live.url(name))
    live.do(name, "DELETE FROM alembic_version WHERE version_num = '0003'")
    code, out, _ = run("drift", "--url", live.url(name))

    assert clean[:2] == (0, "drift: no findings\n")
    assert (code, out.splitlines()) == (
        1,
        [
            "error: table public.t_right: only in the live database [drift]",
            "note: 1 revision not applied yet, which is no drift: 0003 [pending]",
            "drift: 1 error, 1 note",
        ],
    )


def test_another_role_may_stand_for_the_owner(live: Live, shop: str, run: Run) -> None:
    """`--owner` is for a version table that somebody else made."""
    live.do(shop, "ALTER TABLE alembic_version OWNER TO dba")
    url = live.url(shop)

    without, named = run("drift", "--url", url), run("drift", "--url", url, "--owner", _KEEPER)
    nobody = run("drift", "--url", url, "--owner", "nobody at all")

    assert without[0] == 1
    assert f"table public.users, owner: dba -> {_KEEPER}" in without[1]
    assert named[:2] == (0, "drift: no findings\n")
    assert (nobody[0], nobody[1]) == (2, "")
    assert "the server has no role nobody at all" in nobody[2]


def test_nothing_is_written(live: Live, shop: str, run: Run) -> None:
    """No transaction of the live server was given an id, by a login that may do everything."""
    ids = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
    before = live.ask(shop, ids)

    run("drift", "--url", live.url(shop))

    assert live.ask(shop, ids) == before


def test_a_database_that_writes_when_it_is_read_is_not_let(live: Live, shop: str, run: Run) -> None:
    """The transaction is read-only: PostgreSQL refuses what a policy would write."""
    live.do(
        shop,
        "CREATE TABLE seen (at timestamptz)",
        "CREATE FUNCTION see() RETURNS boolean LANGUAGE sql VOLATILE SECURITY DEFINER"
        " AS 'INSERT INTO public.seen VALUES (now()) RETURNING true'",
        "ALTER TABLE alembic_version ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY seen ON alembic_version USING (see())",
        "GRANT SELECT ON alembic_version TO watcher",
    )

    code, out, err = run("drift", "--url", live.url(shop, "watcher"))

    assert (code, out) == (2, "")
    assert "cannot execute INSERT in a read-only transaction" in err
    assert live.ask(shop, "SELECT count(*) FROM seen") == 0


def test_a_login_that_may_only_read_the_version_is_enough(live: Live, shop: str, run: Run) -> None:
    """The system catalogs are everybody's; without the version there is one clear error."""
    url = live.url(shop, "watcher")

    refused = run("drift", "--url", url)
    live.do(shop, "GRANT SELECT ON alembic_version TO watcher")
    granted = run("drift", "--url", url)

    assert (refused[0], refused[1]) == (2, "")
    assert "permission denied for table alembic_version" in refused[2]
    assert granted[:2] == (0, "drift: no findings\n")


def test_a_revision_that_nobody_knows_is_one_clear_error(live: Live, shop: str, run: Run) -> None:
    """Another checkout has migrated it."""
    live.do(shop, "UPDATE alembic_version SET version_num = '0009'")

    code, out, err = run("drift", "--url", live.url(shop))

    assert (code, out) == (2, "")
    assert "the live database is at revision 0009, which this code does not know\n" in err


def test_no_version_table_is_one_clear_error(live: Live, shop: str, run: Run) -> None:
    """It is another database, or was never migrated; a table that only looks alike is none."""
    live.do(shop, "DROP TABLE alembic_version", "CREATE TABLE alembic_version (id integer)")

    code, out, err = run("drift", "--url", live.url(shop))

    assert (code, out) == (2, "")
    assert "the live database has no version table alembic_version\n" in err


def test_an_empty_version_table_is_the_base(live: Live, shop: str, run: Run) -> None:
    """Whatever is there then is drift."""
    live.do(shop, "DELETE FROM alembic_version")

    code, out, _ = run("drift", "--url", live.url(shop))

    assert code == 1
    assert "error: table public.users: only in the live database [drift]\n" in out
    assert "note: 2 revisions not applied yet, which is no drift: 0001, 0002 [pending]\n" in out


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:correct%20horse@localhost:1/x", "the server is down"),
        ("mysql://me:correct%20horse@localhost/x", "URL"),
        ("locked", "the password is wrong"),
        ("nowhere", "the database does not exist"),
    ],
)
def test_no_connection_is_one_clear_error_without_a_password(
    live: Live, open_case: Open, run: Run, url: str, said: str
) -> None:
    """What is wrong and where, and nothing that is secret."""
    open_case("drift/shop")
    wrong = f"{_SECRET}!"
    named = {
        "locked": DatabaseUrl.parse(live.url("postgres")).with_user("locked", wrong).text,
        "nowhere": live.url("nowhere"),
    }

    code, out, err = run("drift", "--url", named.get(url, url))

    assert (code, out) == (2, "")
    assert said in err
    assert "horse" not in err


def test_the_url_may_stand_in_a_variable(
    live: Live, shop: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is named, else the one of the settings; without any there is one clear error."""
    settings = Path("pyproject.toml")
    settings.write_text(f'{settings.read_text()}\nurl_env = "CASE_URL"\n')

    nothing = run("drift")
    unset = run("drift", "--url-env", "OTHER_URL")
    monkeypatch.setenv("OTHER_URL", live.url(shop))
    named = run("drift", "--url-env", "OTHER_URL")
    monkeypatch.setenv("CASE_URL", live.url(shop))
    usual = run("drift")

    assert [nothing[0], unset[0], named[0], usual[0]] == [2, 2, 0, 0]
    assert (
        nothing[2] == "no live database is named\n  do: pass --url or --url-env, or set CASE_URL\n"
    )
    assert unset[2].startswith("the environment variable OTHER_URL is not set\n")


def test_a_server_of_another_major_is_one_clear_error(
    live: Live, shop: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog of another major version would differ by itself; nothing is compared."""
    older = LocalServer(Path("older"), durable=False)
    try:
        running = start(older, {**os.environ, "ALEMBIC_PROOF_PG_MAJOR": "15"})
        monkeypatch.setenv("CASE_SCRATCH_URL", running.url("postgres"))
        code, out, err = run("drift", "--url", live.url(shop))
    finally:
        reset(older)

    assert (code, out) == (2, "")
    assert "the live server is PostgreSQL 18, the one for scratch databases 15\n" in err
    assert "do: name a PostgreSQL 18 in CASE_SCRATCH_URL\n" in err


def test_the_scratch_server_is_of_the_live_ones_major(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a server that is named, one of the same major is started."""
    root = open_case("drift/shop")
    monkeypatch.delenv("CASE_SCRATCH_URL")
    settings = 'local_state = "state"\nlocal_database = "x"\nlocal_owner = "y"\n'
    with (root / "pyproject.toml").open("a") as file:
        file.write(settings)
    older, scratch = (
        LocalServer(Path("older"), durable=False),
        LocalServer(Path("state"), durable=False),
    )
    try:
        running = start(older, {**os.environ, "ALEMBIC_PROOF_PG_MAJOR": "15"})
        with scratch_database(running.url("postgres")) as url:
            run_upgrade(alembic_config(AlembicProject(file=root / "alembic.ini"), url=url), "0002")
            code, out, _ = run("drift", "--url", url)
        majors = scratch.majors()
    finally:
        reset(older)
        reset(scratch)

    assert (out, code) == ("drift: no findings\n", 0)
    assert majors == (15,)


def test_the_outcome_is_one_document(
    live: Live, shop: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of every other proof."""
    from alembic_proof.cli import main

    live.do(shop, "DROP TRIGGER users_stamp ON users")

    code = main(["drift", "--format", "json", "--url", live.url(shop)])

    document = json.loads(capsys.readouterr().out)
    assert (code, document["proof"], document["is_clean"]) == (1, "drift", False)
    assert [finding["rule"] for finding in document["findings"]] == ["drift"]
    assert [step["name"] for step in document["steps"]] == [
        "read the live database",
        "build the history at 0002",
        "compare the catalogs",
    ]
