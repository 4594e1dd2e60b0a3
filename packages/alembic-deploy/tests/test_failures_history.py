"""A broken history, or a target that does not exist, is an error before anything changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Project

VERSION = "SELECT version_num FROM alembic_version"


def test_unknown_revision(tracks: Project) -> None:
    """`upgrade nope` says that there is no such revision, and changes nothing."""
    for command in ("upgrade", "downgrade", "stamp"):
        assert tracks.failure(command, "nope").startswith("there is no revision 'nope'\n")
    assert tracks.query("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'") == [0]


def test_unreachable_revision_is_one_error(tracks: Project) -> None:
    """A step too far, or in the other direction, says from where to where, and changes nothing."""
    at = "bbbbbbbbbbbb"
    tracks.alembic("upgrade", at)

    for command, target, todo in (
        ("downgrade", "-3", "to undo all revisions: the command `downgrade` with base"),
        ("upgrade", "+2", "the command `history` lists the revisions"),
        ("upgrade", "-1", "to go back: the command `downgrade` with -1"),
        ("downgrade", "head", "to go forward: the command `upgrade` with head"),
        ("downgrade", "cccc", "to go forward: the command `upgrade` with cccc"),
    ):
        text = tracks.failure(command, target)
        assert text == f"there is no path from {at} to {target}\n  help: {todo}"
    assert tracks.query(VERSION) == [at]


def test_a_deadline_has_one_next_step(tracks: Project) -> None:
    """The error of the runner itself keeps its own, and no second one follows."""
    tracks.limit(deadline="1ms")

    text = tracks.failure("upgrade", "head")

    assert (
        "upgrade of aaaaaaaaaaaa (create tracks) failed: the deadline of 1ms has passed\n" in text
    )
    assert text.count("  help: ") == 1
    assert "allow a longer deadline" in text


def test_ambiguous_revision(project: Project) -> None:
    """A partial id with several matches is an error that says so."""
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
def test_no_step_left(tracks: Project, at: str, command: str, target: str, said: str) -> None:
    """A step beyond either end of the history says so."""
    tracks.alembic("upgrade", at)

    assert tracks.failure(command, target) == said


@pytest.mark.parametrize("target", ["bbbbbbbbbbbb", "bbbb"])
def test_an_upgrade_does_not_go_back(tracks: Project, target: str) -> None:
    """A revision that lies behind is an error that names `downgrade`; the one it is at is none."""
    tracks.alembic("upgrade", "head")

    text = tracks.failure("upgrade", target)

    assert text.startswith("bbbbbbbbbbbb is behind cccccccccccc, where the database is")
    assert "help: to go back: the command `downgrade` with bbbbbbbbbbbb" in text
    assert "nothing to do: " in tracks.alembic("upgrade", "cccc")
    assert "nothing to do: " in tracks.alembic("upgrade", "heads")
    assert "nothing to do: " in tracks.alembic("upgrade", "aaaaaaaaaaaa+2")


def test_an_unknown_revision_is_shown_as_one(tracks: Project) -> None:
    """`current` and `history` answer, whatever branch has migrated the database."""
    tracks.alembic("upgrade", "head")
    tracks.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")

    assert tracks.alembic("current") == "dddddddddddd (unknown: no file here has this revision)\n"
    shown = tracks.alembic("history", indicate_current=True)

    assert shown.startswith("dddddddddddd (unknown: ")
    assert [name in shown for name in ("aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc")] == [
        True
    ] * 3


@pytest.mark.parametrize("at", ["base", "bbbbbbbbbbbb", "head"])
def test_a_target_beyond_the_ends(tracks: Project, at: str) -> None:
    """It is one clear error wherever the database is: Alembic has an AssertionError for it."""
    tracks.alembic("stamp", at)

    for command, target in (
        ("upgrade", "head+1"),
        ("upgrade", "heads+1"),
        ("upgrade", "bbbbbbbbbbbb+5"),
        ("upgrade", "base+9"),
        ("downgrade", "head+1"),
        ("downgrade", "head-9"),
        ("downgrade", "aaaaaaaaaaaa-2"),
    ):
        assert tracks.failure(command, target) == (
            f"there is no revision {target}: the history ends before it\n"
            "  help: the command `history` lists the revisions"
        )


@pytest.mark.parametrize("merge", [("r2", "r3"), None])
def test_a_target_on_several_branches(project: Project, merge: tuple[str, ...] | None) -> None:
    """`downgrade -1` from a merge revision, or from two heads, asks for the revision's name."""
    project.add("root")
    project.add("one")
    project.add("other", after="r1")
    if merge:
        project.add("merge", after=merge)
    project.alembic("upgrade", "heads")

    text = project.failure("downgrade", "-1")

    assert text.startswith(
        "-1 names several revisions: the history has branches there\n  help: name"
    )


