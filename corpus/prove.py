"""One project's proof, run as its own developers would run it."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from corpus.errors import CorpusError
from corpus.group import Found
from corpus.project import Project

_PASSED_ON = ("ALEMBIC_PROOF_PG_", "ALEMBIC_PROOF_VERIFY_")
_OWN = ("ALEMBIC_PROOF_", "BOARDS_", "VIRTUAL_ENV", "PYTHON", "UV_", "NOX", "PYTEST_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one proof."""

    revisions: int
    elapsed_s: float
    """From the command's start to its end: with the project's own imports."""
    findings: tuple[Found, ...]

    @property
    def not_filled(self) -> tuple[str, ...]:
        """The tables that never got a row, each with the reason."""
        return tuple(found.message for found in self.findings if found.rule == "not-filled")

    @property
    def kinds(self) -> tuple[tuple[str, int], ...]:
        """How many findings of each rule there are; notes apart."""
        counts = Counter(
            f"{found.rule} (note)" if found.severity == "note" else found.rule
            for found in self.findings
        )
        return tuple(sorted(counts.items()))


def prove(project: Project, *, environment: Path) -> Result:
    """Return the round trip of the project's history, on a scratch database.

    Raises:
        CorpusError: the proof did not come to its end; in its own words.
    """
    command = [str(environment / "bin" / "alembic-proof"), "roundtrip", "--format", "json"]
    start = perf_counter()
    done = subprocess.run(
        command,
        cwd=project.directory,
        env=environ_of(project, environment=environment),
        capture_output=True,
        text=True,
        check=False,
    )
    elapsed_s = perf_counter() - start
    if done.returncode not in (0, 1):
        last = "\n".join(done.stderr.splitlines()[-20:])
        raise CorpusError(f"{project.name} cannot be proved (exit {done.returncode}):\n{last}")
    (environment / "result.json").write_text(done.stdout, encoding="utf-8")
    return _result(json.loads(done.stdout), elapsed_s=elapsed_s)


def environ_of(project: Project, *, environment: Path) -> dict[str, str]:
    """Return this process's variables without those of this checkout, and the project's own."""
    home = environment / "home"
    home.mkdir(exist_ok=True)
    foreign = {name: value for name, value in os.environ.items() if not _is_ours(name)}
    own = {name: value.replace("{home}", str(home)) for name, value in project.environment}
    return foreign | own


def _is_ours(name: str) -> bool:
    return name.startswith(_OWN) and not name.startswith(_PASSED_ON)


def _result(said: dict[str, Any], *, elapsed_s: float) -> Result:
    findings = tuple(_found(finding) for finding in said["findings"])
    return Result(revisions=len(said["steps"]), elapsed_s=elapsed_s, findings=findings)


def _found(finding: dict[str, Any]) -> Found:
    revision = finding["revision"] or ""
    sentence = finding["message"].removeprefix(f"{revision}: ")
    return Found(
        rule=finding["rule"],
        severity=finding["severity"],
        revision=revision,
        message=": ".join(filter(None, (sentence, finding["postgres"]))),
    )
