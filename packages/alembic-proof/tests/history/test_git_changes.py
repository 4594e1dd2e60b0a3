"""The files that a branch changes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alembic_deploy.errors import ConfigError
from alembic_proof.history.git_changes import base_changes, changed_files


def git(directory: Path, *arguments: str) -> str:
    """Run git with a neutral user name; return its output."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(directory), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a repository with `topic` checked out, and commits on `trunk` since it began."""
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


def test_changed_files_are_those_of_the_branch(checkout: Path) -> None:
    """Committed, edited and new files count; old files and changes of others do not."""
    found = changed_files(checkout / "versions", base_ref="trunk")

    assert {path.name for path in found} == {"committed.py", "edited.py", "neü.py"}
    assert all(path.is_absolute() for path in found)


def test_in_a_git_hook_the_directory_says_which_repository(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Git's variables name the repository and the index of the commit that is made."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))

    found = changed_files(checkout / "versions", base_ref="trunk")

    assert {path.name for path in found} == {"committed.py", "edited.py", "neü.py"}


def test_an_unknown_ref_says_what_to_fetch(checkout: Path) -> None:
    """The error has the command that fetches it."""
    with pytest.raises(ConfigError, match="no git ref 'origin/main'") as caught:
        changed_files(checkout, base_ref="origin/main")

    assert "git fetch origin main:refs/remotes/origin/main" in str(caught.value)


def test_a_shallow_clone_says_what_to_fetch(checkout: Path, tmp_path: Path) -> None:
    """The ref may exist, but the merge base does not."""
    shallow = tmp_path / "shallow"
    url = checkout.as_uri()
    git(tmp_path, "clone", "--depth=1", "--no-single-branch", "--branch=topic", url, str(shallow))

    with pytest.raises(ConfigError, match="git cannot list the changes") as caught:
        changed_files(shallow, base_ref="origin/trunk")

    assert "git fetch --unshallow origin trunk" in str(caught.value)


def test_no_repository_is_one_clear_error(tmp_path: Path) -> None:
    """Without git there is nothing to compare with."""
    with pytest.raises(ConfigError, match="not a git repository"):
        changed_files(tmp_path, base_ref="main")


def test_a_file_that_git_cannot_read_is_one_clear_error(checkout: Path) -> None:
    """A damaged repository is no reason for a traceback."""
    blob = git(checkout, "rev-parse", "trunk:versions/gone.py").strip()
    damaged = checkout / ".git" / "objects" / blob[:2] / blob[2:]
    damaged.chmod(0o600)
    damaged.write_bytes(damaged.read_bytes()[:-2])

    with pytest.raises(ConfigError, match="git cannot list the changes: "):
        base_changes([checkout / "versions"], base_ref="trunk")
