"""Repositories for the tests of what branches do to a history."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .repository import Repository

Open = Callable[[str], Path]

_CASE = Path(__file__).parents[2] / "cases" / "branches" / "begun"


@pytest.fixture(scope="session")
def made_begun(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Make the repository that `begun` copies: a dozen runs of git take longer than a test."""
    root = tmp_path_factory.mktemp("begun")
    shutil.copytree(_CASE.parents[1] / "project", root, dirs_exist_ok=True)
    shutil.copytree(_CASE, root, dirs_exist_ok=True)
    repository = Repository(root)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("remote", "add", "origin", "nowhere")
    (root / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    repository.commit("begin")
    repository.merge_into_main()
    repository.git("switch", "--quiet", "--create", "topic")
    return repository


@pytest.fixture(scope="session")
def made_parted(made_begun: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Make the repository that `parted` copies."""
    repository = Repository(tmp_path_factory.mktemp("parted"))
    shutil.copytree(made_begun.root, repository.root, dirs_exist_ok=True)
    repository.add("3c", after="2b", stamp="20260107_090000")
    repository.add("4d", after="3c", stamp="20260107_100000")
    repository.commit("ours")
    repository.git("switch", "--quiet", "main")
    repository.add("5e", after="2b", stamp="20260201_090000")
    repository.commit("theirs")
    repository.merge_into_main()
    repository.git("switch", "--quiet", "topic")
    repository.git("merge", "--quiet", "--message", "theirs as well", "main")
    return repository


@pytest.fixture
def begun(open_case: Open, made_begun: Repository) -> Repository:
    """Provide a history of two revisions that are merged; `topic` is checked out and has no more yet."""
    return _copied(made_begun, open_case("branches/begun"))


@pytest.fixture
def parted(open_case: Open, made_parted: Repository) -> Repository:
    """`topic` has added 3c and 4d behind 2b, the main branch 5e; both are checked out, merged."""
    return _copied(made_parted, open_case("branches/begun"))


def _copied(made: Repository, root: Path) -> Repository:
    shutil.copytree(made.root, root, dirs_exist_ok=True)
    return Repository(root)
