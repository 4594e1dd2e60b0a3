"""The projects of the corpus, as they are described."""

from __future__ import annotations

import re

import pytest

from corpus.project import Project, all_projects

PROJECTS = all_projects()
_PINNED = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==[^ =]+( ; .+)?")


def test_the_corpus_is_worth_its_name() -> None:
    """At least five projects are proved."""
    assert len(PROJECTS) >= 5


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_every_package_is_pinned(project: Project) -> None:
    """The same findings come out of an installation of next year."""
    lines = project.requirements.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if not _PINNED.fullmatch(line)] == []


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)
def test_a_project_brings_an_alembic_and_a_driver(project: Project) -> None:
    """It is proved with its own, not with ours."""
    text = project.requirements.read_text(encoding="utf-8")

    assert re.search(r"^alembic==", text, re.MULTILINE)
    assert re.search(r"^(asyncpg|psycopg|psycopg2-binary)==", text, re.MULTILINE)
