"""Dates, times and intervals: with fractions of seconds, inside bounds, and at the ends of time.

The ends are those of Python's datetime, not PostgreSQL's: every driver can read them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from alembic_proof.rows.requirement import CLOCK, Requirement, moment
from alembic_proof.rows.values.palette import Maker, Palette, Request

START = datetime(2021, 3, 4, 5, 6, 7, 891011)
EARLY = datetime(1, 1, 2)
LATE = datetime(9999, 12, 30, 23, 59, 59, 999999)
PAST = datetime(2020, 1, 1)
FUTURE = datetime(2900, 1, 1)
DAY = timedelta(days=1)
_SPAN = re.compile(r"(?:(-?\d+) days? ?)?(?:(-?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?)?")


def make_moment(request: Request) -> Palette:
    """Points in time, a day apart where the bounds allow."""
    write = WRITERS[request.type.name]
    low, high = _bounds(request.requirement)
    start, unit = _steps(low, high)
    last = high or LATE

    def series(n: int) -> str:
        room = max((last - start) // unit, 1)
        return write(start + unit * (n % room))

    edges = tuple(write(edge) for edge in (EARLY, LATE) if (low or EARLY) <= edge <= (high or LATE))
    return Palette(series, edges, near=0, is_rising=True)


def _bounds(requirement: Requirement) -> tuple[datetime | None, datetime | None]:
    low = FUTURE if requirement.low == CLOCK else moment(requirement.low)
    high = PAST if requirement.high == CLOCK else moment(requirement.high)
    if requirement.low not in (None, CLOCK) and requirement.low == "infinity":
        low = LATE
    return low, high


def _steps(low: datetime | None, high: datetime | None) -> tuple[datetime, timedelta]:
    """The first ordinary value and the distance to the next."""
    if low and high:
        unit = DAY if high - low > 8 * DAY else max((high - low) / 8, timedelta(microseconds=1))
        return (low + unit if low + unit < high else low), unit
    if low and low >= START:
        return low + DAY, DAY
    if high and high <= START + 1000 * DAY:
        return high - 400 * DAY if high - EARLY > 400 * DAY else EARLY, DAY
    return START, DAY


def _with_zone(value: datetime) -> str:
    return f"{value.isoformat()}+00"


def make_time(request: Request) -> Palette:
    """Times of day, a minute apart where the bounds allow."""
    zone = "+02:30" if request.type.name == "timetz" else ""
    low, high = (_span(text) for text in (request.requirement.low, request.requirement.high))
    first, last = low or timedelta(0), high or timedelta(days=1)
    is_bound = low is not None or high is not None
    start = first if is_bound else timedelta(hours=1, minutes=1)
    unit = min(timedelta(minutes=1), (last - first) / 8)

    def series(n: int) -> str:
        passed = unit * (n + 1) if is_bound else timedelta(minutes=n, seconds=3.040506)
        return f"{_clock(start + passed % (last - first))}{zone}"

    edges = () if is_bound else (f"00:00:00{zone}", f"23:59:59.999999{zone}")
    return Palette(series, edges, near=0, is_rising=True)


def _clock(time: timedelta) -> str:
    return (datetime.min + time % DAY).time().isoformat()


def make_interval(request: Request) -> Palette:
    """Intervals, a day longer each time where the bounds allow."""
    low, high = (_span(text) for text in (request.requirement.low, request.requirement.high))
    if low is None and high is None:
        edges = ("0", "-1 days -02:00:00", "1000 years")
        return Palette(lambda n: f"{n + 1} days 26:03:04.5", edges, near=2, is_rising=True)
    first = low if low is not None else (high or DAY) - 1000 * DAY
    last = high if high is not None else first + 1000 * DAY
    unit = (last - first) / 9

    def series(n: int) -> str:
        return f"{(first + unit * (n % 8 + 1)).total_seconds():f} seconds"

    return Palette(series, (), is_rising=True)


def _span(text: str | None) -> timedelta | None:
    """`08:00:00`, `1 day`, `2 days 03:00:00`; None for what is spelt otherwise, and for nothing."""
    found = _SPAN.fullmatch(text or "")
    if found is None or not text:
        return None
    days, sign, hours, minutes, seconds = found.groups()
    clock = timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds or 0))
    return timedelta(days=int(days or 0)) + (-clock if sign == "-" else clock)


WRITERS: dict[str, Callable[[datetime], str]] = {
    "date": lambda value: value.date().isoformat(),
    "timestamp": datetime.isoformat,
    "timestamptz": _with_zone,
}
MAKERS: dict[str, Maker] = {
    **dict.fromkeys(WRITERS, make_moment),
    **dict.fromkeys(("time", "timetz"), make_time),
    "interval": make_interval,
}
