"""Who answers on a socket: the truth about whether a server is up."""

from __future__ import annotations

import socket
import struct
from enum import Enum, auto
from pathlib import Path

_PROTOCOL_3 = 196608
_TIMEOUT_S = 5.0


class Answer(Enum):
    """What a socket said."""

    READY = auto()
    """A server takes connections, or refuses this one for a reason of its own."""
    NOT_NOW = auto()
    """A server starts up, shuts down, or is too busy to say a word."""
    SILENT = auto()
    """Nobody."""


def socket_path(directory: Path, port: int) -> Path:
    """The socket that PostgreSQL makes in a directory."""
    return directory / f".s.PGSQL.{port}"


def probe(directory: Path, port: int) -> Answer:
    """Ask the server behind a socket for a session, and leave at once.

    Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(_TIMEOUT_S)
            connection.connect(str(socket_path(directory, port)))
            connection.sendall(_startup_message())
            reply = _first_message(connection)
            if reply.startswith(b"R"):
                connection.sendall(b"X" + struct.pack("!i", 4))
    except (TimeoutError, BlockingIOError):  # the latter: its queue is full
        return Answer.NOT_NOW
    except OSError:
        return Answer.SILENT
    if reply.startswith(b"E") and b"C57P03\0" in reply:
        return Answer.NOT_NOW
    return Answer.READY if reply else Answer.SILENT


def _startup_message() -> bytes:
    body = struct.pack("!i", _PROTOCOL_3) + b"user\0postgres\0database\0postgres\0\0"
    return struct.pack("!i", len(body) + 4) + body


def _first_message(connection: socket.socket) -> bytes:
    """The first message, type and body; empty when the connection is closed before."""
    received = b""
    while len(received) < 5 or len(received) < 1 + struct.unpack("!i", received[1:5])[0]:
        chunk = connection.recv(4096)
        if not chunk:
            return b""
        received += chunk
    return received
