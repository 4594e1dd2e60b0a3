"""Git: its commands in the repository of a directory, and the branches that have a revision."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

_HOOK_VARIABLES = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"})
"""In a git hook these name the repository of the commit; a command names a directory instead."""


def run_git(
    directory: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run git in the directory.

    :raises FileNotFoundError: It is not installed.
    """
    environ = {name: text for name, text in os.environ.items() if name not in _HOOK_VARIABLES}
    return subprocess.run(
        ["git", "-C", str(directory), *arguments],
        capture_output=True,
        input=stdin,
        check=False,
        env={**environ, "GIT_OPTIONAL_LOCKS": "0"},
    )


def branches_with(directories: Iterable[Path], text: str) -> tuple[str, ...]:
    """Return the git branches whose files in the directories contain the text.

    The branch with the latest commit comes first; only the 50 latest are read. Empty where there is
    no git repository.
    """
    places = [place.resolve() for place in directories if place.is_dir()]
    if not places:
        return ()
    root = _output(places[0], "rev-parse", "--show-toplevel").rstrip("\n")
    inside = [str(one) for one in places if root and one.is_relative_to(Path(root).resolve())]
    last = ("--sort=-committerdate", "--count=50", "--format=%(refname:short)")
    refs = _output(places[0], "for-each-ref", *last, "refs/heads", "refs/remotes").split()
    if not refs or not inside:
        return ()
    found = _output(places[0], "grep", "-l", "-F", "-e", text, *refs, "--", *inside)
    having = {line.partition(":")[0] for line in found.splitlines()}
    return tuple(ref for ref in refs if ref in having)


def _output(directory: Path, *arguments: str) -> str:
    """Return the output of git; empty where it fails or is not installed."""
    try:
        return run_git(directory, *arguments).stdout.decode(errors="replace")
    except FileNotFoundError:
        return ""
