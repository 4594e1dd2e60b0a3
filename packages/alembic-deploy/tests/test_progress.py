"""The lines that a command prints, and where."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from alembic import command
from alembic.util import CommandError

from alembic_deploy.connect import DatabaseInfo
from alembic_deploy.events import Finished
from alembic_deploy.progress import name_of
from alembic_deploy.url import DatabaseUrl

if TYPE_CHECKING:
    from tests.conftest import Project

PLACE = DatabaseInfo(database="tracks", user="ada", server_version="18.4", address="/run/pg")


def test_upgrade_prints_each_revision_and_its_time(tracks: Project) -> None:
    """First the database, then a line for each revision, then from where to where."""
    lines = tracks.alembic("upgrade", "head").splitlines()

    name = DatabaseUrl.parse(tracks.url).database
    assert lines[0].startswith(f"database: {name} at ")
    assert re.fullmatch(r"  upgrade  aaaaaaaaaaaa  create tracks  \d+\.\d{3} s", lines[1])
    assert [line.split()[1] for line in lines[1:4]] == ["a" * 12, "b" * 12, "c" * 12]
    assert re.fullmatch(r"longest time that locks were held: \d+\.\d{3} s", lines[4])
    assert lines[5].startswith(f"base -> cccccccccccc on {name} at ")
    assert re.search(r" as \w+ \(PostgreSQL \d+[.\d]*\)$", lines[5])
    assert len(lines) == 6


def test_downgrade_prints_the_same(tracks: Project) -> None:
    """Downwards, newest first."""
    tracks.alembic("upgrade", "head")

    lines = tracks.alembic("downgrade", "base").splitlines()

    assert [line.split()[:2] for line in lines[1:4]] == [
        ["downgrade", letter * 12] for letter in "cba"
    ]
    assert lines[5].startswith("cccccccccccc -> base on ")


@pytest.mark.parametrize(("command", "at"), [("upgrade", "c" * 12), ("downgrade", "base")])
def test_nothing_to_do(tracks: Project, command: str, at: str) -> None:
    """A command that has nothing to do says so, and where the database is."""
    target = "head" if command == "upgrade" else "base"
    tracks.alembic(command, target)

    out = tracks.alembic(command, target)

    assert out.splitlines()[1].startswith("nothing to do: ")
    assert out.rstrip().endswith(f" is already at {at}")


def test_time_of_a_revision_is_its_own(project: Project) -> None:
    """A slow revision's time is on its own line, not on the next one's.

    It has no lock, so none was held for that time.
    """
    project.add("slow", upgrade='op.execute("SELECT pg_sleep(0.3)")')
    project.add("fast")

    out = project.alembic("upgrade", "head")

    assert "locks were held" not in out
    lines = out.splitlines()
    times = [float(line.split()[-2]) for line in lines[1:3]]
    assert times[0] >= 0.3 > times[1]


def test_running_revision_on_a_terminal(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is shown while it runs, cut to one line; its result, or the error, takes its place."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "30")
    project.add("short")
    project.add("a title of more characters than fit", upgrade="raise ValueError('no')")
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    monkeypatch.setattr(out, "isatty", lambda: True)

    with pytest.raises(CommandError):
        command.upgrade(project.config(out), "head")

    out.seek(0)
    lines = out.read().split("\r\x1b[K")
    assert lines[2] == "  upgrade  r1  short …"
    assert lines[3].startswith("  upgrade  r1  short  0.")
    assert [len(line) for line in lines[-2:]] == [29, 0]
    assert lines[-2].startswith("  upgrade  r2  a title")


def test_stamp_prints_where_to(tracks: Project) -> None:
    """`stamp` runs no revision, so it has the last line only."""
    lines = tracks.alembic("stamp", "head").splitlines()

    assert len(lines) == 2
    assert lines[1].startswith("base -> cccccccccccc on ")


def test_quiet(tracks: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """`attributes["quiet"]` silences everything that is not Alembic's own answer."""
    tracks.attributes["quiet"] = True

    assert tracks.alembic("upgrade", "head") == ""
    assert tracks.alembic("current") == "cccccccccccc (head)\n"
    assert capsys.readouterr() == ("", "")


