"""Every error of boards-migrate is exit code 2 and one clear message without a password.

The fixture `migrate` looks for tracebacks and for the password in everything that is printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from alembic_deploy.bootstrap import apply_bootstrap
from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.url import DatabaseUrl
from boards.database.roles import bootstrap_of
from packages.backend.tests.database.migrate.running import SECRET, Migrate, send, with_password

COMMANDS = [("upgrade",), ("downgrade",), ("current",), ("check",), ("bootstrap",)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_database_named(migrate: Migrate, command: tuple[str, ...]) -> None:
    """Without BOARDS_DATABASE_URL there is no default: one error names it and the checkout's way."""
    done = migrate(*command, url=None)

    assert (done.code, done.out) == (2, "")
    assert "BOARDS_DATABASE_URL is not set" in done.err
    assert "make migrate" in done.err


def test_two_databases_named(migrate: Migrate) -> None:
    """--local beside BOARDS_DATABASE_URL is refused instead of guessing which one is meant."""
    done = migrate("--local", "upgrade", url="postgresql:///x?host=/nowhere")

    assert done.code == 2
    assert "leave one of the two out" in done.err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_server_down(migrate: Migrate, command: tuple[str, ...]) -> None:
    """A server that does not answer is named by its full address."""
    url = f"postgresql://boards:{SECRET}@127.0.0.1:1/boards"

    done = migrate(*command, url=url, BOARDS_SERVER_WAIT="0s")

    assert done.code == 2
    assert "127.0.0.1:1" in done.err


def test_database_missing(migrate: Migrate, scratch_url: str) -> None:
    """A database that does not exist is named."""
    url = DatabaseUrl.parse(scratch_url).with_database("boards_no_such_database").dsn

    done = migrate("upgrade", url=with_password(url))

    assert done.code == 2
    assert "boards_no_such_database" in done.err


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://boards:{SECRET}@host/boards",
        f"postgresql://boards:{SECRET}@host:port/boards",
        f"postgresql://boards:{SECRET}@host/boards?sslmode=sometimes",
        f"postgresql://boards:{SECRET}@host/boards?unheard_of=1",
        f"postgresql+psycopg://boards:{SECRET}@host/boards",
        SECRET,
    ],
)
def test_url_that_cannot_be_read(migrate: Migrate, url: str) -> None:
    """A malformed URL is one error that leaves the password out."""
    assert migrate("upgrade", url=url).code == 2


@pytest.mark.parametrize("name", ["BOARDS_APP_DATABASE_URL", "BOARDS_LOCK_TIMEOUT"])
def test_other_variables(migrate: Migrate, name: str) -> None:
    """A variable that cannot be used is named."""
    done = migrate("upgrade", url="postgresql:///x?host=/nowhere", **{name: "fortnight"})

    assert done.code == 2
    assert name in done.err


def test_unknown_revision(migrate: Migrate) -> None:
    """A revision that does not exist is an error that changes nothing.

    `downgrade 1` is no short name of a revision far behind: everything after it would go.
    """
    migrate("upgrade", "+1")
    before = migrate("current").out

    for command in (
        ("upgrade", "nope"),
        ("downgrade", "nope"),
        ("downgrade", "-99"),
        ("sql", "upgrade", "nope"),
        ("sql", "upgrade", "base:nope"),
        ("sql", "downgrade", "head"),
    ):
        done = migrate(*command)
        assert (done.code, done.err.strip() != "") == (2, True), command
    done = migrate("downgrade", "1")

    assert done.code == 2
    assert "'1' is too short for a revision; -1 is that many back" in done.err
    assert migrate("current").out == before


@pytest.mark.parametrize("command", [("upgrade",), ("downgrade",), ("check",)], ids=" ".join)
def test_database_from_the_future(
    migrate: Migrate, migrated_url: str, command: tuple[str, ...]
) -> None:
    """A database at a revision that this package does not know is named and left as it is."""
    send(migrated_url, "UPDATE alembic_version SET version_num = 'fffffffffff1'")

    done = migrate(*command, url=migrated_url)

    assert done.code == 2
    assert "fffffffffff1" in done.err


@pytest.mark.parametrize("arguments", [(), ("upgrate",), ("upgrade", "--no-such-option")])
def test_usage(migrate: Migrate, arguments: tuple[str, ...]) -> None:
    """A wrong command line prints the usage."""
    done = migrate(*arguments, url=None)

    assert done.code == 2
    assert "usage: boards-migrate" in done.err


