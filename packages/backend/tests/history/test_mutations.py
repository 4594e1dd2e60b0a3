"""With a revision broken, the round trip reports that fault and no other, wherever else it broke."""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from alembic_proof.catalog.read import VERIFY_VARIABLE
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import load_history
from alembic_proof.proofs import RowPlan, prove_roundtrip
from alembic_proof.scratch import scratch_database
from packages.backend.tests.history.database import BACKEND, FIRST, REVISIONS


@dataclass(frozen=True, slots=True)
class Mutation:
    """A replacement of `old`, which occurs once, by `new` in one revision, and what is found."""

    name: str
    revision: str
    old: str
    new: str
    found: tuple[str, ...]


def read_mutations() -> tuple[Mutation, ...]:
    """Return the mutations of mutations.toml."""
    text = Path(__file__).with_name("mutations.toml").read_text(encoding="utf-8")
    return tuple(
        Mutation(**one | {"found": tuple(one["found"])}) for one in tomllib.loads(text)["mutation"]
    )


def in_rounds(mutations: tuple[Mutation, ...]) -> tuple[tuple[Mutation, ...], ...]:
    """Return the mutations in rounds, each of which breaks a revision at most once.

    A proof takes the history from the first revision on: broken together, they take a fifth of the
    time, and each shows that a fault in one revision is reported in no other.
    """
    rounds = defaultdict[int, tuple[Mutation, ...]](tuple)
    earlier = Counter[str]()
    for mutation in mutations:
        rounds[earlier[mutation.revision]] += (mutation,)
        earlier[mutation.revision] += 1
    return tuple(rounds.values())


_MUTATIONS = read_mutations()
_ROUNDS = in_rounds(_MUTATIONS)


def apply(root: Path, mutation: Mutation) -> None:
    """Change the revision in the copied history."""
    [file] = (root / "alembic" / "versions").glob(f"*_{mutation.revision}.py")
    text = file.read_text(encoding="utf-8")
    assert text.count(mutation.old) == 1, mutation.name
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def prove(root: Path, server_url: str, *names: str) -> tuple[Finding, ...]:
    """Return the findings of the round trip in the revisions of these names."""
    with ExitStack() as stack:

        def open_database() -> str:
            return stack.enter_context(scratch_database(server_url, label="mutation"))

        project = Project(file=root / "alembic.ini")
        return prove_roundtrip(
            project,
            script=load_history(alembic_config(project)),
            open_database=open_database,
            on_step=lambda _: None,
            wanted=[REVISIONS[name] for name in names],
            row_plan=RowPlan(rows=6),
        )


def sentences(findings: tuple[Finding, ...], name: str) -> Iterator[str]:
    """Yield id, sentence, server message and rows of each error or warning on this revision's file."""
    for finding in findings:
        if finding.severity is not Severity.NOTE:
            assert finding.revision == REVISIONS[name]
            assert finding.location is not None
            assert finding.location.path.split(":")[0].endswith(f"_{name}.py")
            message = finding.message.removeprefix(f"{finding.revision}: ")
            rows = f" ({'; '.join(finding.details)})" if finding.id.startswith("rows-") else ""
            yield f"{finding.id} {': '.join(filter(None, (message, finding.postgres)))}{rows}"


@cache
def round_findings(server_url: str, number: int) -> tuple[Finding, ...]:
    """Return the findings of one round trip in all revisions that this round breaks."""
    with TemporaryDirectory() as directory:
        root = Path(directory)
        shutil.copy(BACKEND / "alembic.ini", root)
        shutil.copytree(BACKEND / "alembic", root / "alembic")
        for mutation in _ROUNDS[number]:
            apply(root, mutation)
        return prove(root, server_url, *(mutation.revision for mutation in _ROUNDS[number]))


@pytest.mark.parametrize(
    ("number", "mutation"),
    [
        pytest.param(number, mutation, id=mutation.name)
        for number, mutations in enumerate(_ROUNDS)
        for mutation in mutations
    ],
)
def test_a_broken_revision_is_found(server_url: str, number: int, mutation: Mutation) -> None:
    """The findings are exactly those that the mutation names, at the revision's file."""
    findings = round_findings(server_url, number)
    own = tuple(one for one in findings if one.revision == REVISIONS[mutation.revision])

    assert tuple(sentences(own, mutation.revision)) == mutation.found


@pytest.fixture(scope="module")
def unbroken_findings(server_url: str) -> tuple[Finding, ...]:
    """Provide the findings of one round trip in each of the first revisions.

    Each incremental reading of the catalog is compared with a full one.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VERIFY_VARIABLE, "1")
        return prove(BACKEND, server_url, *FIRST)


@pytest.mark.parametrize("name", FIRST)
def test_the_same_revision_unbroken_is_clean(
    unbroken_findings: tuple[Finding, ...], name: str
) -> None:
    """Control: without a mutation the revision has no findings."""
    others = {REVISIONS[other] for other in FIRST if other != name}
    findings = tuple(one for one in unbroken_findings if one.revision not in others)

    assert tuple(sentences(findings, name)) == ()
