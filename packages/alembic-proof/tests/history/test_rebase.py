"""The name and the text of a revision file that a rebase moves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alembic_deploy.errors import HistoryError
from alembic_proof.history.rebase import FileTemplate, with_parent

_STAMP = datetime(2026, 11, 30, 17, 5, 9, tzinfo=UTC)
_DAY = "%(year)d_%(month).2d_%(day).2d"


@pytest.mark.parametrize(
    ("template", "name", "expected"),
    [
        ("%(rev)s_%(slug)s", "ab12_add_tags", "ab12_add_tags"),
        (f"{_DAY}_%(hour).2d%(minute).2d-%(rev)s_%(slug)s", "2024_01_02_0304-ab12_add_tags",
         "2026_11_30_1705-ab12_add_tags"),
        (f"{_DAY}-%(rev)s", "2024_01_02-ab12", "2026_11_30-ab12"),
        ("%(year)d%(month).2d%(day).2d_%(hour).2d%(minute).2d%(second).2d_%(slug)s",
         "20240102_030405_add_tags", "20261130_170509_add_tags"),
        ("%(epoch)s_%(rev)s", "1704164645_ab12", "1796058309_ab12"),
        ("%(year)d/%(month)02d/%(slug)s_%(rev)s", "2024/01/add_tags_ab12", "2026/11/add_tags_ab12"),
        ("%(year)d_%%_%(rev)s_%(rev)s", "2024_%_ab12_ab12", "2026_%_ab12_ab12"),
        (f"{_DAY}_%(rev)s", "named_by_hand", "named_by_hand"),
        (f"{_DAY}_%(rev)s", "2024_01_02_cd34", "2024_01_02_cd34"),
    ],
)  # fmt: skip
def test_a_name_gets_another_date(template: str, name: str, expected: str) -> None:
    """Where the template has one and the name follows it; the words stay as they were."""
    assert FileTemplate(template).with_stamp(name, revision_id="ab12", stamp=_STAMP) == expected


@pytest.mark.parametrize(
    ("template", "names", "expected"),
    [
        ("%(epoch)s_%(rev)s", (), ["17:05:09", "17:05:10"]),
        (f"{_DAY}_%(hour).2d%(minute).2d_%(rev)s", (), ["17:05:00", "17:06:00"]),
        (f"{_DAY}_%(rev)s", ("2026_12_31_ab12",), ["17:05:09", "17:05:09"]),
        ("%(epoch)s_%(rev)s", ("1796058400_cd34", "x"), ["17:06:41", "17:06:42"]),
        (f"{_DAY}_%(hour).2d%(minute).2d_%(rev)s", ("2026_11_30_1810_cd", "2026_13_30_1810_cd"),
         ["18:11:00", "18:12:00"]),
    ],
)  # fmt: skip
def test_stamps_are_later_than_every_name(
    template: str, names: tuple[str, ...], expected: list[str]
) -> None:
    """By the smallest step that the names show; by none where they show no time of day."""
    stamps = FileTemplate(template).later_stamps(names, now=_STAMP, number=2)

    assert [f"{one:%H:%M:%S}" for one in stamps] == expected


def _with_parent(source: bytes, *, parent: str | None = "2b") -> bytes:
    return with_parent(
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
    assert _with_parent(old.encode()) == new.encode()


def test_no_parent_becomes_one() -> None:
    """In the quotes that the revision's id has."""
    old = b"'''A.\n\nRevises: \n'''\nrevision = '3c'\ndown_revision = None\n"

    expected = b"'''A.\n\nRevises: 5e\n'''\nrevision = '3c'\ndown_revision = '5e'\n"
    assert _with_parent(old, parent=None) == expected


def test_encodings_stay() -> None:
    """A mark at the beginning, and a file that is not in UTF-8."""
    text = '# coding: latin-1\nx = "é"; down_revision = "2b"\n'

    assert _with_parent(text.encode("latin-1")) == text.replace("2b", "5e").encode("latin-1")
    assert (
        _with_parent(b'\xef\xbb\xbfdown_revision = "2b"\n') == b'\xef\xbb\xbfdown_revision = "5e"\n'
    )


@pytest.mark.parametrize("line", ['down_revision = "2" + x', "down_revision = PARENT", "x = 1"])
def test_a_parent_that_is_computed_is_refused(line: str) -> None:
    """What cannot be read cannot be edited; the line is named."""
    with pytest.raises(HistoryError, match="down_revision is not a string literal") as caught:
        _with_parent(f"{line}\n".encode())

    assert caught.value.where == ("versions/3c.py:1" if "down" in line else "versions/3c.py")
