"""Repositories for the tests of what branches do to a history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .repository import Repository


@pytest.fixture
def begun(open_case: Callable[[str], Path]) -> Repository:
    """A history of two revisions that are merged; `topic` is checked out and has no more yet."""
    repository = Repository(open_case("branches/begun"))
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("remote", "add", "origin", "nowhere")
    (repository.root / ".gitignore").write_text("__pycache__/\n", encoding="utf-8")
    repository.commit("begin")
    repository.merge_into_main()
    repository.git("switch", "--quiet", "--create", "topic")
    return repository
