"""A minimal client for a server's Unix socket: is it ready, and what does a statement return.

It speaks PostgreSQL's protocol itself, so that a local server needs no driver. It knows neither
passwords nor TLS: a local server trusts every process that can open its socket.

Source: https://www.postgresql.org/docs/current/protocol-flow.html
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import TypeAlias

from local_postgres.errors import ServerError, SqlError

SUPERUSER = "postgres"
Rows: TypeAlias = tuple[tuple[str | None, ...], ...]
"""The rows of a result, each value as PostgreSQL's text; None is NULL."""
Execute: TypeAlias = Callable[[str], Rows]
"""Run one statement outside of a transaction and return its rows.

Raises `SqlError` for a statement that PostgreSQL refuses.
"""

_PROTOCOL_3 = 196608
_TIMEOUT_S = 5.0
_CANNOT_CONNECT_NOW = "57P03"


class Answer(Enum):
    """The answer of a server's socket to a request for a session."""

    READY = auto()
    """A server accepts connections, or refuses this one for a reason of its own."""
    NOT_NOW = auto()
    """A server is starting up, shutting down, or too busy to answer."""
    SILENT = auto()
    """No server listens."""


def socket_path(directory: Path, port: int) -> Path:
    """Return the path of the socket that PostgreSQL makes in a directory."""
    return directory / f".s.PGSQL.{port}"


def probe(directory: Path, port: int) -> Answer:
    """Ask the server behind a socket for a session, and close it."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(str(socket_path(directory, port)))
            connection.sendall(_startup_message(SUPERUSER, SUPERUSER))
            kind, body = _receive(connection)
            if kind == b"R":
                connection.sendall(_message(b"X"))
    except (TimeoutError, BlockingIOError):  # the latter: its queue is full
        return Answer.NOT_NOW
    except OSError:
        return Answer.SILENT
    if kind == b"E" and _error(body).sqlstate == _CANNOT_CONNECT_NOW:
        return Answer.NOT_NOW
    return Answer.READY


@contextmanager
def connect(directory: Path, port: int, *, user: str, database: str) -> Iterator[Execute]:
    """Open a session for the length of the block and yield what runs its statements.

    :raises ServerError: No server answers.
    :raises SqlError: The server refuses the session, for example because there is no such database.
    """
    with socket.socket(socket.AF_UNIX) as connection:

        def execute(statement: str) -> Rows:
            with _server_errors(directory):
                connection.sendall(_message(b"Q", statement.encode() + b"\0"))
                return _read_until_ready(connection)

        with _server_errors(directory):
            connection.settimeout(_TIMEOUT_S)
            connection.connect(str(socket_path(directory, port)))
            connection.sendall(_startup_message(user, database))
            _read_until_ready(connection)
            connection.settimeout(None)  # a statement may wait for a lock
        yield execute


def quote_identifier(name: str) -> str:
    """Return the name as a quoted identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """Return the text as a string constant of SQL, whatever standard_conforming_strings says."""
    prefix = " E" if "\\" in text else ""
    return prefix + "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@contextmanager
def _server_errors(directory: Path) -> Iterator[None]:
    """Turn what the operating system raises for a connection into a `ServerError`."""
    try:
        yield
    except OSError as error:
        raise ServerError(
            f"the local server does not answer: {error.strerror or error}",
            where=str(directory),
            todo="look into its log, which lies beside its data; then start it",
        ) from error


def _read_until_ready(connection: socket.socket) -> Rows:
    """Read messages until ReadyForQuery; return the rows among them.

    :raises SqlError: One of them is an error.
    """
    rows: list[tuple[str | None, ...]] = []
    errors: list[SqlError] = []
    kind, body = _receive(connection)
    while kind != b"Z":
        if kind == b"D":
            rows.append(_row(body))
        elif kind == b"E":
            errors.append(_error(body))
            if _fields(body).get("V") in ("FATAL", "PANIC"):
                break  # the server closes the session
        kind, body = _receive(connection)
    if errors:
        raise errors[0]
    return tuple(rows)


def _row(body: bytes) -> tuple[str | None, ...]:
    """Return the values of a DataRow message."""
    values: list[str | None] = []
    (count,) = struct.unpack_from("!h", body)
    at = 2
    for _ in range(count):
        (size,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return tuple(values)


def _error(body: bytes) -> SqlError:
    """Return the error of an ErrorResponse message."""
    fields = _fields(body)
    return SqlError(fields.get("M", ""), sqlstate=fields.get("C", ""))


def _fields(body: bytes) -> dict[str, str]:
    """Return the fields of an ErrorResponse message by their letters.

    Source: https://www.postgresql.org/docs/current/protocol-error-fields.html
    """
    parts = (part.decode(errors="replace") for part in body.split(b"\0") if part)
    return {part[0]: part[1:] for part in parts}


def _startup_message(user: str, database: str) -> bytes:
    pairs = ("user", user, "database", database, "client_encoding", "UTF8")
    body = struct.pack("!i", _PROTOCOL_3) + b"".join(text.encode() + b"\0" for text in pairs)
    return struct.pack("!i", len(body) + 5) + body + b"\0"


def _message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _receive(connection: socket.socket) -> tuple[bytes, bytes]:
    """Return the next message: its type and its body.

    :raises OSError: The server closed the connection.
    """
    head = _receive_exactly(connection, 5)
    (size,) = struct.unpack("!i", head[1:])
    return head[:1], _receive_exactly(connection, size - 4)


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        chunk = connection.recv(min(size - len(received), 65536))
        if not chunk:
            raise ConnectionResetError("the server closed the connection")
        received += chunk
    return received
