"""Run the proofs of a session: each runs once, when its first item asks for it.

env.py runs in the process of other people's tests. Logging, `sys.path` and the warning filters are
restored after each run of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.util import CommandError

from alembic_deploy.errors import DeployError
from alembic_deploy.new_revision import directory_lock
from alembic_proof.finding import Finding, Location, Severity, TimedStep
from alembic_proof.history.project import Project, find_project, has_project
from alembic_proof.proofs import run_parity, run_roundtrip
from alembic_proof.proofs.run import select_all
from alembic_proof.pytest_plugin.options import shared_directory
from alembic_proof.scratch import scratch_server_url

T = TypeVar("T")


def open_project(config: pytest.Config) -> Project:
    """Return the project that the options name.

    Without a name it is the project of rootdir, else of the directory that pytest was called in.

    :raises ConfigError: No such file, or settings that cannot be used.
    """
    return find_project(
        _named_file(config),
        section=config.getoption("alembic_proof_name"),
        x_arguments=tuple(config.getoption("alembic_proof_x")),
        directory=_project_directory(config),
        option="--alembic-proof-config",
        section_option="--alembic-proof-name",
    )


def project_or_failure(config: pytest.Config) -> Project:
    """Return the project; if there is none, fail the test with one message."""
    try:
        return open_project(config)
    except DeployError as error:
        message = str(error)
    pytest.fail(message, pytrace=False)  # outside, or pytest would show the causes of the error


def _project_directory(config: pytest.Config) -> Path:
    """Return the directory to search: one configuration of pytest may serve several projects."""
    called = config.invocation_params.dir
    is_here = has_project(called) and not has_project(config.rootpath)
    return called if is_here else config.rootpath


def _named_file(config: pytest.Config) -> Path | None:
    named = config.getoption("alembic_proof_config")
    if named:
        return Path(config.invocation_params.dir, named)
    configured = config.getini("alembic_proof_config")
    return Path(config.rootpath, configured) if configured else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofResult:
    """The findings of a proof, or the error that stopped it; processes pass it on as JSON."""

    findings: tuple[Finding, ...] = ()
    error: str = ""
    """The setup error; empty if the proof ran."""
    is_own: bool = True
    """Whether this process ran the proof, and so reports its error."""


class SessionProofs:
    """The results of a session's proofs."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        self._shared = shared_directory(config)
        self._rows: int = config.getoption("alembic_proof_rows")
        self._project = project
        self._results: dict[str, ProofResult] = {}
        self._reported: set[str] = set()

    def roundtrip(self, wanted: Collection[str] | None) -> ProofResult:
        """Return the round trip of the revisions that the first item asks for, None for all."""
        proof = partial(_prove_roundtrip, self._project, wanted=wanted, rows=self._rows)
        return self._once("roundtrip", proof)

    def parity(self) -> ProofResult:
        """Return the result of parity."""
        return self._once("parity", partial(_prove_parity, self._project))

    def claim_error(self, result: ProofResult) -> bool:
        """Return whether the calling item has to report the error: only one item of a run does."""
        if not result.is_own or result.error in self._reported:
            return False
        self._reported.add(result.error)
        return True

    def _once(self, name: str, proof: Callable[[], tuple[Finding, ...]]) -> ProofResult:
        if name not in self._results:
            shared = self._shared / name if self._shared else None
            with restored_process_state():
                self._results[name] = run_outside_event_loop(partial(_share, proof, shared))
        return self._results[name]


_PROOFS = pytest.StashKey[SessionProofs]()


def proofs_of(config: pytest.Config) -> SessionProofs:
    """Return the proofs of this session."""
    if _PROOFS not in config.stash:
        config.stash[_PROOFS] = SessionProofs(config, open_project(config))
    return config.stash[_PROOFS]


def _prove_roundtrip(
    project: Project, *, wanted: Collection[str] | None, rows: int
) -> tuple[Finding, ...]:
    """Prove these revisions (None: all), with so many rows in each table."""
    steps: list[TimedStep] = []
    result = run_roundtrip(
        project,
        scratch_server_url(project, os.environ),
        select=select_all if wanted is None else lambda *_: wanted,
        on_step=steps.append,
        rows=rows,
    )
    reached = {step.name.partition(" ")[0] for step in steps}
    reached.update(name for one in result.findings for name in (one.revision, *one.others))
    return (*result.findings, *_not_reached(sorted(result.selected - reached)))


def _not_reached(revision_ids: Collection[str]) -> Iterator[Finding]:
    """Yield a note for each revision below the one that `start_sql` leads to."""
    for revision_id in revision_ids:
        yield Finding(
            id="not-proved",
            message=f"{revision_id}: not proved: the database starts beyond it",
            severity=Severity.NOTE,
            revision=revision_id,
            direction="upgrade",
        )


def _prove_parity(project: Project) -> tuple[Finding, ...]:
    server_url = scratch_server_url(project, os.environ)
    return run_parity(project, server_url, on_step=lambda _: None)


def _share(proof: Callable[[], tuple[Finding, ...]], shared: Path | None) -> ProofResult:
    """Run the proof; of the processes that share a directory only the first one runs it.

    Locks: flock on `shared`, while the proof runs.
    """
    if shared is None:
        return _run(proof)
    shared.mkdir(exist_ok=True)
    path = shared / "result.json"
    with directory_lock(shared):
        if path.exists():
            return _from_json(path.read_text(encoding="utf-8"))
        result = _run(proof)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(json.dumps(asdict(result)), encoding="utf-8")
        unfinished.replace(path)
    return result


def _run(proof: Callable[[], tuple[Finding, ...]]) -> ProofResult:
    try:
        return ProofResult(findings=proof())
    except (DeployError, CommandError) as error:
        return ProofResult(error=str(error))


def _from_json(text: str) -> ProofResult:
    document = json.loads(text)
    findings = tuple(_finding(one) for one in document["findings"])
    return ProofResult(findings=findings, error=document["error"], is_own=False)


def _finding(document: dict[str, Any]) -> Finding:
    location = document["location"]
    finding = Finding(**document)
    return replace(
        finding,
        severity=Severity(finding.severity),
        location=Location(**location) if location else None,
        details=tuple(finding.details),
        others=tuple(finding.others),
    )


@contextmanager
def restored_process_state() -> Iterator[None]:
    """Restore logging and `sys.path` at the end of the block.

    A usual env.py calls `fileConfig`, which disables loggers and replaces pytest's handlers, and
    Alembic extends `sys.path`. Inside the block warnings do not become errors: a test suite that asks
    for errors means its own code.
    """
    path = list(sys.path)
    known = logging.root.manager.loggerDict.values()
    loggers = [logging.root, *(one for one in known if isinstance(one, logging.Logger))]
    states = [(one, one.level, one.disabled, one.propagate, list(one.handlers)) for one in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        try:
            yield
        finally:
            sys.path[:] = path
            for logger, level, is_disabled, propagates, handlers in states:
                logger.setLevel(level)
                logger.disabled, logger.propagate = is_disabled, propagates
                logger.handlers[:] = handlers


def run_outside_event_loop(work: Callable[[], T]) -> T:
    """Return what `work` returns; if this thread runs an event loop, call it in another thread.

    An asynchronous env.py calls `asyncio.run`, which fails in a thread with a running loop.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        is_in_loop = False
    else:
        is_in_loop = True
    if not is_in_loop:
        return work()  # outside of `except`, or its errors would have that one as context
    with ThreadPoolExecutor(max_workers=1) as one_thread:
        return one_thread.submit(work).result()
