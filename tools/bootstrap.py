"""Puts the pinned nox and uv of requirements.txt into .tools; needs nothing but Python."""

from __future__ import annotations

import contextlib
import fcntl
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
REQUIREMENTS = ROOT / "tools" / "requirements.txt"
STAMP = TOOLS / "requirements.txt"


def main() -> int:
    """Return 0 when .tools holds the pinned tools, made now or before."""
    if sys.version_info < (3, 11):  # noqa: UP036 - the first thing a newcomer's Python runs
        return fail(
            f"Boards needs Python 3.11 or later; this is {sys.version.split()[0]}.",
            "Install one and name it: make PYTHON=python3.12 …",
        )
    if is_current():
        return 0
    try:
        with one_at_a_time():
            if not is_current():
                install()
    except subprocess.CalledProcessError as error:
        return fail(
            "The tools could not be installed into .tools (pip's own words are above).",
            f"Check the network and that `{sys.executable} -m venv` works, then try again "
            f"(exit code {error.returncode}).",
        )
    except OSError as error:
        return fail(f"The tools could not be installed: {error}", "Make the checkout writable.")
    return 0


def is_current() -> bool:
    """Return whether the stamp names the current pins and the programs exist."""
    try:
        python = (TOOLS / "bin" / "python").resolve(strict=True)
        is_pinned = STAMP.read_bytes() == REQUIREMENTS.read_bytes()
    except OSError:
        return False
    return is_pinned and all(part.exists() for part in parts(python))


def parts(python: Path) -> Iterator[Path]:
    """Return what .tools needs besides its stamp: its programs, and the packages of its Python's version.

    A system that upgrades Python leaves a .tools/bin/python that finds none of its packages.
    """
    for name in re.findall(r"^([\w.-]+)==", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE):
        yield TOOLS / "bin" / name
    if re.fullmatch(r"python\d+\.\d+", python.name):
        yield TOOLS / "lib" / python.name


def install() -> None:
    """Create .tools; one that an interrupted run left has no stamp and is removed first."""
    print("Installing nox and uv into .tools (once) …", file=sys.stderr)
    if TOOLS.exists():
        shutil.rmtree(TOOLS)
    venv.create(TOOLS, symlinks=True)
    # ensurepip in a process of its own: Debian splits it off, and its message is the useful one.
    python = str(TOOLS / "bin" / "python")
    subprocess.run([python, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--requirement", str(REQUIREMENTS)], check=True, stdout=sys.stderr)
    shutil.copyfile(REQUIREMENTS, STAMP)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold a file lock beside .tools, so that two runs at once make one.

    Locks: flock on tools/.lock.
    """
    with (ROOT / "tools" / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def fail(what: str, todo: str) -> int:
    """Say what happened and what to do next."""
    print(f"{what}\n  do: {todo}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
