"""Which files a branch changes, as git says."""

from __future__ import annotations

import subprocess
from pathlib import Path

from alembic_proof.errors import ConfigError


def changed_files(directory: Path, *, base_ref: str) -> frozenset[Path]:
    """The files that differ from the merge base with `base_ref`, new ones included.

    Paths are absolute, links resolved. What is not committed yet counts as well.

    Raises:
        ConfigError: no git repository, no such ref, or a shallow clone without the merge base.
    """
    root = Path(_git(directory, "rev-parse", "--show-toplevel").strip())
    _refuse_unknown_ref(directory, base_ref)
    base = _git(directory, "merge-base", base_ref, "HEAD", todo=_fetch(directory, base_ref)).strip()
    changed = _git(root, "diff", "--name-only", "-z", "--diff-filter=d", base)
    added = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    names = filter(None, f"{changed}\0{added}".split("\0"))
    return frozenset((root / name).resolve() for name in names)


def _refuse_unknown_ref(directory: Path, base_ref: str) -> None:
    _git(
        directory,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{base_ref}^{{commit}}",
        what=f"git knows no {base_ref!r} here",
        todo=_fetch(directory, base_ref),
    )


def _fetch(directory: Path, base_ref: str) -> str:
    """The command that brings what is missing."""
    remote, slash, branch = base_ref.partition("/")
    if not slash:
        remote, branch = "origin", base_ref
    depth = ""
    if _git(directory, "rev-parse", "--is-shallow-repository").strip() == "true":
        depth = "--unshallow "
    fetch = f"git fetch {depth}{remote} {branch}:refs/remotes/{remote}/{branch}"
    return fetch if slash else f"{fetch}, then --base-ref {remote}/{branch}"


def _git(directory: Path, *arguments: str, what: str = "", todo: str = "") -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(directory), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigError("git is not installed", todo="install git, or name revisions") from error
    if done.returncode:
        said = done.stderr.strip() or f"git {arguments[0]} found nothing"
        raise ConfigError(
            what or f"git cannot say what has changed: {said}",
            where=str(directory),
            todo=todo or "run this in a checkout, or name the revisions instead",
        )
    return done.stdout
