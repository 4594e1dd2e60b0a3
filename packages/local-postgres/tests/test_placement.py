"""Where the socket lies, and who answers on it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_postgres.client import socket_path
from local_postgres.errors import ServerError
from local_postgres.placement import make_socket_directory, own_directory


@pytest.fixture
def short() -> Iterator[Path]:
    """Yield a directory whose path leaves room for a socket."""
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


@pytest.mark.parametrize("kind", ["directory of another user", "link", "file"])
def test_a_name_that_is_taken_is_passed_over(short: Path, kind: str) -> None:
    """An ordinary user cannot remove it from /tmp, and gets a directory that nobody could foresee."""
    environ = {"XDG_RUNTIME_DIR": str(short)}
    taken = make_socket_directory(Path("/a/state"), environ)
    taken.rmdir()
    match kind:
        case "link":
            taken.symlink_to(short)
        case "file":
            taken.touch()
        case _ if os.geteuid() == 0:
            taken.mkdir()
            os.chown(taken, 12345, 12345)
        case _:
            pytest.skip("only root can make one")

    made = [make_socket_directory(Path("/a/state"), environ) for _ in range(2)]

    assert len({taken, *made}) == 3
    assert all(one.name.startswith(taken.name) for one in made)
    assert all(stat.S_IMODE(one.lstat().st_mode) == 0o700 for one in made)


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
    """The directory belongs to this user, and only this user can enter it afterwards."""
    directory = short / "wide"
    directory.mkdir(mode=0o755)

    own_directory(directory, uid=os.getuid())

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_or_a_file_instead_of_the_directory_is_refused(short: Path, kind: str) -> None:
    """A user who took the name first does not get the server."""
    place = short / "place"
    if kind == "link":
        place.symlink_to(short)
    else:
        place.write_text("")

    with pytest.raises(ServerError, match="belongs to somebody else"):
        own_directory(place, uid=os.getuid())
