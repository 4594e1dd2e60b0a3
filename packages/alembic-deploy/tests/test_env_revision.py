"""Revisions made through run_env()."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import alembic.config
import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import CheckConstraint, Column, Integer, MetaData, Numeric, Table

if TYPE_CHECKING:
    from tests.conftest import Project


NAME = re.compile(r"\d{8}_\d{6}_[a-z0-9_]+\.py")


@pytest.fixture
def metadata(tracks: Project) -> MetaData:
    """Return the models that env.py hands over: one table that the history does not make."""
    metadata = MetaData()
    Table("things", metadata, Column("id", Integer, primary_key=True))
    tracks.arguments["target_metadata"] = metadata
    tracks.alembic("stamp", "head")
    return metadata


def new_files(project: Project) -> list[Path]:
    """Return the revisions that are not the case's own."""
    return sorted(path for path in project.versions.glob("*.py") if "20260101_" not in path.name)


def test_autogenerate_writes_what_differs(tracks: Project, metadata: MetaData) -> None:
    """The file has the change, a name in order, and the head as its parent."""
    tracks.alembic("revision", message="Add things!", autogenerate=True)

    (path,) = new_files(tracks)
    assert NAME.fullmatch(path.name)
    assert path.name.endswith("_add_things.py")
    assert "op.create_table('things'" in path.read_text()
    assert "down_revision = 'cccccccccccc'" in path.read_text()


def test_autogenerate_without_a_change_writes_nothing(tracks: Project, metadata: MetaData) -> None:
    """It says "nothing to change" on stdout; the version table is no difference."""
    tracks.execute("CREATE TABLE things (id serial PRIMARY KEY)")

    out = tracks.alembic("revision", message="x", autogenerate=True)

    assert out == "nothing to change: the models and the database agree\n"
    assert new_files(tracks) == []


def test_check_without_a_change(tracks: Project, metadata: MetaData) -> None:
    """`alembic check` keeps its own answer."""
    tracks.execute("CREATE TABLE things (id serial PRIMARY KEY)")

    assert tracks.alembic("check") == "No new upgrade operations detected.\n"


def test_blank_revision_is_written(tracks: Project) -> None:
    """Without --autogenerate a file is made, and no database is needed."""
    tracks.url = "postgresql:///x?host=/nowhere"

    tracks.alembic("revision", message="by hand")

    assert [path.name[16:] for path in new_files(tracks)] == ["by_hand.py"]


def test_changed_type_and_default_are_seen(tracks: Project, metadata: MetaData) -> None:
    """compare_type and compare_server_default are on."""
    Table(
        "prices",
        metadata,
        Column("amount", Numeric(12, 4), server_default="0"),
        CheckConstraint("amount >= 0", name="ck_prices_amount"),
    )
    tracks.execute("CREATE TABLE things (id serial PRIMARY KEY)")
    tracks.execute("CREATE TABLE prices (amount numeric(5, 2) DEFAULT 1)")

    tracks.alembic("revision", message="prices", autogenerate=True)

    text = new_files(tracks)[0].read_text()
    assert "type_=sa.Numeric(precision=12, scale=4)" in text
    assert "server_default" in text


@pytest.mark.parametrize("message", [None, "", " \n", "!?", "x" * 201])
def test_message_is_judged_before_the_database_is_asked(
    tracks: Project, message: str | None
) -> None:
    """A message that cannot be used is an error at once, and no file is left."""
    tracks.url = "postgresql:///x?host=/nowhere"

    with pytest.raises(CommandError, match="message"):
        tracks.alembic("revision", message=message, autogenerate=True)

    assert new_files(tracks) == []


def test_merge_is_made_in_the_same_way(project: Project) -> None:
    """`alembic merge` needs no database, and its file has the same kind of name."""
    project.add("begin")
    project.add("left", after="r1")
    project.add("right", after="r1")
    project.url = "postgresql:///x?host=/nowhere"

    project.alembic("merge", "heads", message="Join “both”")

    (path,) = new_files(project)
    assert path.name.endswith("_join_both.py")
    assert NAME.fullmatch(path.name)


@pytest.fixture
def command_line(tracks: Project, monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """Return a function that runs Alembic's command line and returns its exit code."""
    monkeypatch.chdir(tracks.directory)
    monkeypatch.setenv("TRACKS_DATABASE_URL", tracks.url)

    def run(*arguments: str) -> object:
        try:
            alembic.config.main(arguments)
        except SystemExit as end:
            return end.code
        return 0

    return run


def test_command_line_makes_the_same_file(
    tracks: Project, command_line: Callable[..., object]
) -> None:
    """Plain `alembic revision -m` gives a safe file for a hostile message."""
    assert command_line("revision", "-m", '../../x"""; import os # \\') == 0

    (path,) = new_files(tracks)
    assert path.name.endswith("_x_import_os.py")
    docstring = compile(path.read_text(), str(path), "exec").co_consts[0]
    assert docstring.startswith("../../x'''; import os # /\n")


def test_command_line_without_a_message(
    command_line: Callable[..., object], capfd: pytest.CaptureFixture[str]
) -> None:
    """Plain `alembic revision` says what is missing."""
    assert command_line("revision") != 0

    assert capfd.readouterr() == (
        'FAILED: a revision needs a message\n  help: say what changes: -m "add user preferences"\n',
        "",
    )


def test_answer_goes_to_the_configurations_stdout(tracks: Project, metadata: MetaData) -> None:
    """A caller that captures config.stdout gets the answer; a quiet one gets none."""
    tracks.execute("CREATE TABLE things (id serial PRIMARY KEY)")
    tracks.attributes["quiet"] = True
    out = io.StringIO()

    made = command.revision(tracks.config(out), message="x", autogenerate=True)

    assert made == []
    assert out.getvalue() == ""


def test_eight_revisions_at_once(tracks: Project) -> None:
    """Eight processes make eight files: one chain, and the order of the names is its order."""
    codes, outputs = tracks.run_eight("revision", "-m", "the same message")

    assert codes == [0] * 8, outputs
    files = new_files(tracks)
    assert len(files) == 8
    script = ScriptDirectory.from_config(tracks.config())
    newest_first = [Path(revision.path) for revision in script.walk_revisions()]
    assert newest_first[:8] == files[::-1]
    assert len(script.get_heads()) == 1


def test_a_blank_revision_of_the_command_line_is_unfinished(
    tracks: Project, command_line: Callable[..., object]
) -> None:
    """`alembic revision` without --autogenerate leaves a file that refuses; a merge is complete."""
    tracks.alembic("revision", message="program")
    (theirs,) = new_files(tracks)
    at = ("--splice", "--head", "cccccccccccc")
    for arguments in (("revision", "-m", "blank", *at), ("merge", "-m", "join", "heads")):
        assert command_line(*arguments) == 0

    (merge,) = (path for path in new_files(tracks) if path.name.endswith("_join.py"))
    (blank,) = {*new_files(tracks)} - {theirs, merge}
    assert "unfinished: write what it changes" in blank.read_text(encoding="utf-8")
    assert "unfinished" not in theirs.read_text(encoding="utf-8")
    assert "unfinished" not in merge.read_text(encoding="utf-8")
    assert "is unfinished: write what it changes" in tracks.failure("upgrade", "head")
