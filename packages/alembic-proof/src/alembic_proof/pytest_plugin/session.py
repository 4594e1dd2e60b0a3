"""The proofs of a session: each runs once, when the first item asks for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

import pytest

from alembic_proof.finding import Finding
from alembic_proof.project import Project
from alembic_proof.pytest_plugin.opened import open_project
from alembic_proof.pytest_plugin.proving import find_in_models, find_in_revisions
from alembic_proof.pytest_plugin.result import Result, result_of
from alembic_proof.pytest_plugin.sharing import shared_directory
from alembic_proof.pytest_plugin.surroundings import kept_surroundings, outside_of_loops

_PROOFS = pytest.StashKey["SessionProofs"]()


class SessionProofs:
    """Results by the name of their proof, and what was told of broken surroundings."""

    def __init__(self, config: pytest.Config, project: Project) -> None:
        self._shared = shared_directory(config)
        self._rows: int = config.getoption("alembic_proof_rows")
        self._project = project
        self._results: dict[str, Result] = {}
        self._told: set[str] = set()

    def roundtrip(self, wanted: Collection[str] | None) -> Result:
        """The round trip of the revisions that the first item asks for, None for all."""
        proof = partial(find_in_revisions, self._project, wanted=wanted, rows=self._rows)
        return self._once("roundtrip", proof)

    def parity(self) -> Result:
        """Models against history."""
        return self._once("parity", partial(find_in_models, self._project))

    def is_news(self, result: Result) -> bool:
        """Whether what is broken has to be told now: once, by the process that met it."""
        if not result.is_from_here or result.broken in self._told:
            return False
        self._told.add(result.broken)
        return True

    def _once(self, name: str, proof: Callable[[], tuple[Finding, ...]]) -> Result:
        if name not in self._results:
            shared = self._shared / name if self._shared else None
            with kept_surroundings():
                self._results[name] = outside_of_loops(lambda: result_of(proof, shared=shared))
        return self._results[name]


def proofs_of(config: pytest.Config) -> SessionProofs:
    """The proofs of this session."""
    if _PROOFS not in config.stash:
        config.stash[_PROOFS] = SessionProofs(config, open_project(config))
    return config.stash[_PROOFS]
