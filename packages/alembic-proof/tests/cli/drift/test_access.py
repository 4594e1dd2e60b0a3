"""A live database is only read, and what keeps it from being read is one clear error."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli import main
from alembic_proof.scratch import scratch_database
from local_postgres.server import LocalServer, reset, start

from .live import KEEPER, SECRET, Live, Open, Run, upgrade


def test_another_role_may_stand_for_the_owner(live: Live, shop: str, run: Run) -> None:
    """`--owner` is for a version table that another role created."""
    live.do(shop, "ALTER TABLE alembic_version OWNER TO dba")
    url = live.url(shop)

    without, named = run("drift", "--url", url), run("drift", "--url", url, "--owner", KEEPER)
    nobody = run("drift", "--url", url, "--owner", "nobody at all")

    assert without[0] == 1
    assert (
        f"table public.users, owner: dba in the history; {KEEPER} in the live database"
        in without[1]
    )
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


@pytest.mark.parametrize("table", ["users", "alembic_version"])
def test_a_lock_timeout_names_the_lock_and_the_place(
    live: Live, shop: str, run: Run, table: str
) -> None:
    """Nothing failed before, and the login may read: it may be tried again."""
    pytest.importorskip("psycopg")
    url = DatabaseUrl.parse(live.url(shop)).with_user("postgres", SECRET)

    def drift(connection: sa.Connection) -> tuple[int, str, str]:
        connection.exec_driver_sql(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        return run("drift", "--url", url.text)

    code, out, err = run_on(replace(url, driver="psycopg").sqlalchemy_url, drift)

    assert (code, out) == (2, "")
    assert "canceling statement due to lock timeout" in err
    assert f"where: {url.display}\n" in err
    assert "another session holds a lock" in err
    assert "try again" in err
    assert SECRET not in err


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
    wrong = f"{SECRET}!"
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
    settings.write_text(f'{settings.read_text()}\n[tool.alembic-deploy]\nurl_env = "CASE_URL"\n')

    nothing = run("drift")
    unset = run("drift", "--url-env", "OTHER_URL")
    monkeypatch.setenv("OTHER_URL", live.url(shop))
    named = run("drift", "--url-env", "OTHER_URL")
    monkeypatch.setenv("CASE_URL", live.url(shop))
    usual = run("drift")

    assert [nothing[0], unset[0], named[0], usual[0]] == [2, 2, 0, 0]
    assert (
        nothing[2]
        == "no live database is given\n  help: pass --url or --url-env, or set CASE_URL\n"
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
    assert "help: name a PostgreSQL 18 in CASE_SCRATCH_URL\n" in err


def test_the_scratch_server_is_of_the_live_ones_major(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a server that is named, one of the same major is started."""
    root = open_case("drift/shop")
    monkeypatch.delenv("CASE_SCRATCH_URL")
    settings = '[tool.local-postgres]\ndata = "state"\ndatabase = "x"\nowner = "y"\n'
    with (root / "pyproject.toml").open("a") as file:
        file.write(settings)
    older, scratch = (
        LocalServer(Path("older"), durable=False),
        LocalServer(Path("state"), durable=False),
    )
    try:
        running = start(older, {**os.environ, "ALEMBIC_PROOF_PG_MAJOR": "15"})
        with scratch_database(running.url("postgres")) as url:
            upgrade(root, url, "0002")
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
