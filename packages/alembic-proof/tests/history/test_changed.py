"""Which files a branch changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alembic_proof.errors import ConfigError
from alembic_proof.history.changed import base_changes, branches_with, changed_files


def git(directory: Path, *arguments: str) -> str:
    """Run git as nobody in particular; return its output."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(directory), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository: `trunk` went on after `topic` began, which is checked out."""
    root = tmp_path / "it's a checkout"
    (root / "versions").mkdir(parents=True)
    git(root, "init", "--initial-branch=trunk")
    for name in ("old", "edited", "gone"):
        (root / "versions" / f"{name}.py").write_text(f"{name}\n")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    git(root, "branch", "topic")
    (root / "versions" / "theirs.py").write_text("theirs\n")
    git(root, "add", ".")
    git(root, "commit", "-m", "theirs")
    git(root, "switch", "topic")
    (root / "versions" / "committed.py").write_text("committed\n")
    git(root, "add", ".")
    git(root, "commit", "-m", "ours")
    (root / "versions" / "edited.py").write_text("edited twice\n")
    (root / "versions" / "gone.py").unlink()
    (root / "versions" / "neü.py").write_text("new\n")
    return root


def test_what_the_branch_changes_is_found(checkout: Path) -> None:
    """Committed, edited and new files; neither old ones nor what others have changed since."""
    found = changed_files(checkout / "versions", base_ref="trunk")

    assert {path.name for path in found} == {"committed.py", "edited.py", "neü.py"}
    assert all(path.is_absolute() for path in found)


def test_in_a_git_hook_the_directory_says_which_repository(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There git names the repository and the index of the commit that is made."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    found = changed_files(checkout / "versions", base_ref="trunk")

    assert {path.name for path in found} == {"committed.py", "edited.py", "neü.py"}


def test_an_unknown_ref_says_what_to_fetch(checkout: Path) -> None:
    """One error, with the command that brings it."""
    with pytest.raises(ConfigError, match="there is no git ref 'origin/main' here") as caught:
        changed_files(checkout, base_ref="origin/main")

    assert "git fetch origin main:refs/remotes/origin/main" in str(caught.value)


def test_a_shallow_clone_says_what_to_fetch(checkout: Path, tmp_path: Path) -> None:
    """The ref may be there; where the branches part is not."""
    shallow = tmp_path / "shallow"
    url = checkout.as_uri()
    git(tmp_path, "clone", "--depth=1", "--no-single-branch", "--branch=topic", url, str(shallow))

    with pytest.raises(ConfigError, match="git cannot say what has changed") as caught:
        changed_files(shallow, base_ref="origin/trunk")

    assert "git fetch --unshallow origin trunk" in str(caught.value)


def test_no_repository_is_one_clear_error(tmp_path: Path) -> None:
    """Without git there is nothing to compare with."""
    with pytest.raises(ConfigError, match="not a git repository"):
        changed_files(tmp_path, base_ref="main")


def test_the_branches_that_have_a_text_are_found(checkout: Path, tmp_path: Path) -> None:
    """As committed there, and below these directories alone; without git there are none."""
    places = [checkout / "versions", tmp_path / "nowhere"]

    assert branches_with(places, "theirs") == ("trunk",)
    assert set(branches_with(places, "old")) == {"trunk", "topic"}
    assert branches_with(places, "twice") == ()
    assert branches_with([tmp_path], "old") == ()
    assert branches_with([], "old") == ()


def test_a_file_that_git_cannot_read_is_one_clear_error(checkout: Path) -> None:
    """A damaged repository is no reason for a traceback."""
    blob = git(checkout, "rev-parse", "trunk:versions/gone.py").strip()
    damaged = checkout / ".git" / "objects" / blob[:2] / blob[2:]
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-2])

    with pytest.raises(ConfigError, match="git cannot say what has changed: "):
        base_changes([checkout / "versions"], base_ref="trunk")
