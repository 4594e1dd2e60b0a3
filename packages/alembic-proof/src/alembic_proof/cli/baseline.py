"""`--baseline` and `--write-baseline`: a project adopts a proof with the findings that it has."""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection
from pathlib import Path

from alembic_proof.errors import ConfigError
from alembic_proof.finding import Finding, Severity
from alembic_proof.report.baseline import (
    WRITE_IT,
    Accepted,
    baseline_text,
    judged,
    read_baseline,
    written,
)
from alembic_proof.report.text import counted


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Let today's findings be accepted, or those of another day."""
    group = parser.add_mutually_exclusive_group()
    group.add_argument(
        "--baseline",
        type=Path,
        metavar="FILE",
        help="fail only on findings that are not in FILE",
    )
    group.add_argument(
        "--write-baseline",
        type=Path,
        metavar="FILE",
        help="accept today's findings: write them into this file, and succeed",
    )


def refuse_unusable(arguments: argparse.Namespace) -> None:
    """Ensures, before anything runs, that the baseline which is named can be read or written.

    Raises:
        ConfigError: it cannot.
    """
    if arguments.baseline is not None:
        _read(arguments.baseline)
    path: Path | None = arguments.write_baseline
    if path is None:
        return
    if why := _why_not(path):
        raise ConfigError(
            f"cannot write the baseline: {why}",
            where=str(path),
            todo="name another file, in a directory that is there and may be written to",
        )
    if path.exists():
        _read(path, todo="name another file, or remove this one")


def _why_not(path: Path) -> str:
    """Why the file cannot be written, empty where it can."""
    if path.is_dir():
        return "it is a directory"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}"
    is_writable = os.access(path if path.exists() else path.parent, os.W_OK)
    return "" if is_writable else "permission denied"


def against_baseline(
    arguments: argparse.Namespace,
    proof: str,
    findings: tuple[Finding, ...],
    *,
    looked_at: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """The findings as the options would have them; all of them without an option.

    Raises:
        ConfigError: a file that cannot be read or written.
    """
    path: Path | None = arguments.write_baseline
    if path is not None:
        before = _read(path) if path.exists() else frozenset()
        accepted = written(proof, findings, before, looked_at=looked_at)
        try:
            path.write_text(baseline_text(accepted), encoding="utf-8")
        except OSError as error:
            return (*findings, _not_written(error))
        judgement = judged(proof, findings, accepted, looked_at=looked_at)
        return (*judgement, _written(path, len(accepted)))
    path = arguments.baseline
    if path is None:
        return findings
    return judged(proof, findings, _read(path), looked_at=looked_at)


def without_accepted(
    arguments: argparse.Namespace, proof: str, findings: tuple[Finding, ...]
) -> tuple[Finding, ...]:
    """Return the findings of a proof that ended early, without those that `--baseline` accepts.

    Nothing is written, and nothing is taken for gone: the rest was not proved.
    """
    if arguments.baseline is None:
        return findings
    return judged(proof, findings, _read(arguments.baseline), looked_at=())


def _read(path: Path, *, todo: str = WRITE_IT) -> frozenset[Accepted]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the baseline: {error}",
            where=str(path),
            todo=todo,
        ) from error
    return read_baseline(text, where=str(path), todo=todo)


def _written(path: Path, number: int) -> Finding:
    message = f"{path} is written; it accepts {counted(number, 'finding')}"
    return Finding(rule="baseline-written", message=message, severity=Severity.NOTE)


def _not_written(error: OSError) -> Finding:
    """That it could be written was looked at before; what was found meanwhile is told all the same."""
    return Finding(
        rule="baseline-not-written",
        message=f"the baseline was not written: {error}",
        severity=Severity.ERROR,
        todo="correct that, and write it again",
    )
