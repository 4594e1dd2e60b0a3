"""A history, or a place in it, that makes no sense: told before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest

VERSION = "SELECT version_num FROM alembic_version"


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "stamp"])
def test_unknown_revision(tracks: Any, command: str) -> None:
    """`upgrade nope` says that there is no such revision, and changes nothing."""
    assert tracks.failure(command, "nope").startswith("there is no revision 'nope'\n")
    assert tracks.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


@pytest.mark.parametrize(
    ("at", "command", "target", "todo"),
    [
        ("bbbbbbbbbbbb", "downgrade", "-3", "the command `history` lists the revisions"),
        ("bbbbbbbbbbbb", "upgrade", "+2", "the command `history` lists the revisions"),
        ("bbbbbbbbbbbb", "upgrade", "-1", "to go back: the command `downgrade` with -1"),
        ("bbbbbbbbbbbb", "downgrade", "head", "to go forward: the command `upgrade` with head"),
        ("bbbbbbbbbbbb", "downgrade", "cccc", "to go forward: the command `upgrade` with cccc"),
    ],
)
def test_no_way_there(tracks: Any, at: str, command: str, target: str, todo: str) -> None:
    """A step too far, or in the other direction, says from where to where, and changes nothing."""
    tracks.alembic("upgrade", at)

    text = tracks.failure(command, target)

    assert text == f"no way leads from {at} to {target}\n  do: {todo}"
    assert tracks.query(VERSION) == [at] * (at != "base")


def test_ambiguous_revision(project: Any) -> None:
    """A partial id that several revisions begin with is told as such."""
    for number in (1, 2):
        path = project.add(f"step {number}")
        path.write_text(path.read_text().replace('"r', '"abcd').replace("'r", "'abcd"))

    assert "Multiple revisions start with 'abcd'" in project.failure("upgrade", "abcd")


@pytest.mark.parametrize(
    ("at", "command", "target", "said"),
    [
        ("head", "upgrade", "+1", "already at head (cccccccccccc); there is no next revision"),
        ("base", "downgrade", "-1", "already at base; there is no earlier revision"),
    ],
)
def test_no_step_left(tracks: Any, at: str, command: str, target: str, said: str) -> None:
    """A step beyond either end of the history says so."""
    tracks.alembic("upgrade", at)

    assert tracks.failure(command, target) == said


@pytest.mark.parametrize("target", ["bbbbbbbbbbbb", "bbbb"])
def test_an_upgrade_does_not_go_back(tracks: Any, target: str) -> None:
    """A revision that lies behind is an error that names `downgrade`; the one it is at is none."""
    tracks.alembic("upgrade", "head")

    text = tracks.failure("upgrade", target)

    assert text.startswith("bbbbbbbbbbbb is behind cccccccccccc, where the database is")
    assert "do: to go back: the command `downgrade` with bbbbbbbbbbbb" in text
    assert "nothing to do: " in tracks.alembic("upgrade", "cccc")
    assert "nothing to do: " in tracks.alembic("upgrade", "heads")
    assert "nothing to do: " in tracks.alembic("upgrade", "aaaaaaaaaaaa+2")


def test_an_unknown_revision_is_shown_as_one(tracks: Any) -> None:
    """`current` and `history` answer, whatever branch has migrated the database."""
    tracks.alembic("upgrade", "head")
    tracks.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")

    assert tracks.alembic("current") == "dddddddddddd (unknown: no file here has this revision)\n"
    shown = tracks.alembic("history", indicate_current=True)

    assert shown.startswith("dddddddddddd (unknown: ")
    assert [name in shown for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc")] == [
        True
    ] * 3


@pytest.mark.parametrize("command", ["upgrade", "downgrade", "check", "stamp"])
def test_database_at_an_unknown_revision(tracks: Any, command: str) -> None:
    """A database that newer code has migrated is recognised by every command that works on it."""
    tracks.alembic("upgrade", "head")
    tracks.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")

    arguments = ("head",) if command != "check" else ()
    text = tracks.failure(command, *arguments)

    assert text.startswith("the database is at revision dddddddddddd, which this code does not")
    assert "alembic stamp --purge" in text


@pytest.mark.parametrize("command", ["upgrade", "revision"])
def test_two_heads(project: Any, command: str) -> None:
    """Both heads are named, and how to join them."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")

    options = {"message": "next"} if command == "revision" else {"revision": "head"}
    text = project.failure(command, **options)

    assert text.startswith("the history has 2 heads: r2, r3\n")
    assert "`alembic-proof rebase`" in text
    assert 'alembic merge -m "message" r2 r3' in text


def test_two_heads_can_be_merged(project: Any) -> None:
    """That advice works."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")

    project.alembic("merge", ["r2", "r3"], message="join")

    project.alembic("upgrade", "head")
    project.alembic("downgrade", "base")
    assert project.query(VERSION) == []


def test_history_that_cannot_be_loaded(project: Any) -> None:
    """A syntax error in any revision is told with its file and line before a database is asked."""
    path = project.add("break", upgrade="if:")
    project.url = "postgresql:///x?host=/nowhere"

    assert f"where: {path}:10\n" in project.failure("upgrade", "head")


def test_autogenerate_behind_head(tracks: Any) -> None:
    """Comparing with a database that is not at head says to upgrade it first."""
    text = tracks.failure("revision", message="x", autogenerate=True)

    assert text.startswith("the database is at base, which is not the head of the history\n")


def test_check_with_several_heads(project: Any) -> None:
    """Heads that nobody meant come first: no upgrade helps a database that is at one of them."""
    project.add("first")
    project.add("left", after="r1")
    project.alembic("upgrade", "head")
    assert "not the head" not in project.alembic("check")
    project.add("right", after="r1")

    assert project.failure("check").startswith("the history has 2 heads: r2, r3\n")


def test_current_at_base(tracks: Any) -> None:
    """A database without any revision says so."""
    assert tracks.alembic("current") == "base (no revision is applied)\n"


def test_fault_of_our_own_keeps_its_traceback(tracks: Any) -> None:
    """What is no failure of a command, as a wrong argument in env.py, is not dressed up."""
    tracks.arguments["target_metadata"] = "no metadata"
    tracks.alembic("upgrade", "head")

    with pytest.raises(AttributeError):
        tracks.alembic("check")


def test_a_file_that_ends_the_process_fails(project: Any) -> None:
    """So is an exit while the file is loaded."""
    path = project.add("exits")
    path.write_text(f"import sys\nsys.exit(0)\n{path.read_text()}", encoding="utf-8")

    text = project.failure("upgrade", "head")

    assert "it ends the process" in text
    assert f"{path}:2" in text


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_revision_without_downgrade(project: Any, *, is_offline: bool) -> None:
    """It is named with its file before anything is taken back."""
    path = project.add("keeps")
    path.write_text(path.read_text().partition("def downgrade")[0], encoding="utf-8")
    project.add("goes")
    project.alembic("upgrade", "head")

    text = project.failure("downgrade", "r2:base" if is_offline else "base", sql=is_offline)

    assert text.startswith(f"revision r1 has no downgrade()\n  where: {path}\n")
    assert project.query(VERSION) == ["r2"]
