"""Asking a socket whether a server is ready, and running statements on it."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_postgres import client
from local_postgres.client import Answer, probe, quote_identifier, quote_literal, socket_path
from local_postgres.errors import ServerError, SqlError
from local_postgres.scratch import ScratchServer


@pytest.fixture
def short() -> Iterator[Path]:
    """Yield a directory whose path leaves room for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


def test_no_server_is_no_answer(short: Path) -> None:
    """No socket, and a socket that its server left behind."""
    assert probe(short, 5432) is Answer.SILENT

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(short, 5432)))

    assert probe(short, 5432) is Answer.SILENT


def test_a_server_that_says_nothing_is_busy(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, and not taken for dead: that would end it under its clients' feet."""
    monkeypatch.setattr(client, "_TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(short, 5432)))
        listener.listen()

        assert probe(short, 5432) is Answer.NOT_NOW


@pytest.mark.parametrize(
    ("sqlstate", "answer"), [(b"57P03", Answer.NOT_NOW), (b"53300", Answer.READY)]
)
def test_a_refusal_distinguishes_starting_from_full(
    short: Path, sqlstate: bytes, answer: Answer
) -> None:
    """Only 57P03 means that the server is not ready yet, or no more."""
    body = b"SFATAL\0C" + sqlstate + b"\0Mno\0\0"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(short, 5432)))
        listener.listen()
        reply = b"E" + struct.pack("!i", len(body) + 4) + body

        assert _answered(listener, short, reply) is answer


def _answered(listener: socket.socket, directory: Path, reply: bytes) -> Answer:
    """Return the probe's answer to a reply, which a thread sends."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    answer = probe(directory, 5432)
    thread.join(timeout=5)
    return answer


def test_values_are_text_and_null_is_none(server: ScratchServer) -> None:
    """Every value arrives as PostgreSQL writes it; long ones in full."""
    with server.running.connect() as execute:
        rows = execute("SELECT 1, true, NULL, 'ä', repeat('x', 100000) FROM generate_series(1, 2)")

    assert rows == (("1", "t", None, "ä", "x" * 100000),) * 2


def test_a_refused_statement_leaves_the_session_usable(server: ScratchServer) -> None:
    """The error has PostgreSQL's message and SQLSTATE."""
    with server.running.connect() as execute:
        with pytest.raises(SqlError, match="division by zero") as caught:
            execute("SELECT 1/0")
        assert execute("SELECT 1") == (("1",),)

    assert caught.value.sqlstate == "22012"


def test_each_statement_is_committed(server: ScratchServer) -> None:
    """CREATE DATABASE and VACUUM can run: there is no transaction around them."""
    with server.running.connect() as execute:
        execute("VACUUM pg_catalog.pg_am")
        assert execute("") == ()


def test_a_database_that_does_not_exist_is_an_error_of_postgresql(server: ScratchServer) -> None:
    """The server answers and ends the session."""
    missing = server.running.connect("no such database")

    with pytest.raises(SqlError, match="does not exist") as caught, missing:
        pass

    assert caught.value.sqlstate == "3D000"


def test_a_session_that_is_ended_is_a_server_error(server: ScratchServer) -> None:
    """The statement after it says that the server does not answer."""
    with server.running.connect() as execute, server.running.connect() as other:
        ((pid,),) = execute("SELECT pg_backend_pid()")
        other(f"SELECT pg_terminate_backend({pid}, 5000)")

        with pytest.raises((ServerError, SqlError)):
            execute("SELECT 1")


def test_no_server_is_a_server_error(short: Path) -> None:
    """The error names the directory of the socket."""
    session = client.connect(short, 5432, user="postgres", database="postgres")

    with pytest.raises(ServerError, match="does not answer") as caught, session:
        pass

    assert caught.value.where == str(short)


@pytest.mark.parametrize("name", ["plain", 'a"b', "a'b", "a\\b", "ä; --", "%s"])
def test_names_and_texts_are_quoted(server: ScratchServer, name: str) -> None:
    """PostgreSQL reads back what was written."""
    statement = f"SELECT {quote_literal(name)} AS {quote_identifier(name)}"
    column = f"SELECT x.{quote_identifier(name)} FROM ({statement}) AS x"

    with server.running.connect() as execute:
        assert execute(column) == ((name,),)
