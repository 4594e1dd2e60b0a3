"""The revision files as git knows them: what a branch changes, and what was there before."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic_deploy.errors import ConfigError
from alembic_deploy.git import run_git

_MAIN_BRANCHES = ("main", "master")


@dataclass(frozen=True, slots=True)
class CommittedFile:
    """A file of a commit; its path is absolute, with the links of its directory resolved."""

    path: Path
    source: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseChanges:
    """The changes of the checkout to the files of the merge base with a base ref."""

    base_ref: str
    changed: tuple[CommittedFile, ...]
    """The files that are edited or deleted now, as the merge base has them."""
    added: frozenset[Path]
    """The files that the merge base does not have."""


def changed_files(directory: Path, *, base_ref: str) -> frozenset[Path]:
    """Return the files that differ from the merge base with `base_ref`, new and uncommitted ones too.

    Paths are absolute, with links resolved.

    :raises ConfigError: No git repository, no such ref, or a shallow clone without the merge base.
    """
    root = top_level(directory)
    base = _merge_base(directory, base_ref)
    changed = _git(root, "diff", "--name-only", "-z", "--diff-filter=d", base)
    names = filter(None, f"{changed}\0{_untracked(root)}".split("\0"))
    return frozenset((root / name).resolve() for name in names)


def default_base_ref(directory: Path) -> str:
    """Return the remote's main branch, such as `origin/main`.

    :raises ConfigError: No git repository, or a remote whose main branch is not known here.
    """
    remotes = _git(directory, "remote").split()
    remote = "origin" if "origin" in remotes or len(remotes) != 1 else remotes[0]
    ref = f"refs/remotes/{remote}/"
    head = _run_git(directory, "symbolic-ref", "--quiet", f"{ref}HEAD")
    named = head.stdout.decode().strip().removeprefix(ref)
    for branch in filter(None, (named, *_MAIN_BRANCHES)):
        found = _run_git(directory, "rev-parse", "--verify", "--quiet", f"{ref}{branch}^{{commit}}")
        if not found.returncode:
            return f"{remote}/{branch}"
    raise ConfigError(
        f"git does not know the main branch of the remote {remote!r}",
        where=str(directory),
        todo=f"git fetch {remote}, or name the branch that revisions are merged into: "
        "--base-ref REF",
    )


def is_merged(path: Path) -> bool:
    """Return whether the remote's main branch has the file; False if git does not know."""
    try:
        root = top_level(path.parent)
        base = _merge_base(root, default_base_ref(root))
        name = path.resolve().relative_to(root).as_posix()
        return not _run_git(root, "cat-file", "-e", f"{base}:{name}").returncode
    except (ConfigError, ValueError):
        return False


def base_changes(places: Iterable[Path], *, base_ref: str | None = None) -> BaseChanges:
    """Read the checkout's changes to the files in `places` since the merge base with `base_ref`.

    :param places: Directories of one git repository; missing ones are left out.
    :param base_ref: By default the remote's main branch.
    :raises ConfigError: No git repository, no such ref, or a shallow clone without the merge base.
    """
    directories = [place.resolve() for place in places if place.is_dir()]
    if not directories:
        return BaseChanges(base_ref=base_ref or "", changed=(), added=frozenset())
    root = top_level(directories[0])
    ref = base_ref or default_base_ref(root)
    inside = [str(one) for one in directories if one.is_relative_to(root)]
    base = _merge_base(root, ref)
    raw = _git(root, "diff", "--raw", "--no-renames", "--no-abbrev", "-z", base, "--", *inside)
    # :100644 100644 <blob before> <blob now> M NUL path NUL
    fields = raw.split("\0")[:-1]
    pairs = zip(fields[::2], fields[1::2], strict=True)
    entries = [(entry.split(), root / name) for entry, name in pairs]
    before = {path: entry[2] for entry, path in entries if entry[4] != "A"}
    added = {path for entry, path in entries if entry[4] == "A"}
    untracked = filter(None, _untracked(root, *inside).split("\0"))
    return BaseChanges(
        base_ref=ref,
        changed=tuple(_read_blobs(root, before)),
        added=frozenset(added.union(root / name for name in untracked)),
    )


