"""A second checkout, in a path with a space and a letter beyond ASCII, to run the workflow in."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Checkout:
    """A copy of this checkout with an environment and a local server of its own."""

    root: Path
    environ: Mapping[str, str]

    def run(
        self, *command: str, cwd: Path | None = None, timeout_s: float = 300, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, at the root unless told; both streams together are in `stdout`."""
        return subprocess.run(
            command,
            cwd=cwd or self.root,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
            check=False,
        )


def copy_sources(target: Path) -> None:
    """Copy every file that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def ensure_tools() -> Path:
    """Return the pinned tools of the checkout under test, installed when they are missing."""
    subprocess.run(["make", "--silent", "bootstrap"], cwd=ROOT, check=True)
    return ROOT / ".tools"
