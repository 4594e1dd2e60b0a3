"""Accepted findings in a file: a command fails only on findings that are not in it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from alembic_deploy.errors import ConfigError
from alembic_proof.finding import Finding, Severity
from alembic_proof.report.text import counted

_WRITE_IT = "write it with --write-baseline"
_FORMAT = 1
_OF_CATALOGS = frozenset({"drift", "parity", "not-restored", "not-rebuilt", "offline-sql-differs"})
_DATABASE = re.compile(r"alembic_proof_\w+")
_VALUE = re.compile(r"=\([^\n]*?\)(?= |$)")
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_LINE = re.compile(r"(?<=\bline )\d+\b")
_PID = re.compile(r"\bpid \d+")
_COUNT = re.compile(r"\b\d+(?= (of \d|rows?\b|values?\b))|(?<= of )\d+\b")


@dataclass(frozen=True, slots=True, order=True)
class AcceptedFinding:
    """The identity of a finding: equal in every run, although counts and values differ."""

    proof: str
    revision: str
    rule: str
    direction: str
    message: str


@dataclass(frozen=True, slots=True)
class Baseline:
    """The files that `--baseline` and `--write-baseline` name; None without the option."""

    file: Path | None = None
    output: Path | None = None

    def check_files(self) -> None:
        """Check before a proof runs that the files can be read or written.

        :raises ConfigError: They cannot.
        """
        if self.file is not None:
            _read_file(self.file)
        if self.output is None:
            return
        if reason := _unwritable_reason(self.output):
            raise ConfigError(
                f"cannot write the baseline: {reason}",
                where=str(self.output),
                todo="name another file, in a directory that exists and is writable",
            )
        if self.output.exists():
            _read_file(self.output, todo="name another file, or remove this one")

    def apply(
        self,
        proof: str,
        findings: tuple[Finding, ...],
        *,
        proved: Collection[str] | None = None,
    ) -> tuple[Finding, ...]:
        """Return the findings that are not accepted, and notes on the baseline; write the output.

        :param proved: The ids of the revisions that were proved; None if all were.
        :raises ConfigError: A file that cannot be read.
        """
        if self.output is not None:
            return self._write(self.output, proof, findings, proved)
        if self.file is None:
            return findings
        return subtract(proof, findings, _read_file(self.file), proved=proved)

    def apply_to_partial(self, proof: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Return the findings of a proof that an error ended, without the accepted ones.

        Nothing is written and nothing is called outdated: the rest was not proved.
        """
        if self.file is None:
            return findings
        return subtract(proof, findings, _read_file(self.file), proved=())

    def _write(
        self,
        output: Path,
        proof: str,
        findings: tuple[Finding, ...],
        proved: Collection[str] | None,
    ) -> tuple[Finding, ...]:
        before = _read_file(output) if output.exists() else frozenset()
        accepted = update(proof, findings, before, proved=proved)
        try:
            output.write_text(baseline_text(accepted), encoding="utf-8")
        except OSError as error:
            return (*findings, _not_written(error))
        return (
            *subtract(proof, findings, accepted, proved=proved),
            _written(output, len(accepted)),
        )


def identify(proof: str, finding: Finding) -> AcceptedFinding:
    """Return the finding's identity: without counts, values of rows, ids, lines and places."""
    message = finding.message.removeprefix(f"{finding.revision}: ")
    objects = [one for one in finding.details if "=" not in one]
    text = "\n".join([message, *objects, *filter(None, (finding.postgres, finding.statement))])
    return AcceptedFinding(
        proof=proof,
        revision=finding.revision,
        rule=finding.id,
        direction=finding.direction,
        message=_without_variables(text, rule=finding.id),
    )


