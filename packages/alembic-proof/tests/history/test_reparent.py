"""The text of a revision that follows another one than before."""

from __future__ import annotations

import pytest

from alembic_proof.errors import HistoryError
from alembic_proof.history.reparent import reparented


def _reparented(source: bytes, *, parent: str | None = "2b") -> bytes:
    return reparented(
        source, revision_id="3c", parent=parent, new_parent="5e", where="versions/3c.py"
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('down_revision = "2b"\n', 'down_revision = "5e"\n'),
        ("down_revision = '2b'  # \"2b\"\n", "down_revision = '5e'  # \"2b\"\n"),
        ('down_revision: str | None = "2b"\n', 'down_revision: str | None = "5e"\n'),
        ('down_revision = ("2b",)\n', 'down_revision = ("5e",)\n'),
        ('revision, down_revision = "2b", "2b"\n', 'revision, down_revision = "2b", "5e"\n'),
        ('down_revision = ["2b"]\ndepends_on = "2b"\n', 'down_revision = ["5e"]\ndepends_on = "2b"\n'),
        ('x = 1; é = "é"; down_revision = "2b"\n', 'x = 1; é = "é"; down_revision = "5e"\n'),
        ('down_revision = "1a"\ndown_revision = "2b"\n', 'down_revision = "1a"\ndown_revision = "5e"\n'),
        ('"""A.\r\n\r\nRevises: 2b\r\n"""\r\ndown_revision = "2b"\r\n',
         '"""A.\r\n\r\nRevises: 5e\r\n"""\r\ndown_revision = "5e"\r\n'),
        ('"""Follow 2b.\n\nRevision: 3c, after 2b\nCreated: 2b\n"""\ndown_revision = "2b"\n',
         '"""Follow 2b.\n\nRevision: 3c, after 5e\nCreated: 2b\n"""\ndown_revision = "5e"\n'),
    ],
)  # fmt: skip
def test_the_parent_is_replaced_and_nothing_else(old: str, new: str) -> None:
    """Quotes, annotations, line ends, comments and other words stay."""
    assert _reparented(old.encode()) == new.encode()


def test_no_parent_becomes_one() -> None:
    """In the quotes that the revision's id has."""
    old = b"'''A.\n\nRevises: \n'''\nrevision = '3c'\ndown_revision = None\n"

    expected = b"'''A.\n\nRevises: 5e\n'''\nrevision = '3c'\ndown_revision = '5e'\n"
    assert _reparented(old, parent=None) == expected


def test_encodings_stay() -> None:
    """A mark at the beginning, and a file that is not in UTF-8."""
    text = '# coding: latin-1\nx = "é"; down_revision = "2b"\n'

    assert _reparented(text.encode("latin-1")) == text.replace("2b", "5e").encode("latin-1")
    assert (
        _reparented(b'\xef\xbb\xbfdown_revision = "2b"\n') == b'\xef\xbb\xbfdown_revision = "5e"\n'
    )


@pytest.mark.parametrize("line", ['down_revision = "2" + x', "down_revision = PARENT", "x = 1"])
def test_a_parent_that_is_computed_is_refused(line: str) -> None:
    """What cannot be read cannot be edited; the line is named."""
    with pytest.raises(HistoryError, match="down_revision is no plain string") as caught:
        _reparented(f"{line}\n".encode())

    assert caught.value.where == ("versions/3c.py:1" if "down" in line else "versions/3c.py")
