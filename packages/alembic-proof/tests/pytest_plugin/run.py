"""pytest, run in a directory as a process of its own, and what became of each item."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

QUIET = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:hypothesispytest")
_OURS = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")


@dataclass(frozen=True, slots=True)
class Run:
    """How pytest ended, and what it printed."""

    code: int
    output: str
    outcomes: Mapping[str, str]
    """`passed`, `failed`, `error` or `skipped` by `0001_users::upgrade`, `parity`, `test_x::test`."""

    def with_outcome(self, *outcomes: str) -> list[str]:
        """The names of the items that ended so, in the order in which they ended."""
        return [name for name, outcome in self.outcomes.items() if outcome in outcomes]


def run_pytest(
    root: Path, *arguments: str, environ: Mapping[str, str], python: Path | None = None
) -> Run:
    """Runs it with nothing of this suite's own pytest in its environment."""
    junit = root / "junit.xml"
    junit.unlink(missing_ok=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_OURS)}
    done = subprocess.run(
        [str(python or sys.executable), "-m", "pytest", f"--junitxml={junit}", *arguments],
        cwd=root,
        env={**inherited, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return Run(done.returncode, done.stdout, _outcomes(junit) if junit.exists() else {})


def _outcomes(junit: Path) -> dict[str, str]:
    cases = ElementTree.parse(junit).getroot().iter("testcase")  # noqa: S314  pytest wrote it
    return {_name(case): _outcome(case) for case in cases}


def _name(case: ElementTree.Element) -> str:
    place = case.get("classname", "").removeprefix("alembic-proof").removeprefix(".")
    name = case.get("name", "").partition("@")[0]
    return f"{place}::{name}" if place else name


def _outcome(case: ElementTree.Element) -> str:
    told = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    return {"failure": "failed"}.get(told[0], told[0]) if told else "passed"
