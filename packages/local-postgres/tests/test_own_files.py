"""Files of another user, and links, in the place of a server's own: none is read, written or deleted."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from local_postgres.errors import ServerError
from local_postgres.own_files import write_own
from local_postgres.scratch import scratch_server
from local_postgres.server import LocalServer, reset, start, status
from local_postgres.settings import read_settings

_AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
_PLACES = (
    ".",
    ".gitignore",
    "18",
    "18/lock",
    "18/log",
    "18/data",
    "18/server.json.new",
    "18/postgresql.conf.new",
    "18/pg_hba.conf.new",
)


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Return a directory of the user's with a file, which is to stay as it is."""
    directory = tmp_path / "victim"
    directory.mkdir()
    (directory / "file").write_text("precious")
    return directory


def _refused(server: LocalServer, environ: Mapping[str, str], *, match: str) -> ServerError:
    """Return the error of a start, which every other action has as well."""
    with pytest.raises(ServerError, match=match) as caught:
        start(server, environ)
    for act in (status, reset):
        with pytest.raises(ServerError, match=match):
            act(server)
    return caught.value


@pytest.mark.parametrize("place", _PLACES)
def test_a_link_is_refused(
    durable: LocalServer, environ: dict[str, str], victim: Path, place: str
) -> None:
    """A repository may contain it; the file that it leads to keeps its text."""
    link = durable.state / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(victim if place in (".", "18", "18/data") else victim / "file")

    error = _refused(durable, environ, match="a link is in the place")

    assert error.where == str(link)
    assert "data in [tool.local-postgres]" in error.todo
    assert [path.name for path in victim.iterdir()] == ["file"]
    assert (victim / "file").read_text() == "precious"
    link.unlink()


@_AS_ROOT
@pytest.mark.parametrize("place", _PLACES)
def test_a_file_of_another_user_is_refused(
    durable: LocalServer, environ: dict[str, str], place: str
) -> None:
    """The message names the user and the ways out."""
    path = durable.state / place
    path.mkdir(parents=True)
    os.chown(path, 12345, 12345)

    error = _refused(durable, environ, match="belong to another user, uid 12345")

    assert error.where == str(path)
    assert error.todo.startswith("run the command as that user; or delete them")
    os.chown(path, 0, 0)
    assert status(durable) == () or place == "18/data"  # the control


@_AS_ROOT
@pytest.mark.parametrize("place", [".", "tcp", "tcp/scratch/18/password.new"])
def test_the_server_on_tcp_is_no_exception(
    state: Path, environ: dict[str, str], place: str
) -> None:
    """Its password must not come from another user."""
    path = state / place
    path.mkdir(parents=True)
    os.chown(path, 12345, 12345)

    with pytest.raises(ServerError, match="belong to another user"):
        scratch_server(environ, state=state, is_tcp=True)

    os.chown(path, 0, 0)


def test_the_settings_do_not_follow_a_link(tmp_path: Path, victim: Path) -> None:
    """A directory above the checkout may be one; the directory of the data may not."""
    table = '[tool.local-postgres]\ndata = ".postgres"\ndatabase = "shop"\nowner = "shop"\n'
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text(table)
    (checkout / ".postgres").symlink_to(victim)
    (tmp_path / "link").symlink_to(checkout)

    local = read_settings(tmp_path / "link")

    assert local is not None
    assert local.state == checkout / ".postgres"
    with pytest.raises(ServerError, match="a link is in the place"):
        start(local.server, os.environ)


@_AS_ROOT
@pytest.mark.parametrize("name", ["{victim}", "/", "/var/tmp", "/var/tmp/alembic-proof-x"])  # noqa: S108
def test_a_marker_that_names_another_directory_deletes_nothing(
    durable: LocalServer, victim: Path, name: str
) -> None:
    """A reset deletes the directory that root's marker names."""
    home = durable.home(18)
    home.mkdir(parents=True)
    (victim / "cluster" / "data").mkdir(parents=True)
    (home / "elsewhere").write_text(name.format(victim=victim))

    with pytest.raises(ServerError, match="does not name the directory of a local server"):
        reset(durable)

    assert (victim / "file").exists()
    (home / "elsewhere").unlink()


def test_a_file_is_written_whole_and_with_its_mode(tmp_path: Path) -> None:
    """Whatever the umask is, and whatever a killed run has left."""
    path = tmp_path / "file"
    (tmp_path / "file.new").write_text("left over")
    before = os.umask(0o077)
    try:
        write_own(path, "whole", mode=0o644)
    finally:
        os.umask(before)

    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("whole", 0o644)
    assert not (tmp_path / "file.new").exists()
