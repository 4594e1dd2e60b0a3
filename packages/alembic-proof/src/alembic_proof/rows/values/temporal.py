"""Dates, times and intervals, with fractions of seconds and within the bounds of CHECKs.

The earliest and latest values are those of Python's datetime, which every driver can read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from alembic_proof.rows.checks.constraints import CLOCK, ValueConstraint, parse_timestamp
from alembic_proof.rows.values.source import SourceFactory, ValueRequest, ValueSource

START = datetime(2021, 3, 4, 5, 6, 7, 891011)
EARLY = datetime(1, 1, 2)
LATE = datetime(9999, 12, 30, 23, 59, 59, 999999)
PAST = datetime(2020, 1, 1)
FUTURE = datetime(2900, 1, 1)
DAY = timedelta(days=1)
_SPAN = re.compile(r"(?:(-?\d+) days? ?)?(?:(-?)(\d+):(\d\d)(?::(\d\d(?:\.\d+)?))?)?")


def timestamp_source(request: ValueRequest) -> ValueSource:
    """Return dates or timestamps, a day apart where the bounds allow."""
    write = WRITERS[request.type.name]
    low, high = _bounds(request.constraint)
    start, unit = _first_and_step(low, high)
    last = high or LATE

    def typical(n: int) -> str:
        room = max((last - start) // unit, 1)
        return write(start + unit * (n % room))

    edges = tuple(write(edge) for edge in (EARLY, LATE) if (low or EARLY) <= edge <= (high or LATE))
    return ValueSource(typical, edges, trivial_count=0, is_increasing=True)


def _bounds(constraint: ValueConstraint) -> tuple[datetime | None, datetime | None]:
    low = FUTURE if constraint.low == CLOCK else parse_timestamp(constraint.low)
    high = PAST if constraint.high == CLOCK else parse_timestamp(constraint.high)
    if constraint.low not in (None, CLOCK) and constraint.low == "infinity":
        low = LATE
    return low, high


def _first_and_step(low: datetime | None, high: datetime | None) -> tuple[datetime, timedelta]:
    """Return the first typical value and the distance to the next."""
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


def time_source(request: ValueRequest) -> ValueSource:
    """Return times of day, a minute apart where the bounds allow."""
    zone = "+02:30" if request.type.name == "timetz" else ""
    low, high = (_interval(text) for text in (request.constraint.low, request.constraint.high))
    first, last = low or timedelta(0), high or timedelta(days=1)
    is_bound = low is not None or high is not None
    start = first if is_bound else timedelta(hours=1, minutes=1)
    unit = min(timedelta(minutes=1), (last - first) / 8)

    def typical(n: int) -> str:
        passed = unit * (n + 1) if is_bound else timedelta(minutes=n, seconds=3.040506)
        return f"{_clock(start + passed % (last - first))}{zone}"

    edges = () if is_bound else (f"00:00:00{zone}", f"23:59:59.999999{zone}")
    return ValueSource(typical, edges, trivial_count=0, is_increasing=True)


def _clock(time: timedelta) -> str:
    return (datetime.min + time % DAY).time().isoformat()


def interval_source(request: ValueRequest) -> ValueSource:
    """Return intervals, each a day longer than the one before where the bounds allow."""
    low, high = (_interval(text) for text in (request.constraint.low, request.constraint.high))
    if low is None and high is None:
        edges = ("0", "-1 days -02:00:00", "1000 years")
        return ValueSource(
            lambda n: f"{n + 1} days 26:03:04.5", edges, trivial_count=2, is_increasing=True
        )
    first = low if low is not None else (high or DAY) - 1000 * DAY
    last = high if high is not None else first + 1000 * DAY
    unit = (last - first) / 9

    def typical(n: int) -> str:
        return f"{(first + unit * (n % 8 + 1)).total_seconds():f} seconds"

    return ValueSource(typical, (), is_increasing=True)


def _interval(text: str | None) -> timedelta | None:
    """Read an interval: `08:00:00`, `1 day`, `2 days 03:00:00`; None for any other text."""
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
SOURCE_FACTORIES: dict[str, SourceFactory] = {
    **dict.fromkeys(WRITERS, timestamp_source),
    **dict.fromkeys(("time", "timetz"), time_source),
    "interval": interval_source,
}
