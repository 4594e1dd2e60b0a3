"""One whole chain of the corpus, in every run: the smallest to install."""

from __future__ import annotations

from dataclasses import replace

import pytest

from corpus.errors import NotInstalledError
from corpus.explain import explain
from corpus.install import install
from corpus.project import PROJECTS, Project, read_project
from corpus.prove import Result, prove
from tests.checkout import ensure_tools


@pytest.fixture(scope="module")
def project() -> Project:
    """MLflow's tracking server, without what its models are trained with."""
    return read_project(PROJECTS / "mlflow")


@pytest.fixture(scope="module")
def result(project: Project) -> Result:
    """Return the proof's result; skip, with the reason, if the packages cannot be installed.

    Every reading of the catalog is held against a whole one; one that differs ends the proof.
    """
    try:
        environment = install(project, uv=str(ensure_tools() / "bin" / "uv"))
    except NotInstalledError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ALEMBIC_PROOF_VERIFY_READS", "1")
        return prove(project, environment=environment)


def test_every_finding_is_explained(project: Project, result: Result) -> None:
    """Every finding is explained, and every explanation has its finding."""
    explanation = explain(result.findings, groups=project.groups)

    assert explanation.unexplained == ()
    assert explanation.stale == ()


def test_every_revision_is_proved(result: Result) -> None:
    """The proof reaches the end of the history although revisions fail."""
    assert result.revisions == 67


def test_a_defect_that_anyone_can_read_in_the_file_is_found(result: Result) -> None:
    """df50e92ffc5e creates a table, and its downgrade is `pass`."""
    said = [found.message for found in result.findings if found.revision == "df50e92ffc5e"]

    assert "after its downgrade: table public.experiment_tags: unexpected" in said


def test_a_chain_with_one_explanation_less_is_not_explained(
    project: Project, result: Result
) -> None:
    """Each explanation is needed: without it, its findings are left over."""
    for absent in project.groups:
        groups = tuple(entry for entry in project.groups if entry != absent)

        explanation = explain(result.findings, groups=replace(project, groups=groups).groups)

        assert explanation.unexplained
