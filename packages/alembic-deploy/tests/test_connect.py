"""One connection for one piece of work, and every reason why it cannot be opened."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import ServerWait, explain_connection_error, run_on
from alembic_deploy.errors import ServerError
from alembic_deploy.url import DatabaseUrl
from local_postgres.server import LocalServer, RunningServer, reset, start

_SECRET = "correct horse"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Yield a server where the login `locked` needs a password, and `closed` refuses every login."""
    local = LocalServer(tmp_path_factory.mktemp("state"), durable=False)
    running = start(local, os.environ)
    statements = (
        f"CREATE ROLE locked LOGIN PASSWORD '{_SECRET}'",
        "CREATE ROLE plain LOGIN",
        "CREATE ROLE crowded LOGIN CONNECTION LIMIT 0",
        "CREATE DATABASE closed",
        "REVOKE CONNECT ON DATABASE closed FROM PUBLIC",
        "CREATE DATABASE shut ALLOW_CONNECTIONS false",
    )
    for statement in statements:
        run_on(running.url("postgres"), _doing(statement), autocommit=True)
    _require_a_password(running)
    yield running
    reset(local)


def _require_a_password(running: RunningServer) -> None:
    rules = Path(_scalar(running.url("postgres"), "SHOW hba_file"))
    rules.write_text(
        f"local all locked scram-sha-256\nlocal all rejected reject\n{rules.read_text()}"
    )
    pid = (running.data / "postmaster.pid").read_text().splitlines()[0]
    os.kill(int(pid), signal.SIGHUP)
    deadline = time.monotonic() + 10
    while not _refuses(running.url("postgres", "locked")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _doing(statement: str) -> Callable[[sqlalchemy.Connection], None]:
    def do(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(statement)

    return do


def _scalar(url: str, query: str) -> str:
    return run_on(url, lambda c: str(c.exec_driver_sql(query).scalar_one()))


def _refuses(url: str) -> bool:
    try:
        _scalar(url, "SELECT 1")
    except ServerError:
        return True
    return False


def _explained(url: str) -> ServerError:
    with pytest.raises(ServerError) as caught:
        run_on(url, _doing("SELECT 1"))
    assert caught.value.where == DatabaseUrl.parse(url).display
    assert caught.value.__cause__ is not None
    assert caught.value.todo
    return caught.value


def test_work_is_committed_and_its_value_returned(scratch_url: str) -> None:
    """The work gets an ordinary synchronous Connection."""
    run_on(scratch_url, _doing("CREATE TABLE kept (x integer)"))

    assert _scalar(scratch_url, "SELECT to_regclass('kept')") == "kept"


def test_work_that_raises_is_rolled_back_and_passes_through(scratch_url: str) -> None:
    """A statement's own error is not taken for a failed connection."""

    def fail(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE lost (x integer)")
        connection.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="division by zero"):
        run_on(scratch_url, fail)

    assert _scalar(scratch_url, "SELECT to_regclass('lost')") == "None"


def test_autocommit_allows_what_no_transaction_may_hold(scratch_url: str) -> None:
    """VACUUM is refused inside of a transaction, and runs without one."""
    run_on(scratch_url, _doing("VACUUM"), autocommit=True)

    with pytest.raises(DBAPIError, match="transaction block"):
        run_on(scratch_url, _doing("VACUUM"))


def test_the_urls_settings_arrive(scratch_url: str) -> None:
    """application_name and options reach the server."""
    url = f"{scratch_url}&application_name=till&options=-c%20work_mem%3D8MB&connect_timeout=9"

    assert _scalar(url, "SHOW application_name") == "till"
    assert _scalar(url, "SHOW work_mem") == "8MB"


def test_a_synchronous_driver_does_the_same(scratch_url: str) -> None:
    """The URL names the driver; commit, rollback and explanation are no different."""
    pytest.importorskip("psycopg", exc_type=ImportError)
    url = scratch_url.replace("postgresql://", "postgresql+psycopg://")

    run_on(url, _doing("CREATE TABLE kept (x integer)"))
    run_on(url, _doing("VACUUM"), autocommit=True)

    assert _scalar(url, "SELECT to_regclass('kept')") == "kept"
    assert "no-such-user" in _explained(DatabaseUrl.parse(url).with_user("no-such-user").text).what


def test_a_password_with_every_kind_of_character_works(server: RunningServer) -> None:
    """What the URL quotes, the server gets unquoted."""
    password = "@:/?#%& +ö'\"[]"
    literal = password.replace("'", "''")
    run_on(server.url("postgres"), _doing(f"CREATE ROLE odd LOGIN PASSWORD '{literal}'"))
    url = DatabaseUrl.parse(server.url("postgres")).with_user("odd", password)

    assert _scalar(url.text, "SELECT current_user") == "odd"


@pytest.mark.parametrize(
    ("user", "database", "sqlstate", "says"),
    [
        ("locked", "postgres", "28P01", "password is wrong"),
        ("nobody", "postgres", "28000", "login does not exist"),
        ("rejected", "postgres", "28000", "admits no such connection"),
        ("plain", "missing", "3D000", "database does not exist"),
        ("plain", "closed", "42501", "may not connect"),
        ("plain", "shut", "55000", "accepts no connections"),
        ("crowded", "postgres", "53300", "no connection left"),
    ],
)
def test_a_servers_refusal_is_explained_with_its_sqlstate(
    server: RunningServer, user: str, database: str, sqlstate: str, says: str
) -> None:
    """The sentence is ours, the detail is the server's, and no password is in either."""
    url = DatabaseUrl.parse(server.url(database, user)).with_user(user, "SECRET").text

    error = _explained(url)

    assert says in error.what
    assert f"SQLSTATE {sqlstate}" in error.what
    assert "SECRET" not in str(error)


def test_the_right_password_connects(server: RunningServer) -> None:
    """The control of the wrong one."""
    url = DatabaseUrl.parse(server.url("postgres")).with_user("locked", _SECRET)

    assert _scalar(url.text, "SELECT current_user") == "locked"


def test_a_server_that_is_down_is_explained(server: RunningServer) -> None:
    """There is no socket, or nothing listens on the socket or at the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    abandoned = server.socket_dir / ".s.PGSQL.1"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(abandoned))

    for url in (
        "postgresql://u@/x?host=/no/such/place",
        f"postgresql://u@/x?host={server.socket_dir}&port=1",
        f"postgresql://u@127.0.0.1:{port}/x",
    ):
        assert "the server is down" in _explained(url).what
    abandoned.unlink()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_server_that_starts_is_waited_for(server: RunningServer, driver: str) -> None:
    """The wait ends as soon as the server answers; without a wait the first refusal is the end."""
    url = replace(
        DatabaseUrl.parse(server.url("postgres", "plain")),
        driver=driver,
        hosts=((str(server.socket_dir), 2),),
    )
    early, lines = server.socket_dir / ".s.PGSQL.2", list[str]()
    with pytest.raises(ServerError, match=r"the server is down|No such file"):
        _scalar(url.text, "SELECT 1")

    def start_up(line: str) -> None:
        lines.append(line)
        early.symlink_to(_socket_of(server))

    wait = ServerWait(wait_s=60, print_line=start_up)
    found = run_on(url.text, lambda one: one.exec_driver_sql("SELECT 1").scalar(), wait=wait)

    early.unlink()
    assert found == 1
    assert len(lines) == 1
    assert lines[0].startswith("waiting for the server (postgres on socket ")


def test_a_wait_for_a_server_is_bounded(server: RunningServer) -> None:
    """After it the last refusal is the error."""
    wait = ServerWait(wait_s=0.7, print_line=print)

    with pytest.raises(ServerError, match="the server is down"):
        run_on(f"postgresql://u@/x?host={server.socket_dir}&port=3", id, wait=wait)


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_refusal_for_good_is_not_waited_for(server: RunningServer, driver: str) -> None:
    """A wrong password stays wrong."""
    url = DatabaseUrl.parse(server.url("postgres")).with_user("locked", "wrong")
    wait, lines = 600, list[str]()

    with pytest.raises(ServerError, match="password"):
        run_on(
            replace(url, driver=driver).text,
            id,
            wait=ServerWait(wait_s=wait, print_line=lines.append),
        )

    assert lines == []


def test_a_server_that_is_starting_up_may_answer_in_a_moment() -> None:
    """So says its SQLSTATE, or its text where a driver has nothing else; others say no such thing."""
    url = DatabaseUrl.parse("postgresql://u@db.example/x")
    starting: tuple[Exception, ...] = (
        asyncpg.CannotConnectNowError("the database system is starting up"),
        psycopg.OperationalError("FATAL:  the database system is starting up"),
        psycopg.OperationalError("failed to resolve host 'db.example'"),
        socket.gaierror(-2, "Name or service not known"),
        TimeoutError(),
    )
    wrong: tuple[Exception, ...] = (
        asyncpg.InvalidPasswordError("password authentication failed"),
        psycopg.OperationalError("FATAL:  password authentication failed"),
        asyncpg.InvalidCatalogNameError("no such database"),
        ssl.SSLError("certificate verify failed"),
    )

    def is_temporary(error: Exception) -> bool:
        explained = explain_connection_error(error, url)
        return explained is not None and explained.is_temporary

    assert [is_temporary(one) for one in (*starting, *wrong)] == [True] * 5 + [False] * 4


def _socket_of(server: RunningServer) -> Path:
    [found] = (one for one in server.socket_dir.glob(".s.PGSQL.*") if one.is_socket())
    return found


def test_a_host_that_is_not_found_is_explained() -> None:
    """The reserved domain never resolves."""
    assert "host name" in _explained("postgresql://u@no-such-host.invalid/x").what


def test_a_server_that_never_answers_is_explained() -> None:
    """The URL's connect_timeout ends the wait, and the error says how long it was."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://u:SECRET@127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=1"

        error = _explained(url)

    assert "no answer within 1 s" in error.what
    assert "SECRET" not in str(error)


@pytest.mark.parametrize(
    ("reply", "says"), [(b"N", "no TLS"), (b"S" + b"nonsense" * 8, "TLS failed"), (b"", "broke")]
)
def test_failed_tls_is_explained(reply: bytes, says: str) -> None:
    """A server without TLS, one that breaks the handshake, and one that hangs up."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=_answer_once, args=(listener, reply), daemon=True)
        thread.start()

        error = _explained(
            f"postgresql://u@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=require"
        )
        thread.join(timeout=10)

    assert says in error.what


def _answer_once(listener: socket.socket, reply: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(8)
        connection.sendall(reply[:1])
        if reply[1:]:
            connection.recv(4096)
            connection.sendall(reply[1:])


def test_an_error_of_something_else_is_not_explained() -> None:
    """A missing file is not a missing server."""
    url = DatabaseUrl.parse("postgresql://u@/x?host=/no/such/place")
    with pytest.raises(FileNotFoundError) as missing:
        Path("/no/such/file").read_text()

    assert explain_connection_error(missing.value, url) is None
    assert explain_connection_error(ValueError("else"), url) is None
    assert explain_connection_error(FileNotFoundError(2, "No such file"), url) is not None
