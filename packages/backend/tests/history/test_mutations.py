"""One revision broken at a time: the round trip names what was broken, and nothing else."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import load_history
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.proofs import RowPlan, prove_roundtrip
from packages.backend.tests.history.database import BACKEND, REVISIONS


@dataclass(frozen=True, slots=True)
class Mutation:
    """In one revision, `old` (once) becomes `new`; the sentences are what is found."""

    name: str
    revision: str
    old: str
    new: str
    found: tuple[str, ...]


def read_mutations() -> tuple[Mutation, ...]:
    """All that mutations.toml has."""
    text = Path(__file__).with_name("mutations.toml").read_text(encoding="utf-8")
    return tuple(
        Mutation(**one | {"found": tuple(one["found"])}) for one in tomllib.loads(text)["mutation"]
    )


_MUTATIONS = read_mutations()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the history."""
    shutil.copy(BACKEND / "alembic.ini", tmp_path)
    shutil.copytree(BACKEND / "alembic", tmp_path / "alembic")
    return tmp_path


def prove(root: Path, server_url: str, name: str) -> tuple[Finding, ...]:
    """What the round trip finds in the revision of this name."""
    with ExitStack() as stack:

        def open_database() -> str:
            return stack.enter_context(scratch_database(server_url, label="mutation"))

        project = AlembicProject(file=root / "alembic.ini")
        return prove_roundtrip(
            project,
            script=load_history(alembic_config(project)),
            open_database=open_database,
            tell=lambda _: None,
            wanted=[REVISIONS[name]],
            row_plan=RowPlan(rows=6),
        )


def sentences(findings: tuple[Finding, ...], name: str) -> Iterator[str]:
    """Rule and first line of each error or warning, which must be about this revision's file."""
    for finding in findings:
        if finding.severity is not Severity.NOTE:
            assert finding.revision == REVISIONS[name]
            assert finding.location is not None
            assert finding.location.path.split(":")[0].endswith(f"_{name}.py")
            message = finding.message.removeprefix(f"{finding.revision}: ").splitlines()[0]
            yield f"{finding.rule} {message}"


@pytest.mark.parametrize("mutation", _MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_broken_revision_is_found(root: Path, server_url: str, mutation: Mutation) -> None:
    """Exactly what the broken line stands for is said, at the revision's file."""
    [file] = (root / "alembic" / "versions").glob(f"*_{mutation.revision}.py")
    text = file.read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")

    findings = prove(root, server_url, mutation.revision)

    assert tuple(sentences(findings, mutation.revision)) == mutation.found


@pytest.mark.parametrize("name", sorted({m.revision for m in _MUTATIONS}))
def test_the_same_revision_unbroken_is_clean(root: Path, server_url: str, name: str) -> None:
    """What the broken copies are found by is in the mutation, not in the history."""
    assert tuple(sentences(prove(root, server_url, name), name)) == ()
