"""The rule `missing-revision-id`."""

from __future__ import annotations

import pytest

from alembic_proof.finding import Location, Severity
from alembic_proof.lint import ParsedHistory, parse_revision
from alembic_proof.lint.rules.missing_revision_id import RULE


@pytest.mark.parametrize("name", ["0001_tags.py", "1a2b3c.py"])
@pytest.mark.parametrize("text", ["", "# later\n", "def upgrade(): pass\n", "print(revision)\n"])
def test_a_file_without_an_id_is_one_finding(name: str, text: str) -> None:
    """An empty file is left by an interrupted editor."""
    history = ParsedHistory(files=(parse_revision(name, text.encode()),))

    assert [(str(found.location), found.message) for found in RULE.check(history)] == [
        (name, "the file has no `revision`")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tags.py", 'revision = "a"\n'),
        ("tags.py", 'revision: str = "a"\n'),
        ("tags.py", 'revision, down_revision = "a", None\n'),
        ("tags.py", '(revision, down_revision), depends_on = ["a", ("b", "c")], None\n'),
        ("tags.py", "revision = (\n"),
        ("1a2b3c.py", "down_revision = None\n"),
    ],
)
def test_an_id_from_anywhere_is_one(name: str, text: str) -> None:
    """The file's name may be the id; a broken file belongs to another rule."""
    history = ParsedHistory(files=(parse_revision(name, text.encode()),))

    assert list(RULE.check(history)) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("\nrevision = make('a')\n", 2),
        ("revision, down_revision = ids()\n", 1),
        ("revision, *down_revision = 'a', 'b'\n", 1),
        ("from ids import revision\n", 0),
        ("if True:\n    revision = 'a'\n", 0),
    ],
)
def test_a_computed_id_is_a_warning(text: str, line: int) -> None:
    """Without a finding the file would look checked."""
    found = [*RULE.check(ParsedHistory(files=(parse_revision("tags.py", text.encode()),)))]

    assert found[0].message.startswith("`revision` is not a string literal at module level: ")
    assert found[0].location == Location("tags.py", line)
    assert {one.severity for one in found} == {Severity.WARNING}


def test_a_computed_parent_is_a_warning() -> None:
    """The revision itself is checked."""
    source = b"revision = 'a'\ndown_revision = before('b')\n"

    [found] = RULE.check(ParsedHistory(files=(parse_revision("tags.py", source),)))

    assert found.message.startswith("`down_revision` is not a string literal")