def test_reading_commands_keep_their_stdout(
    tracks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """`current` prints Alembic's own line to stdout; which database it is goes to stderr."""
    tracks.alembic("upgrade", "head")

    assert tracks.alembic("current") == "cccccccccccc (head)\n"

    assert capsys.readouterr().err.startswith("database: ")


def test_option_for_quiet(tracks: Project) -> None:
    """Alembic's own `-q` silences the progress as well."""
    process = tracks.start("-q", "upgrade", "head")

    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


def test_no_password_is_printed(tracks: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """No line shows the password of a URL; `current -v` shows user and database."""
    url = DatabaseUrl.parse(tracks.url)
    tracks.url = url.with_user(url.user or "postgres", "hunter2@a%b/c:d").text

    out = tracks.alembic("upgrade", "head") + tracks.alembic("current", verbose=True)

    assert f"for postgresql+asyncpg://{url.user or 'postgres'}@/{url.database}:\n" in out
    assert "hunter2" not in out + "".join(capsys.readouterr())


def test_name_of_heads() -> None:
    """No head is base, several are sorted."""
    assert name_of(()) == "base"
    assert name_of(("b", "a")) == "a, b"


def test_last_line() -> None:
    """The order of several heads is no change."""
    assert _last_line(("b", "a"), ("a", "b")).startswith("nothing to do: tracks at /run/pg")
    assert _last_line((), ("a",)) == "base -> a on tracks at /run/pg as ada (PostgreSQL 18.4)"


def _last_line(before: tuple[str, ...], after: tuple[str, ...]) -> str:
    finished = Finished(
        before=name_of(before), after=name_of(after), database=str(PLACE), longest_held_ms=1
    )
    return finished.lines()[-1]


def test_notices_reach_the_user(project: Project) -> None:
    """A NOTICE or WARNING of a revision is printed; DEBUG is not."""
    levels = ("notice", "warning", "debug")
    raises = "".join(f"RAISE {level} 'a {level} of 3 rows'; " for level in levels)
    project.add("count", upgrade=f'op.execute("DO $$BEGIN {raises}END$$")')

    out = project.alembic("upgrade", "head")

    assert "    notice: a notice of 3 rows\n    warning: a warning of 3 rows\n" in out
    assert "debug" not in out


def test_notice_of_if_exists_is_left_out(project: Project) -> None:
    """A notice that IF EXISTS skipped a missing table is not printed; a raised one is."""
    drop = 'op.execute("DROP TABLE IF EXISTS public.gone")'
    raised = "op.execute(\"DO $$BEGIN RAISE NOTICE 'row 5 has no owner, skipping'; END$$\")"
    project.add("drop", upgrade=f"{drop}; {raised}")

    out = project.alembic("upgrade", "head")

    assert "    notice: row 5 has no owner, skipping\n" in out
    assert out.count("skipping") == 1


def test_a_closed_pipe_stops_nothing(tracks: Project) -> None:
    """`alembic upgrade head | head -1` migrates to head although the pipe is closed."""
    process = tracks.start("upgrade", "head")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()

    errors = process.stderr.read()
    process.stderr.close()

    assert (process.wait(timeout=60), errors) == (0, "")
    assert tracks.query("SELECT version_num FROM alembic_version") == ["c" * 12]


def test_a_revision_that_does_nothing_is_noted(project: Project) -> None:
    """An empty revision is noted when it is applied; one that does something is not."""
    path = project.add("blank", upgrade="operations = op")
    project.add(
        "full", upgrade='"""Doc."""\nop.execute("SELECT 1")', downgrade='op.execute("SELECT 1")'
    )

    up, down = project.alembic("upgrade", "head"), project.alembic("downgrade", "base")

    assert f"    note: upgrade() of {path} does nothing\n" in up
    assert f"    note: downgrade() of {path} does nothing\n" in down
    assert (up.count("note: "), down.count("note: ")) == (1, 1)
