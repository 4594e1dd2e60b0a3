"""Names of revision files with another date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alembic_proof.history.file_template import FileTemplate

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