def committed_files(places: Iterable[Path], *, ref: str) -> tuple[CommittedFile, ...]:
    """Read the Python files that a commit has in the directories and below them.

    :raises ConfigError: No git repository, or no such ref.
    """
    directories = [place.resolve() for place in places if place.is_dir()]
    root = top_level(directories[0])
    _refuse_unknown_ref(root, ref)
    inside = [str(one) for one in directories if one.is_relative_to(root)]
    listed = _git(root, "ls-tree", "-r", "-z", "--full-name", ref, "--", *inside)
    # 100644 blob <blob> TAB path NUL
    entries = (line.partition("\t") for line in listed.split("\0") if line.endswith(".py"))
    return tuple(_read_blobs(root, {root / name: entry.split()[2] for entry, _, name in entries}))


def uncommitted_files(root: Path, places: Iterable[Path]) -> tuple[Path, ...]:
    """Return the files with uncommitted changes: all tracked ones, and new ones in `places`."""
    inside = tuple(place.resolve() for place in places)
    changed = _git(root, "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
    # XY path NUL
    entries = ((line[:2], root / line[3:]) for line in changed.split("\0") if line)
    return tuple(
        path
        for state, path in entries
        if state != "??" or any(path.is_relative_to(place) for place in inside)
    )


def checked_out_commit(root: Path) -> str:
    """Return the id of the commit that is checked out.

    :raises ConfigError: The repository has no commit yet.
    """
    return _git(root, "rev-parse", "--verify", "HEAD").strip()


def private_file(root: Path, name: str) -> Path:
    """Return the path of a file in this checkout's `.git` directory."""
    return root / _git(root, "rev-parse", "--git-path", name).rstrip("\n")


def top_level(directory: Path) -> Path:
    """Return the root of the checkout that contains the directory.

    :raises ConfigError: No checkout contains it.
    """
    todo = "run this in a git checkout"
    return Path(_git(directory, "rev-parse", "--show-toplevel", todo=todo).rstrip("\n")).resolve()


def _merge_base(directory: Path, base_ref: str) -> str:
    _refuse_unknown_ref(directory, base_ref)
    todo = _fetch(directory, base_ref)
    return _git(directory, "merge-base", base_ref, "HEAD", todo=todo).strip()


def _untracked(root: Path, *inside: str) -> str:
    return _git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *inside)


def _read_blobs(root: Path, blobs: dict[Path, str]) -> Iterator[CommittedFile]:
    """Yield the files of these blobs, read in one run of git."""
    asked = "".join(f"{blob}\n" for blob in blobs.values()).encode()
    rest = _git_bytes(root, "cat-file", "--batch", stdin=asked) if blobs else b""
    for path in blobs:
        header, _, rest = rest.partition(b"\n")
        # <blob> blob <size> LF <contents> LF; the commit of a submodule is missing.
        if not header.endswith(b" missing"):
            size = int(header.split()[2])
            yield CommittedFile(path, rest[:size])
            rest = rest[size + 1 :]


def _refuse_unknown_ref(directory: Path, base_ref: str) -> None:
    _git(
        directory,
        *("rev-parse", "--verify", "--quiet", "--end-of-options", f"{base_ref}^{{commit}}"),
        what=f"no git ref {base_ref!r}",
        todo=_fetch(directory, base_ref),
    )


def _fetch(directory: Path, base_ref: str) -> str:
    """Return the command that fetches a ref."""
    remote, slash, branch = base_ref.partition("/")
    if not slash:
        remote, branch = "origin", base_ref
    depth = ""
    if _git(directory, "rev-parse", "--is-shallow-repository").strip() == "true":
        depth = "--unshallow "
    fetch = f"git fetch {depth}{remote} {branch}:refs/remotes/{remote}/{branch}"
    return fetch if slash else f"{fetch}, then --base-ref {remote}/{branch}"


def _git(directory: Path, *arguments: str, what: str = "", todo: str = "") -> str:
    return os.fsdecode(_git_bytes(directory, *arguments, what=what, todo=todo))


def _git_bytes(
    directory: Path, *arguments: str, stdin: bytes | None = None, what: str = "", todo: str = ""
) -> bytes:
    done = _run_git(directory, *arguments, stdin=stdin)
    if done.returncode:
        # The first line is the error; what follows is advice about git's own settings.
        output, *_ = [*done.stderr.decode(errors="replace").strip().splitlines(), ""]
        output = output or f"git {arguments[0]} found nothing"
        raise ConfigError(
            what or f"git cannot list the changes: {output}",
            where=str(directory),
            todo=todo or "run this in a checkout, or name the revisions instead",
        )
    return done.stdout


def _run_git(
    directory: Path, *arguments: str, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    try:
        return run_git(directory, *arguments, stdin=stdin)
    except FileNotFoundError as error:
        todo = "install git, or name the revisions instead"
        raise ConfigError("git is not installed", todo=todo) from error
