"""A downgrade shows what it loses, and asks; what is not answered is not undone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.deployment import Deployment
from alembic_deploy.downgrade import Answer, confirm_downgrade

if TYPE_CHECKING:
    from tests.conftest import Project

VERSION = "SELECT version_num FROM alembic_version"
LAST_QUERY = """
SELECT query_start FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'alembic%'
"""


@pytest.fixture
def shops(project: Project) -> Project:
    """Return a project at its third revision; the second one's downgrade drops three shops."""
    project.add("begin")
    project.add(
        "add shops",
        upgrade='op.execute("CREATE TABLE shops AS SELECT generate_series(1, 3) AS id")',
        downgrade='op.drop_table("shops")',
    )
    project.add("end", upgrade='op.execute("SELECT 1")', downgrade='op.execute("SELECT 1")')
    project.alembic("upgrade", "head")
    return project


def answered(project: Project, answer: Answer) -> Project:
    """Let the project's downgrades get this answer, as commands with an option for it do."""
    before = (partial(confirm_downgrade, answer=answer),)
    project.attributes["deployment"] = Deployment(before=before)
    return project


def test_a_revision_that_loses_nothing_is_not_asked_about(shops: Project) -> None:
    """One alone can be applied again."""
    out = answered(shops, Answer.REQUIRED).alembic("downgrade", "-1")

    assert "this downgrade" not in out
    assert shops.query(VERSION) == ["r2"]


@pytest.mark.parametrize("target", ["base", "-2", "r1"])
def test_without_a_terminal_nothing_is_undone(shops: Project, target: str) -> None:
    """The error names the option for scripts."""
    text = answered(shops, Answer.REQUIRED).failure("downgrade", target)

    assert text == (
        "nothing is done: the question needs an answer, and there is no terminal\n  help: add --yes if it may go on"
    )
    assert shops.query(VERSION) == ["r3"]


def test_one_revision_that_loses_rows_is_asked_about(shops: Project) -> None:
    """An empty table is no loss; several revisions are asked about in any case."""
    shops.alembic("downgrade", "r2")
    answered(shops, Answer.REQUIRED)
    assert "there is no terminal" in shops.failure("downgrade", "-1")

    shops.execute("TRUNCATE shops")

    assert "r2 -> r1" in shops.alembic("downgrade", "-1")
    assert "r1 -> r3" in shops.alembic("upgrade", "head")
    assert "there is no terminal" in shops.failure("downgrade", "-2")


def test_yes_shows_what_goes(shops: Project) -> None:
    """It is in the log of the script."""
    lines = answered(shops, Answer.YES).alembic("downgrade", "base").splitlines()

    start = lines.index("this downgrade undoes 3 revisions, and these rows and values go:")
    assert lines[start + 1 : start + 7] == [
        "  r3  end",
        "    loses no row",
        "  r2  add shops",
        "    drops the table public.shops: 3 rows",
        "  r1  begin",
        "    loses no row",
    ]
    assert shops.query(VERSION) == []


@pytest.mark.parametrize("answer", Answer)
def test_a_revision_in_the_way_refuses_first(shops: Project, answer: Answer) -> None:
    """Those behind it would be undone, and then nothing."""
    shops.add("one way", downgrade='raise NotImplementedError("the ids are gone")')
    shops.add("last")
    shops.alembic("upgrade", "head")

    text = answered(shops, answer).failure("downgrade", "base")

    assert text.startswith("downgrade of r4 (one way) refuses: the ids are gone\n")
    assert shops.query(VERSION) == ["r5"]


REFUSE = """\
op.execute('''DO $$ BEGIN
    IF EXISTS (SELECT FROM notes) THEN RAISE EXCEPTION 'notes has rows: delete them'; END IF;
END $$''')"""


