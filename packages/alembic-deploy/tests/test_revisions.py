"""Histories that cannot be loaded, and histories with several heads."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from alembic_deploy.error_location import location_in
from alembic_deploy.errors import HistoryError
from alembic_deploy.python_errors import describe
from alembic_deploy.revisions import GraphRevision, RevisionGraph, load_revisions, several_heads


def failure(ini: Path) -> HistoryError:
    """Return the error of loading the history."""
    with pytest.raises(HistoryError) as caught:
        load_revisions(ScriptDirectory.from_config(Config(str(ini))))
    return caught.value


def test_sound_history_loads(read_heads: Callable[[], tuple[str, ...]]) -> None:
    """The case as it is has one head."""
    assert read_heads() == ("c" * 12,)


@pytest.mark.parametrize(
    ("line", "described"),
    [
        ("def broken(:", "SyntaxError: invalid syntax"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise ValueError", "ValueError"),
        ("text = 'never ended", "SyntaxError: unterminated string literal"),
    ],
)
def test_file_that_does_not_run(
    ini: Path, write: Callable[..., Path], line: str, described: str
) -> None:
    """The error names the file, its line and what Python says about it."""
    path = write("20260101_090003_x.py", revision="x", down="c" * 12, more=line)

    error = failure(ini)

    assert error.what.startswith(f"a revision cannot be loaded: {described}")
    assert error.where == f"{path}:5"


def test_a_directory_that_cannot_be_listed(ini: Path, versions: Path) -> None:
    """An empty history would look like it."""
    shutil.rmtree(versions)
    versions.write_text("no directory")

    error = failure(ini)

    assert error.what.startswith("cannot read the directory of the revisions: ")
    assert error.where == str(versions)


def test_undecodable_file(ini: Path, versions: Path) -> None:
    """A file that is not UTF-8 is named."""
    (versions / "20260101_090003_x.py").write_bytes(b'"""\xff"""\n')

    error = failure(ini)

    assert "SyntaxError" in error.what
    assert "20260101_090003_x.py" in error.where + error.what


def test_file_without_an_id(ini: Path, versions: Path) -> None:
    """A Python file that is no revision is named."""
    (versions / "stray.py").write_text("x = 1\n")

    assert "stray.py" in failure(ini).what


def test_file_without_a_parent(ini: Path, versions: Path) -> None:
    """A revision must say what it follows, if only None."""
    path = versions / "20260101_090003_x.py"
    path.write_text("revision = 'x'\n")

    error = failure(ini)

    assert "down_revision" in error.what


def test_two_files_with_one_id(ini: Path, write: Callable[..., Path]) -> None:
    """Both files are named, with the lines of the ids."""
    path = write("20260101_090003_x.py", revision="c" * 12, down="b" * 12)

    error = failure(ini)

    assert error.what == f"two files have the revision id {'c' * 12}"
    assert f"{path}:3" in error.where
    assert "add_length.py:5" in error.where


def test_missing_parent(ini: Path, write: Callable[..., Path]) -> None:
    """A revision that follows a lost one is named, and so is the lost one."""
    path = write("20260101_090003_x.py", revision="x", down="lost")

    error = failure(ini)

    assert error.what == "revision x follows lost, which no file has"
    assert error.where == f"{path}:4"


def test_missing_dependency(ini: Path, write: Callable[..., Path]) -> None:
    """A depends_on without a revision is an error as well."""
    write("20260101_090003_x.py", revision="x", down="c" * 12, more="depends_on = 'lost'")

    assert "lost" in failure(ini).what


@pytest.mark.parametrize("down", ["x", "y"])
def test_cycle(ini: Path, write: Callable[..., Path], down: str) -> None:
    """Revisions that follow each other, or themselves, are named."""
    write("20260101_090003_x.py", revision="x", down=down)
    write("20260101_090004_y.py", revision="y", down="x")

    error = failure(ini)

    assert "ycle" in error.what or "loop" in error.what
    assert "x" in error.what


def test_place_outside_of_the_history() -> None:
    """An error that came through no revision has no place."""
    with pytest.raises(ValueError, match="x") as caught:
        raise ValueError("x")

    assert location_in(caught.value, (Path("/nowhere"),)) == ""
    assert location_in(caught.value, (Path(__file__).parent,)).startswith(f"{__file__}:")


def test_describe_folds_lines() -> None:
    """A text of several lines becomes one."""
    assert describe(ValueError("a\n  b")) == "ValueError: a b"


def _graph(*lines: str) -> RevisionGraph:
    """Return a revision for each line `id < parent,parent @label,label in directory`."""
    made = []
    for line in lines:
        rest, _, directory = line.partition(" in ")
        rest, _, labels = rest.partition(" @")
        name, _, parents = rest.partition(" < ")
        made.append(
            GraphRevision(
                revision_id=name,
                path=f"{directory or 'versions'}/{name}.py",
                parents=tuple(filter(None, parents.split(","))),
                labels=tuple(filter(None, labels.split(","))),
            )
        )
    return RevisionGraph.of(made)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("a",),
        ("a", "b < a", "c < a", "d < b,c"),
        ("a", "b < a @billing", "c < a"),
        ("a", "b < a @billing", "c < a @search", "d < b", "e < c"),
        ("a @people", "b"),
        ("a @people", "b < people"),
        ("a in one", "b in two"),
        ("a @one", "b < a", "c < b @two", "d < b"),
    ],
)
def test_one_head_and_intended_heads_are_no_finding(lines: tuple[str, ...]) -> None:
    """Heads are intended if labels differ, or separate histories have directories of their own."""
    assert several_heads(_graph(*lines)) == ()


@pytest.mark.parametrize(
    ("lines", "heads", "forks"),
    [
        (("a", "b < a", "c < a"), ["b", "c"], ["a"]),
        (("a", "b < a", "c < b", "d < a"), ["c", "d"], ["a"]),
        (("a", "b < a", "c < a", "d < a"), ["b", "c", "d"], ["a"]),
        (("a", "b"), ["a", "b"], []),
        (("a @one", "b < a", "c < a"), ["b", "c"], ["a"]),
        (("a", "b < a in one", "c < a in two"), ["b", "c"], ["a"]),
        (("a", "b < a @billing", "c < b", "d < b", "e < a"), ["c", "d"], ["b"]),
        (("a", "b < a", "c < a", "d < b,c", "e < b,c"), ["d", "e"], ["b", "c"]),
    ],
)
def test_unintended_heads_are_found_with_their_fork(
    lines: tuple[str, ...], heads: list[str], forks: list[str]
) -> None:
    """Two people have added a revision after the same one, or a first one each."""
    [found] = several_heads(_graph(*lines))

    assert [one.revision_id for one in found.heads] == heads
    assert [one.revision_id for one in found.forks] == forks


def test_each_branch_with_several_heads_is_one_finding() -> None:
    """The others do not hide it."""
    graph = _graph("a", "b < a @one", "c < b", "d < b", "e < a @two", "f < e", "g < e")

    assert [len(one.heads) for one in several_heads(graph)] == [2, 2]


@pytest.mark.parametrize(
    ("upgrade", "kind"),
    [
        ("async def upgrade() -> None:\n    pass\n", "an async function"),
        ("def upgrade():\n    yield\n", "a generator"),
        ("async def upgrade():\n    yield\n", "an async function"),
    ],
)
def test_an_upgrade_whose_body_does_not_run_is_refused(
    write: Callable[..., Path], read_heads: Callable[[], tuple[str, ...]], upgrade: str, kind: str
) -> None:
    """A call of it would do nothing and be recorded as applied; the line is named."""
    path = write("20260102_lazy.py", revision="lazy", down="cccccccccccc")
    assert read_heads() == ("lazy",)
    path.write_text(path.read_text().replace("def upgrade() -> None:\n    pass\n", upgrade))

    with pytest.raises(HistoryError, match=rf"upgrade\(\) of revision lazy is {kind}") as caught:
        read_heads()

    line = path.read_text().partition("def upgrade")[0].count("\n") + 1
    assert caught.value.where.endswith(f"20260102_lazy.py:{line}")
