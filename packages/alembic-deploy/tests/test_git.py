"""Which git branch has a revision that this checkout does not have."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alembic_deploy.git import branches_with


def git(directory: Path, *arguments: str) -> None:
    """Run git with a neutral user name."""
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True)


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """Return the directory of revisions in a repository: `trunk` went on after `topic` began."""
    versions = tmp_path / "it's a checkout" / "versions"
    versions.mkdir(parents=True)
    git(versions, "init", "--quiet", "--initial-branch=trunk")
    for name, branch in (("old", "topic"), ("theirs", "")):
        (versions / f"{name}.py").write_text(f"{name}\n")
        git(versions, "add", ".")
        git(versions, "commit", "--quiet", "-m", name)
        if branch:
            git(versions, "branch", branch)
    git(versions, "switch", "--quiet", "topic")
    (versions / "new.py").write_text("not committed\n")
    return versions


def test_the_branches_that_have_a_text_are_found(versions: Path, tmp_path: Path) -> None:
    """As committed there, and below these directories alone; without git there are none."""
    places = [versions, tmp_path / "nowhere"]

    assert branches_with(places, "theirs") == ("trunk",)
    assert set(branches_with(places, "old")) == {"trunk", "topic"}
    assert branches_with(places, "not committed") == ()
    assert branches_with([tmp_path], "old") == ()
    assert branches_with([], "old") == ()
