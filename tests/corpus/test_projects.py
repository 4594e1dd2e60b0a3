"""The projects of the corpus, as they are described."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpus.errors import CorpusError
from corpus.project import Project, all_projects, read_project

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


_DESCRIPTION = {
    "project.toml": 'distribution = "shop"\n\n[environment]\n',
    "requirements.txt": "alembic==1.18.0\nshop==1.0\n",
    "explained.toml": "",
}


def _write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def test_a_project_is_read_from_its_files(tmp_path: Path) -> None:
    """Name, distribution and version come from three places."""
    _write(tmp_path, _DESCRIPTION)

    project = read_project(tmp_path)

    assert (project.name, project.distribution, project.version) == (tmp_path.name, "shop", "1.0")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("project.toml", "distribution ="),
        ("project.toml", 'distribution = "shop"\n'),
        ("project.toml", 'distribution = "shop"\nenvironment = "none"\n'),
        ("explained.toml", "[[group]"),
        ("requirements.txt", "shopkeeper==1.0\n"),
    ],
)
def test_a_project_that_is_described_wrongly_is_named(tmp_path: Path, name: str, text: str) -> None:
    """Whichever file it is in, one error says which project it is."""
    _write(tmp_path, _DESCRIPTION | {name: text})

    with pytest.raises(CorpusError, match=re.escape(str(tmp_path))):
        read_project(tmp_path)


@pytest.mark.parametrize("name", _DESCRIPTION)
def test_a_project_without_one_of_its_files_is_named(tmp_path: Path, name: str) -> None:
    """No file may be missing."""
    _write(tmp_path, {other: text for other, text in _DESCRIPTION.items() if other != name})

    with pytest.raises(CorpusError, match=re.escape(str(tmp_path))):
        read_project(tmp_path)