@pytest.mark.parametrize("has_rows", [True, False])
def test_a_revision_that_may_refuse_is_marked(shops: Project, *, has_rows: bool) -> None:
    """Its SQL decides by the rows: what is undone before stays undone, and the help says how to go on."""
    shops.add("add notes", upgrade='op.execute("CREATE TABLE notes ()")', downgrade=REFUSE)
    shops.add("last", upgrade='op.execute("SELECT 1")', downgrade='op.execute("SELECT 1")')
    shops.alembic("upgrade", "head")
    if has_rows:
        shops.execute("INSERT INTO notes DEFAULT VALUES")
    answered(shops, Answer.YES)

    if not has_rows:
        out = shops.alembic("downgrade", "r3")
        assert out.count("may refuse when it runs") == 1
        assert shops.query(VERSION) == ["r3"]
        return
    text = shops.failure("downgrade", "r3")
    assert "notes has rows: delete them (SQLSTATE P0001)" in text
    assert "help: do what the message asks for, and run the command again; or go forward" in text
    assert "correct it" not in text
    assert shops.query(VERSION) == ["r4"], "r5 is undone, r4 is not"


def test_programs_are_not_asked(shops: Project) -> None:
    """What calls Alembic's command itself, as a test suite does, has decided already."""
    out = shops.alembic("downgrade", "base")

    assert "this downgrade" not in out
    assert shops.query(VERSION) == []


def test_plain_alembic_without_a_terminal_goes_on(shops: Project) -> None:
    """As it always has; it shows what goes."""
    process = shops.start("downgrade", "base")

    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "    drops the table public.shops: 3 rows\n" in out
    assert shops.query(VERSION) == []


class Terminal:
    """Alembic's command line on a terminal."""

    def __init__(self, project: Project, *arguments: str) -> None:
        self._terminal, inner = os.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=project.directory,
            env={**os.environ, "TRACKS_DATABASE_URL": project.url},
            stdin=inner,
            stdout=inner,
            stderr=inner,
        )
        os.close(inner)

    def read_until(self, end: str) -> str:
        """Return what is shown up to this text; all of it where the process ends first."""
        shown = ""
        while end not in shown:
            try:
                read = os.read(self._terminal, 4096)
            except OSError:  # its other end is closed, on Linux
                break
            if not read:
                break
            shown += read.decode()
        return shown.replace("\r\n", "\n")

    def write(self, text: str) -> None:
        """Type the text."""
        os.write(self._terminal, text.encode())

    def end(self) -> tuple[int, str]:
        """Return the exit code, and what is shown until then."""
        shown = self.read_until("\0")
        return self._process.wait(timeout=60), shown

    def close(self) -> None:
        """End the process if it still runs."""
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def open_terminal(shops: Project) -> Iterator[OpenTerminal]:
    """Yield a function that starts Alembic's command line on a terminal of its own."""
    opened: list[Terminal] = []

    def start(*arguments: str) -> Terminal:
        opened.append(Terminal(shops, *arguments))
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def test_on_a_terminal_yes_goes_on(shops: Project, open_terminal: OpenTerminal) -> None:
    """What goes is shown above the question; meanwhile the session shows that its client is alive."""
    terminal = open_terminal("downgrade", "base")
    shown = terminal.read_until("[y/N] ")
    assert shown.endswith("    loses no row\nGo on? [y/N] ")
    assert "    drops the table public.shops: 3 rows\n" in shown
    (asked_at,) = shops.query(LAST_QUERY)
    end_s = time.monotonic() + 30
    while shops.query(LAST_QUERY) == [asked_at]:
        assert time.monotonic() < end_s

    terminal.write("y\n")

    code, rest = terminal.end()
    assert (code, "r3 -> base" in rest) == (0, True), rest
    assert shops.query(VERSION) == []


def test_on_a_terminal_all_else_stops(shops: Project, open_terminal: OpenTerminal) -> None:
    """It undoes nothing and is no success."""
    terminal = open_terminal("downgrade", "base")
    terminal.read_until("[y/N] ")

    terminal.write("\n")

    code, _ = terminal.end()
    assert code != 0
    assert shops.query(VERSION) == ["r3"]


def test_on_a_terminal_an_option_answers(shops: Project, open_terminal: OpenTerminal) -> None:
    """`-x yes`, since Alembic's own command line has no other option."""
    code, shown = open_terminal("-x", "yes", "downgrade", "base").end()

    assert code == 0
    assert "[y/N]" not in shown
    assert shops.query(VERSION) == []
