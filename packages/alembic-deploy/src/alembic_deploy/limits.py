"""Limits of a deployment: how long it waits for locks, servers and other migrations, and how often."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from alembic_deploy.errors import ConfigError

_DURATION = re.compile(r"([0-9]{1,9})\s*(ms|s|min|h|d)")
_UNIT_MS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_LONGEST_MS = 2_147_483_647
"""What PostgreSQL's timeouts can hold. Source: config-setting, "Parameter Names and Values"."""
_MOST_RETRIES = 10_000


def _limit(default: int, meaning: str, *, is_count: bool = False) -> int:
    found: int = field(default=default, metadata={"meaning": meaning, "is_count": is_count})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one command; 0 is no limit."""

    lock_timeout_ms: int = _limit(
        2_000,
        "How long a statement waits for a lock before its revision is rolled back and tried again; "
        "0s means no limit. A transaction that already has locks waits 0.7s at most for further ones.",
    )
    retries: int = _limit(
        30, "How many times a revision that does not get its locks is tried again.", is_count=True
    )
    retry_time_ms: int = _limit(
        600_000, "For how long after its first try a revision is tried again; 0s means no limit."
    )
    deadline_ms: int = _limit(
        3_600_000,
        "How long the whole command takes at most; it also ends a CONCURRENTLY statement; "
        "0s means no limit.",
    )
    statement_timeout_ms: int = _limit(
        0, "How long a statement runs at most, except a CONCURRENTLY one; 0s means no limit."
    )
    idle_in_transaction_timeout_ms: int = _limit(
        20_000,
        "How long the server keeps the session of a migration that sends nothing: a revision's "
        "Python code may work for so long between two statements; 0s means no limit.",
    )
    migrator_wait_ms: int = _limit(
        600_000, "How long the command waits for another migration of the same database."
    )
    server_wait_ms: int = _limit(
        30_000, "How long the command waits for a server that does not answer."
    )
    backfill_batch_time_ms: int = _limit(
        200, "How long a batch of a backfill locks its rows; its size is adapted to that."
    )
    backfill_max_lag_ms: int = _limit(
        10_000, "How far a standby may be behind before a backfill pauses."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitKey:
    """A limit as a user sets it: a key of pyproject.toml, an environment variable, a flag."""

    name: str
    """As a user writes it, who gives a duration its unit: without `_ms`."""
    meaning: str
    default: int
    is_count: bool

    @property
    def field(self) -> str:
        """Return the name of the field of `Limits`."""
        return self.name if self.is_count else f"{self.name}_ms"

    @property
    def flag(self) -> str:
        """Return the option of the command line."""
        return f"--{self.name.replace('_', '-')}"

    @property
    def default_text(self) -> str:
        """Return the default value as a user writes it."""
        return str(self.default) if self.is_count else duration_text(self.default)


def duration_text(milliseconds: int) -> str:
    """Return a duration as PostgreSQL writes it.

    >>> duration_text(2000), duration_text(250), duration_text(0)
    ('2s', '250ms', '0s')
    """
    for unit, size in (("min", 60_000), ("s", 1000)):
        if milliseconds % size == 0 and (milliseconds or unit == "s"):
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def left_ms(deadline_s: float | None) -> int:
    """Return the time that is left until the deadline; 0 without one, as PostgreSQL writes it.

    :param deadline_s: In the time of time.monotonic().
    """
    if deadline_s is None:
        return 0
    return max(1, round((deadline_s - time.monotonic()) * 1000))


def shortest_ms(*timeouts: int) -> int:
    """Return the shortest of some timeouts, of which 0 is none."""
    return min(filter(None, timeouts), default=0)


_DEFAULTS = Limits()
LIMITS = tuple(
    LimitKey(
        name=one.name.removesuffix("_ms"),
        meaning=one.metadata["meaning"],
        default=getattr(_DEFAULTS, one.name),
        is_count=one.metadata["is_count"],
    )
    for one in fields(Limits)
)
"""Every limit. Its value is a duration with a unit, or a number where it is a count."""


@dataclass(frozen=True, slots=True)
class WrittenLimit:
    """The value of a limit as it was written, and where."""

    value: object
    where: str


WrittenLimits = Mapping[str, WrittenLimit]
"""By the names of `LIMITS`; other names are ignored."""


def read_limits(*layers: WrittenLimits) -> Limits:
    """Return the limits that the layers set, of which the last wins; else the default ones.

    >>> read_limits({"lock_timeout": WrittenLimit("1s", "pyproject.toml")}).lock_timeout_ms
    1000

    :raises ConfigError: A value that is no duration with a unit, or no count.
    """
    found: dict[str, Any] = {}
    for layer in layers:
        for limit in LIMITS:
            if limit.name in layer:
                written = layer[limit.name]
                found[limit.field] = _parse(limit, written.value, where=written.where)
    return replace(Limits(), **found)


def written_limits(values: Mapping[str, object], *, where: str) -> WrittenLimits:
    """Return values that were all written in one place."""
    return {name: WrittenLimit(value, where) for name, value in values.items()}


def environment_limits(environ: Mapping[str, str], *, prefix: str) -> WrittenLimits:
    """Return the limits that variables such as SHOP_LOCK_TIMEOUT set; a blank one is unset.

    :param prefix: "SHOP_"; with an empty one no variable is read.
    """
    variables = {one.name: f"{prefix}{one.name.upper()}" for one in LIMITS if prefix}
    return {
        name: WrittenLimit(environ[variable].strip(), f"environment variable {variable}")
        for name, variable in variables.items()
        if environ.get(variable, "").strip()
    }


def _parse(limit: LimitKey, value: object, *, where: str) -> int:
    if limit.is_count:
        return _parse_count(limit, value, where=where)
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    milliseconds = int(found[1]) * _UNIT_MS[found[2]] if found else -1
    if not 0 <= milliseconds <= _LONGEST_MS:
        raise ConfigError(
            f"{limit.name} is not a duration: {value!r}",
            where=where,
            todo="write a number with a unit, 24 days at most: 500ms, 5s, 1min",
        )
    return milliseconds


def _parse_count(limit: LimitKey, value: object, *, where: str) -> int:
    text = str(value).strip()
    is_number = not isinstance(value, bool) and text.isascii() and text.isdecimal()
    if not is_number or int(text) > _MOST_RETRIES:
        raise ConfigError(
            f"{limit.name} is not a number from 0 to {_MOST_RETRIES}: {value!r}",
            where=where,
            todo="write it without a unit: 30",
        )
    return int(text)