def test_no_permission(migrate: Migrate, scratch_url: str, app_login: str) -> None:
    """For a login that may not create tables, nothing runs and the missing privilege is named."""
    url = DatabaseUrl.parse(scratch_url).with_user(app_login, SECRET).dsn

    done = migrate("upgrade", url=url)

    assert done.code == 2
    assert "this login lacks CREATE on schema public" in done.err


def test_no_right_to_make_roles(
    migrate: Migrate, server_url: str, scratch_url: str, app_login: str
) -> None:
    """A login that may not make roles gets the statements for an administrator."""
    newcomer = f"boards_newcomer_{uuid4().hex[:8]}"
    send(server_url, f"CREATE ROLE {newcomer} LOGIN")
    url = DatabaseUrl.parse(scratch_url).with_user(app_login, SECRET).dsn

    done = migrate("bootstrap", "--login", newcomer, url=url)
    send(server_url, f"DROP ROLE {newcomer}")

    assert done.code == 2
    assert f'GRANT "boards_app" TO "{newcomer}"' in done.err
    assert "REVOKE CONNECT" in done.err


def test_statements_for_an_administrator_without_a_login(server_url: str, scratch_url: str) -> None:
    """The statements of an upgrade say which command has the rest of them."""
    name = f"boards_newcomer_{uuid4().hex[:8]}"
    send(server_url, f"CREATE ROLE {name} LOGIN")
    url = DatabaseUrl.parse(scratch_url).with_user(name).dsn
    bootstrap = replace(
        bootstrap_of(None), statements=("CREATE ROLE boards_never",), ready="SELECT false"
    )
    try:
        with pytest.raises(DatabaseError) as caught:
            apply_bootstrap(url, bootstrap)
    finally:
        send(server_url, f"DROP ROLE {name}")

    assert "CREATE ROLE boards_never" in str(caught.value)
    assert "`boards-migrate bootstrap --login LOGIN` has all of it; with --sql" in str(caught.value)


def test_login_that_does_not_exist(migrate: Migrate) -> None:
    """`bootstrap` makes no logins: one that is missing is named."""
    done = migrate("bootstrap", "--login", "boards_no_such_login")

    assert done.code == 2
    assert "the login boards_no_such_login does not exist" in done.err
    assert "nothing is changed" in done.err


@pytest.mark.parametrize("login", ["", "x" * 64, "\N{SNOWMAN}" * 22])
def test_impossible_name_of_a_login(migrate: Migrate, login: str) -> None:
    """A text that cannot be the name of a role is refused before any SQL."""
    assert migrate("bootstrap", "--sql", "--login", login, url=None).code == 2


def test_lock_timeout(migrate: Migrate, scratch_url: str) -> None:
    """A locked table ends the upgrade after BOARDS_LOCK_TIMEOUT, not before."""
    migrate("upgrade", "+1")
    with held(scratch_url, "LOCK TABLE public.tenants"):
        done = migrate("upgrade", BOARDS_LOCK_TIMEOUT="200ms", BOARDS_RETRIES="1")

        assert done.code == 2
        assert "lock timeout" in done.err

    assert migrate("upgrade").code == 0


@contextmanager
def held(url: str, statement: str) -> Iterator[None]:
    """Yield a transaction of another session, open while the block runs."""
    is_held, is_over = Event(), Event()

    def hold(connection: Connection) -> None:
        connection.exec_driver_sql(statement)
        is_held.set()
        is_over.wait(timeout=30)

    thread = Thread(target=run_on, args=(url, hold))
    thread.start()
    is_held.wait(timeout=10)
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_interrupted(migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command with 130 and a word instead of a traceback."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alembic.command.upgrade", interrupt)

    done = migrate("upgrade")

    assert (done.code, done.err) == (130, "boards-migrate: interrupted\n")


def test_the_search_finds_a_password(migrate: Migrate, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a command that did print the password would fail these tests."""

    def leak(*_: object, **__: object) -> None:
        print(SECRET)  # noqa: T201 - the leak

    monkeypatch.setattr("alembic.command.upgrade", leak)

    with pytest.raises(AssertionError):
        migrate("upgrade")
