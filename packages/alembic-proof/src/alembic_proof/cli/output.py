"""The output of a command: results on standard output, progress on standard error, exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TextIO

from alembic_deploy.process_exit import refused_exits, write_line
from alembic_proof.finding import Finding, StepListener, TimedStep, has_failed
from alembic_proof.report import Report, render
from alembic_proof.report.report import shown_on_error
from alembic_proof.report.text import step_text

_STDOUT, _STDERR = 1, 2
_DOCUMENTS = frozenset({"json", "junit", "sarif"})
"""The formats in which an empty text is not a valid document."""


@dataclass(frozen=True, slots=True)
class ProgressListener:
    """The functions that a proof calls while it runs."""

    on_step: StepListener
    """Takes each step when it is done."""
    expect: Callable[[Sequence[str]], None]
    """Takes the names of the steps to come, as soon as they are known."""
    keep: Callable[[tuple[Finding, ...]], None]
    """Takes the findings so far if an error ends the proof: they are printed as well."""


Prove = Callable[[ProgressListener], tuple[Finding, ...]]


def run_and_report(
    proof: str, prove: Prove, *, format_: str = "text", is_verbose: bool = False
) -> int:
    """Run the proof, print its report, return the exit code: 1 if it found more than notes.

    A terminal shows a progress bar while the proof runs, if rich is installed.
    """
    if format_ == "text" and _has_rich() and is_interactive(sys.stdout, os.environ):
        # Importing rich takes time: only a terminal needs it.
        from alembic_proof.cli.progress_bar import prove_with_bar

        report = prove_with_bar(
            proof,
            lambda on_step, expect, keep: _run_guarded(
                prove, ProgressListener(on_step, expect, keep)
            ),
            is_verbose=is_verbose,
        )
    else:
        report = _prove_plainly(format_, proof, prove, is_verbose=is_verbose)
    return 1 if has_failed(report.findings) else 0


def _run_guarded(prove: Prove, progress: ProgressListener) -> tuple[Finding, ...]:
    with refused_exits():
        return prove(progress)


def _has_rich() -> bool:
    """Return whether rich is installed, which comes with the extra `dev`."""
    return find_spec("rich") is not None


def _prove_plainly(format_: str, proof: str, prove: Prove, *, is_verbose: bool) -> Report:
    """Run the proof without a progress bar and print its report.

    With `is_verbose` the steps of a format for programs are printed on standard error.
    """
    steps: list[TimedStep] = []

    def show(findings: tuple[Finding, ...]) -> Report:
        report = Report(proof, tuple(steps), findings, is_verbose=is_verbose)
        print_stdout(render(report, format_))
        return report

    is_text = format_ == "text"
    with (
        shown_on_error(show, is_always=format_ in _DOCUMENTS) as found,
        nullcontext() if is_text else stdout_fd_to_stderr(),
        stdout_to_stderr(),
    ):

        def tell_step(step: TimedStep) -> None:
            steps.append(step)
            if is_verbose and not is_text:
                print_stderr(step_text(step))

        findings = _run_guarded(
            prove, ProgressListener(tell_step, expect=lambda _: None, keep=found.extend)
        )
    return show(findings)


def print_stdout(text: str) -> None:
    """Print a result on standard output; nothing for empty text."""
    if text:
        write_line(sys.stdout, text)


def print_script(script: str) -> int:
    """Print SQL; return the exit code, 1 if there is any."""
    if script:
        print_stdout(script)
    return 1 if script else 0


def print_stderr(text: str) -> None:
    """Print what is not a result (progress, which server) on standard error."""
    write_line(sys.stderr, text)


@contextmanager
def stdout_to_stderr() -> Iterator[Callable[[str], None]]:
    """Send what the project prints to standard error; yield a function that prints results.

    This covers log handlers that env.py creates inside the block, and output during import.
    """
    results = sys.stdout
    with redirect_stdout(sys.stderr):
        yield partial(write_line, results)


@contextmanager
def stdout_fd_to_stderr() -> Iterator[None]:
    """Send what the project's subprocesses write to standard output to standard error.

    They inherit the file descriptor, whatever object replaces Python's `sys.stdout`.
    """
    with suppress(OSError, ValueError, AttributeError):
        sys.__stdout__.flush()  # type: ignore[union-attr]
    try:
        kept = os.dup(_STDOUT)
    except OSError:  # the descriptor is closed: nothing can be written to it
        yield
        return
    try:
        with suppress(OSError):
            _ = os.dup2(_STDERR, _STDOUT)
        yield
    finally:
        with suppress(OSError, ValueError, AttributeError):
            sys.__stdout__.flush()  # type: ignore[union-attr]
        _ = os.dup2(kept, _STDOUT)
        os.close(kept)


def is_interactive(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether the stream is a terminal that can move its cursor."""
    return stream.isatty() and environ.get("TERM") not in ("dumb", "unknown")
