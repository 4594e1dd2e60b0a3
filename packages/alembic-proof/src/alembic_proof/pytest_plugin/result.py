"""What a proof came to, as a value that one process hands to another."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from alembic.util import CommandError

from alembic_proof.errors import ProofError
from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.history.directory_lock import directory_lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The findings, or why there are none."""

    findings: tuple[Finding, ...] = ()
    broken: str = ""
    """What was wrong with the surroundings; empty when the proof ran."""
    is_from_here: bool = True
    """Whether this process ran the proof, and has to tell what is broken."""


def result_of(proof: Callable[[], tuple[Finding, ...]], *, shared: Path | None) -> Result:
    """What the proof finds; with a shared directory only the first process that asks runs it.

    Locks: flock on `shared`, while the proof runs.
    """
    if shared is None:
        return _run(proof)
    shared.mkdir(exist_ok=True)
    path = shared / "result.json"
    with directory_lock(shared):
        if path.exists():
            return _read(path.read_text(encoding="utf-8"))
        result = _run(proof)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(result)), encoding="utf-8")
        unfinished.replace(path)
    return result


def _run(proof: Callable[[], tuple[Finding, ...]]) -> Result:
    try:
        return Result(findings=proof())
    except (ProofError, CommandError) as error:
        return Result(broken=str(error))


def _read(text: str) -> Result:
    document = json.loads(text)
    findings = tuple(_finding(one) for one in document["findings"])
    return Result(findings=findings, broken=document["broken"], is_from_here=False)


def _finding(document: dict[str, Any]) -> Finding:
    place = document["location"]
    finding = Finding(**document)
    return replace(
        finding,
        severity=Severity(finding.severity),
        location=Location(**place) if place else None,
        others=tuple(finding.others),
    )