@pytest.mark.parametrize("target", ["base+3", "head+0", "aaaaaaaaaaaa+2"])
def test_a_target_counted_from_a_revision(tracks: Project, target: str) -> None:
    """One inside of the history is no error."""
    tracks.alembic("upgrade", target)

    assert tracks.query(VERSION) == ["cccccccccccc"]


def test_a_script_beyond_the_head(tracks: Project) -> None:
    """`--sql` has the same error."""
    assert "there is no revision head+1" in tracks.failure("upgrade", "head+1", sql=True)


def test_database_at_an_unknown_revision(tracks: Project) -> None:
    """A database that newer code has migrated is recognised by every command that works on it.

    Only the command that edits the version table names its option that forgets one.
    """
    tracks.alembic("stamp", "head")
    tracks.execute("UPDATE alembic_version SET version_num = 'dddddddddddd'")

    for command, *arguments in (("upgrade", "head"), ("downgrade", "head"), ("check",)):
        text = tracks.failure(command, *arguments)
        assert text.startswith("the database is at revision dddddddddddd, which this code does not")
        assert "a newer release has been here: deploy that one or a newer one" in text
        assert "purge" not in text
    assert "`alembic stamp --purge REVISION` forgets it" in tracks.failure("stamp", "head")


@pytest.mark.parametrize("command", ["upgrade", "revision"])
def test_two_heads(project: Project, command: str) -> None:
    """Both heads are named, and how to join them."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")

    options = {"message": "next"} if command == "revision" else {"revision": "head"}
    text = project.failure(command, **options)

    assert text.startswith("the history has 2 heads: r2, r3\n")
    assert 'join them with `alembic merge -m "message" r2 r3`' in text
    assert "rebase" not in text


@pytest.mark.parametrize("command", ["upgrade", "revision"])
def test_two_heads_where_a_branch_can_be_rebased(project: Project, command: str) -> None:
    """The command that env.py names comes first; databases may need the other one."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")
    project.arguments["rebase_command"] = "make rebase"

    options = {"message": "next"} if command == "revision" else {"revision": "head"}
    text = project.failure(command, **options)

    assert "with `make rebase`; where databases have both applied, join them with" in text
    assert 'alembic merge -m "message" r2 r3' in text


def test_two_heads_can_be_merged(project: Project) -> None:
    """That advice works."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")

    project.alembic("merge", ["r2", "r3"], message="join")

    project.alembic("upgrade", "head")
    project.alembic("downgrade", "base")
    assert project.query(VERSION) == []


def test_history_that_cannot_be_loaded(project: Project) -> None:
    """A syntax error in any revision is an error with file and line, before any connection."""
    path = project.add("break", upgrade="if:")
    project.url = "postgresql:///x?host=/nowhere"

    assert f"where: {path}:10\n" in project.failure("upgrade", "head")


def test_autogenerate_behind_head(tracks: Project) -> None:
    """Comparing with a database that is not at head says to upgrade it first."""
    text = tracks.failure("revision", message="x", autogenerate=True)

    assert text.startswith("the database is at base, which is not the head of the history\n")


def test_check_with_several_heads(project: Project) -> None:
    """Unintended heads are reported first: an upgrade does not help a database at one of them."""
    project.add("first")
    project.add("left", after="r1")
    project.alembic("upgrade", "head")
    assert "not the head" not in project.alembic("check")
    project.add("right", after="r1")

    assert project.failure("check").startswith("the history has 2 heads: r2, r3\n")


def test_current_at_base(tracks: Project) -> None:
    """A database without any revision says so."""
    assert tracks.alembic("current") == "base (no revision is applied)\n"


def test_internal_error_keeps_its_traceback(tracks: Project) -> None:
    """A bug in env.py, as a wrong argument, keeps its own exception."""
    tracks.arguments["target_metadata"] = "no metadata"
    tracks.alembic("upgrade", "head")

    with pytest.raises(AttributeError):
        tracks.alembic("check")


def test_a_file_that_ends_the_process_fails(project: Project) -> None:
    """So is an exit while the file is loaded."""
    path = project.add("exits")
    path.write_text(f"import sys\nsys.exit(0)\n{path.read_text()}", encoding="utf-8")

    text = project.failure("upgrade", "head")

    assert "it ends the process" in text
    assert f"{path}:2" in text


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_revision_without_downgrade(project: Project, *, is_offline: bool) -> None:
    """It is named with its file before anything is undone."""
    path = project.add("keeps")
    path.write_text(path.read_text().partition("def downgrade")[0], encoding="utf-8")
    project.add("goes")
    project.alembic("upgrade", "head")

    text = project.failure("downgrade", "r2:base" if is_offline else "base", sql=is_offline)

    assert text.startswith(f"revision r1 has no downgrade()\n  where: {path}\n")
    assert project.query(VERSION) == ["r2"]
