"""Where the socket lies, and who answers on it."""

from __future__ import annotations

import os
import socket
import stat
import struct
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from alembic_proof.errors import ServerError
from alembic_proof.postgres import _probe
from alembic_proof.postgres._probe import Answer, probe, socket_path
from alembic_proof.postgres._sockets import make_socket_directory, own_directory


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose path leaves room for a socket."""
    with tempfile.TemporaryDirectory(dir="/tmp") as directory:
        yield Path(directory)


def test_a_private_short_directory_is_preferred(short: Path) -> None:
    """XDG_RUNTIME_DIR is the user's own; the same state always gets the same name."""
    environ = {"XDG_RUNTIME_DIR": str(short)}

    first = make_socket_directory(Path("/a/state"), environ)

    assert first.parent == short
    assert stat.S_IMODE(first.stat().st_mode) == 0o700
    assert make_socket_directory(Path("/a/state"), environ) == first
    assert make_socket_directory(Path("/another"), environ) != first


@pytest.mark.parametrize("name", ["x" * 90, "with a space", "ö", "a,b"])
def test_a_directory_that_does_not_fit_is_passed_over(short: Path, name: str) -> None:
    """Too long for a socket, or in need of quotes: the next one is taken."""
    unfit = short / name
    unfit.mkdir()

    made = make_socket_directory(Path(short), {"XDG_RUNTIME_DIR": str(unfit)})

    assert not made.is_relative_to(unfit)
    assert len(os.fsencode(socket_path(made, 5432))) <= 103
    made.rmdir()


def test_a_directory_with_a_wider_mode_is_narrowed(short: Path) -> None:
    """It is this user's own: nobody else is let in from now on."""
    directory = short / "wide"
    directory.mkdir(mode=0o755)

    own_directory(directory, uid=os.getuid())

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["link", "file"])
def test_what_is_no_directory_of_ones_own_is_refused(short: Path, kind: str) -> None:
    """Whoever was there first does not get the server."""
    place = short / "place"
    if kind == "link":
        place.symlink_to(short)
    else:
        place.write_text("")

    with pytest.raises(ServerError, match="belongs to somebody else"):
        own_directory(place, uid=os.getuid())


def test_nobody_is_silence(short: Path) -> None:
    """No socket, and a socket that its server left behind."""
    assert probe(short, 5432) is Answer.SILENT

    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path(short, 5432)))

    assert probe(short, 5432) is Answer.SILENT


def test_a_server_that_says_nothing_is_busy(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for, and not taken for dead: that would end it under its clients' feet."""
    monkeypatch.setattr(_probe, "_TIMEOUT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(socket_path(short, 5432)))
        listener.listen()

        assert probe(short, 5432) is Answer.NOT_NOW


@pytest.mark.parametrize(
    ("sqlstate", "answer"), [(b"57P03", Answer.NOT_NOW), (b"53300", Answer.READY)]
)
def test_a_refusal_tells_a_start_from_a_full_house(
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
    """What the probe makes of a reply, given by a thread."""

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
