"""Run pytest in a directory, in this process or in one of its own, and read the items' outcomes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

QUIET = ("-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:hypothesispytest")
_OURS = ("PYTEST_", "PYTHONDONTWRITEBYTECODE")

# pytester forgets what a run has imported, but an extension module cannot be loaded twice.
for _driver in ("asyncpg.protocol", "psycopg", "psycopg2", "sqlalchemy.ext.asyncio"):
    with suppress(ImportError):
        import_module(_driver)


@dataclass(frozen=True, slots=True)
class Run:
    """The end of a run of pytest, and its output."""

    code: int
    output: str
    outcomes: Mapping[str, str]
    """`passed`, `failed`, `error` or `skipped` by `0001_users::upgrade`, `parity`, `test_x::test`."""

    def with_outcome(self, *outcomes: str) -> list[str]:
        """Return the names of the items with these outcomes, in the order in which they ended."""
        return [name for name, outcome in self.outcomes.items() if outcome in outcomes]


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs pytest in this process: what is imported, printed and set in it stays in the run."""

    pytester: pytest.Pytester
    server_url: str

    def __call__(self, root: Path, *arguments: str, **environ: str) -> Run:
        """Run pytest in a directory; scratch databases are made on the suite's server."""
        junit = root / "junit.xml"
        junit.unlink(missing_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(root)
            for name, value in ({"CASE_SCRATCH_URL": self.server_url} | environ).items():
                patch.setenv(name, value)
            done = self.pytester.runpytest_inprocess(
                f"--junitxml={junit}", *QUIET, "-p", "no:xdist", *arguments
            )
        output = f"{done.stdout}\n{done.stderr}"
        return Run(int(done.ret), output, _outcomes(junit) if junit.exists() else {})


def run_pytest(
    root: Path, *arguments: str, environ: Mapping[str, str], python: Path | None = None
) -> Run:
    """Run pytest as a process of its own, with nothing of this suite's pytest in its environment."""
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
    reported = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
    return {"failure": "failed"}.get(reported[0], reported[0]) if reported else "passed"