def subtract(
    proof: str,
    findings: Iterable[Finding],
    baseline: Collection[AcceptedFinding],
    *,
    proved: Collection[str] | None,
) -> tuple[Finding, ...]:
    """Return the findings that are not in the baseline, and notes on those that are.

    :param proved: The ids of the revisions that were proved, None for all: an accepted finding of
        another revision is not called outdated.
    """
    found = tuple(findings)
    known = {one for one in baseline if one.proof == proof}
    seen = {identify(proof, finding) for finding in found if _fails(finding)}
    new = tuple(one for one in found if not _fails(one) or identify(proof, one) not in known)
    gone = (one for one in known - seen if proved is None or one.revision in proved)
    return (*new, *_accepted_note(len(found) - len(new)), *map(_outdated, sorted(gone)))


def update(
    proof: str,
    findings: Iterable[Finding],
    before: Collection[AcceptedFinding],
    *,
    proved: Collection[str] | None,
) -> tuple[AcceptedFinding, ...]:
    """Return the new baseline: today's findings, and the earlier ones of what was not proved."""
    kept = {
        one
        for one in before
        if one.proof != proof or (proved is not None and one.revision not in proved)
    }
    return tuple(sorted(kept | {identify(proof, one) for one in findings if _fails(one)}))


def baseline_text(baseline: Iterable[AcceptedFinding]) -> str:
    """Return the text of the file, in an order that keeps its differences small."""
    findings = [asdict(one) for one in sorted(baseline)]
    document = {"format": _FORMAT, "findings": findings}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def parse_baseline(text: str, *, where: str, todo: str = _WRITE_IT) -> frozenset[AcceptedFinding]:
    """Return the findings that the file accepts.

    :param todo: What to do if the text is no baseline.
    :raises ConfigError: The text is no baseline.
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
        return frozenset(AcceptedFinding(**one) for one in document["findings"])
    except TypeError as error:
        what = "this is no baseline: a finding in it has other fields"
        raise ConfigError(what, where=where, todo=todo) from error


def _read_file(path: Path, *, todo: str = _WRITE_IT) -> frozenset[AcceptedFinding]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        what = f"cannot read the baseline: {error}"
        raise ConfigError(what, where=str(path), todo=todo) from error
    return parse_baseline(text, where=str(path), todo=todo)


def _unwritable_reason(path: Path) -> str:
    """Return why the file cannot be written, empty if it can."""
    if path.is_dir():
        return "it is a directory"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}"
    is_writable = os.access(path if path.exists() else path.parent, os.W_OK)
    return "" if is_writable else "permission denied"


def _fails(finding: Finding) -> bool:
    return finding.severity is not Severity.NOTE


def _without_variables(text: str, *, rule: str) -> str:
    """Return the text on one line, without what varies from run to run.

    Definitions of the catalog keep their numbers and ids, which are part of the definition.
    """
    text = _DATABASE.sub("alembic_proof_…", text)
    if rule in _OF_CATALOGS:
        return " ".join(text.split())
    text = _LINE.sub("…", _UUID.sub("…", _VALUE.sub("=(…)", text)))
    return " ".join(_COUNT.sub("…", _PID.sub("pid …", text)).split())


def _accepted_note(number: int) -> tuple[Finding, ...]:
    if not number:
        return ()
    message = f"{counted(number, 'known finding')} hidden (baseline)"
    return (Finding(id="in-the-baseline", message=message, severity=Severity.NOTE),)


def _outdated(one: AcceptedFinding) -> Finding:
    name = " ".join(filter(None, (one.revision, one.direction)))
    subject = f"{name}: {one.message}" if name else one.message
    return Finding(
        id="baseline-outdated",
        message=f"in the baseline, but not found any more: {subject} [{one.rule}]",
        severity=Severity.NOTE,
        revision=one.revision,
        help="write the baseline again: --write-baseline",
    )


def _written(path: Path, number: int) -> Finding:
    message = f"{path} is written; it accepts {counted(number, 'finding')}"
    return Finding(id="baseline-written", message=message, severity=Severity.NOTE)


def _not_written(error: OSError) -> Finding:
    """Return the finding for a file that could be written before the proof and cannot now."""
    return Finding(
        id="baseline-not-written",
        message=f"the baseline was not written: {error}",
        help="correct that, and write it again",
    )
