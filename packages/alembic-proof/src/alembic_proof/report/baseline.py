"""Findings that were accepted on one day, as a file: only what is new fails a command."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from alembic_proof.errors import ConfigError
from alembic_proof.finding import Finding, Severity

WRITE_IT = "write it with --write-baseline"
_FORMAT = 1
_OF_CATALOGS = frozenset({"drift", "parity", "not-restored", "not-rebuilt", "offline-sql-differs"})
_DATABASE = re.compile(r"alembic_proof_\w+")
_VALUE = re.compile(r"=\([^\n]*?\)(?= |$)")
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_LINE = re.compile(r"(?<=\bline )\d+\b")
_PID = re.compile(r"\bpid \d+")
_COUNT = re.compile(r"\b\d+(?= (of \d|rows?\b|values?\b))|(?<= of )\d+\b")


@dataclass(frozen=True, slots=True, order=True)
class Accepted:
    """What makes a finding the same on another day: what varies is left out of its text."""

    proof: str
    revision: str
    rule: str
    direction: str
    message: str


def accepted(proof: str, finding: Finding) -> Accepted:
    """The finding's identity; counts, rows' values, ids and places do not belong to it."""
    return Accepted(
        proof=proof,
        revision=finding.revision,
        rule=finding.rule,
        direction=finding.direction,
        message=_lasting(finding.message.removeprefix(f"{finding.revision}: "), rule=finding.rule),
    )


def judged(
    proof: str,
    findings: Iterable[Finding],
    baseline: Collection[Accepted],
    *,
    looked_at: Collection[str] | None,
) -> tuple[Finding, ...]:
    """The findings without those of the baseline; what became of these is a note.

    `looked_at` are the revisions that were proved, None for all: that another one's finding does
    not occur says nothing.
    """
    found = tuple(findings)
    known = {one for one in baseline if one.proof == proof}
    seen = {accepted(proof, finding) for finding in found if _fails(finding)}
    fresh = tuple(f for f in found if not _fails(f) or accepted(proof, f) not in known)
    gone = (one for one in known - seen if looked_at is None or one.revision in looked_at)
    return (*fresh, *_met(len(found) - len(fresh)), *map(_gone, sorted(gone)))


def written(
    proof: str,
    findings: Iterable[Finding],
    before: Collection[Accepted],
    *,
    looked_at: Collection[str] | None,
) -> tuple[Accepted, ...]:
    """The new baseline: of what was looked at today's findings, of the rest what it was."""
    kept = {
        one
        for one in before
        if one.proof != proof or (looked_at is not None and one.revision not in looked_at)
    }
    return tuple(sorted(kept | {accepted(proof, f) for f in findings if _fails(f)}))


def baseline_text(baseline: Iterable[Accepted]) -> str:
    """The file, in an order that keeps its differences small."""
    findings = [asdict(one) for one in sorted(baseline)]
    document = {"format": _FORMAT, "findings": findings}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def read_baseline(text: str, *, where: str, todo: str = WRITE_IT) -> frozenset[Accepted]:
    """What the file accepts; `todo` is what helps where it is none.

    Raises:
        ConfigError: it is no baseline.
    """
    try:
        document: Any = json.loads(text)
    except ValueError as error:
        raise ConfigError(
            f"this is no baseline, nor JSON: {error}", where=where, todo=todo
        ) from error
    if not isinstance(document, dict) or not {"format", "findings"} <= document.keys():
        raise ConfigError("this is no baseline: it has no findings", where=where, todo=todo)
    if document["format"] != _FORMAT:
        what = f"this baseline has format {document['format']!r}, not {_FORMAT}"
        raise ConfigError(what, where=where, todo=f"{todo}, or use the version that wrote it")
    try:
        return frozenset(Accepted(**one) for one in document["findings"])
    except TypeError as error:
        what = "this is no baseline: a finding in it is not one of ours"
        raise ConfigError(what, where=where, todo=todo) from error


def _fails(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE


def _lasting(message: str, *, rule: str) -> str:
    """The message without what varies from run to run, on one line.

    What a catalog says does not: a number or an id in a definition is the definition.
    """
    text = _DATABASE.sub("alembic_proof_…", message)
    if rule in _OF_CATALOGS:
        return " ".join(text.split())
    text = _LINE.sub("…", _UUID.sub("…", _VALUE.sub("=(…)", text)))
    return " ".join(_COUNT.sub("…", _PID.sub("pid …", text)).split())


def _met(number: int) -> tuple[Finding, ...]:
    if not number:
        return ()
    message = f"{number} of the findings are in the baseline, and not shown"
    return (Finding(rule="in-the-baseline", message=message, severity=Severity.NOTE),)


def _gone(one: Accepted) -> Finding:
    name = " ".join(filter(None, (one.revision, one.direction)))
    subject = f"{name}: {one.message}" if name else one.message
    return Finding(
        rule="baseline-outdated",
        message=f"in the baseline, and found no more: {subject} [{one.rule}]",
        severity=Severity.NOTE,
        revision=one.revision,
        todo="write the baseline anew: --write-baseline",
    )
