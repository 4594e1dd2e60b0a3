"""Revision files, parsed."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, RevisionFile, parse_revision


def _parsed(text: str) -> RevisionFile:
    return parse_revision("versions/a.py", text.encode())


def test_ids_are_read_from_literals_with_and_without_annotation() -> None:
    """Alembic's own templates write both forms."""
    revision = _parsed('revision: str = "b"\ndown_revision = ("a1", "a2")\ndepends_on = "c"\n')

    assert revision.revision_id == "b"
    assert revision.parent_ids == ("a1", "a2", "c")


def test_the_first_revision_has_no_parents() -> None:
    """None does not count as an id."""
    assert _parsed('revision = "a"\ndown_revision = None\n').parent_ids == ()


def test_a_module_without_an_id_is_no_revision() -> None:
    """Rules for revisions skip it; `missing-revision-id` does not."""
    history = ParsedHistory(files=(_parsed("x = 1\n"), _parsed('revision = "a"\n')))

    assert [file.revision_id for file in history.revisions] == ["a"]


def test_the_last_definition_counts_as_it_does_for_python() -> None:
    """An earlier assignment or function of the same name is never seen by Alembic."""
    revision = _parsed(
        'lossy = "old"\nlossy = "new"\ndef downgrade(): pass\ndef downgrade(): run()\n'
    )

    assert revision.declared("lossy") == "new"
    assert revision.downgrade is not None
    assert revision.downgrade.lineno == 4


@pytest.mark.parametrize(
    ("source", "line"),
    [(b"x = (\n", 1), (b"a = 1\n<<<<<<< HEAD\n", 2), (b"x = '\xff'\n", 0), (b"a = 1\x00\n", 0)],
)
def test_a_file_that_does_not_parse_says_why_and_where(source: bytes, line: int) -> None:
    """Broken syntax, a merge marker and undecodable bytes are values; none raises."""
    revision = parse_revision("a.py", source)

    assert revision.syntax_error
    assert revision.syntax_error_line >= line
    assert revision.revision_id is None


def test_compiler_warnings_about_a_revision_are_no_findings() -> None:
    """An invalid escape is a warning of Python's compiler, no syntax error."""
    assert not _parsed('revision = "a"\nx = "\\d"\n').syntax_error
