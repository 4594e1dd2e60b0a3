"""The names of revision files, as the project's `file_template` makes them.

Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

_TOKEN = re.compile(r"%\((?P<name>\w+)\)(?P<flags>[^a-zA-Z%]*)[sd]|%%")
_DATE = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class FileTemplate:
    """Alembic's `file_template`, such as `%(year)d_%(month).2d_%(day).2d_%(rev)s_%(slug)s`."""

    text: str

    @property
    def has_date(self) -> bool:
        """Return whether a name says when the revision was made."""
        return not self._tokens().isdisjoint((*_DATE, "epoch"))

    def later_stamps(
        self, names: Iterable[str], *, now: datetime, number: int
    ) -> tuple[datetime, ...]:
        """Return as many stamps as asked, each later than those of the names and the one before.

        Names that show no minutes cannot be later than others of the same day: all get `now`.

        :param names: relative to the directory of revisions, without `.py`.
        """
        tokens = self._tokens()
        if tokens.isdisjoint(("minute", "second", "epoch")):
            return (now,) * number
        is_exact = not tokens.isdisjoint(("second", "epoch"))
        step = timedelta(seconds=1) if is_exact else timedelta(minutes=1)
        now = now.replace(microsecond=0) if is_exact else now.replace(second=0, microsecond=0)
        stamps = (self._stamp_of(name, now.tzinfo) for name in names)
        first = max([now, *(stamp + step for stamp in stamps if stamp is not None)])
        return tuple(first + step * index for index in range(number))

    def with_stamp(self, name: str, *, revision_id: str, stamp: datetime) -> str:
        """Return the name with another date; as it is, where it does not follow the template."""
        found = re.fullmatch(self._pattern(revision_id), name, re.DOTALL) if self.has_date else None
        if found is None:
            return name
        values: dict[str, object] = {one: getattr(stamp, one) for one in _DATE}
        values |= {"epoch": int(stamp.timestamp()), "rev": revision_id}
        values |= {"slug": found.groupdict().get("slug") or ""}
        return self.text % values

    def _stamp_of(self, name: str, timezone: tzinfo | None) -> datetime | None:
        found = re.fullmatch(self._pattern(None), name, re.DOTALL)
        if found is None:
            return None
        values = {key: int(text) for key, text in found.groupdict().items() if key != "slug"}
        try:
            if "epoch" in values:
                return datetime.fromtimestamp(values["epoch"], timezone)
            parts = [values.get(one, 1 if one in ("month", "day") else 0) for one in _DATE]
            year, month, day, hour, minute, second = parts
            return datetime(year, month, day, hour, minute, second, tzinfo=timezone)
        except (ValueError, OverflowError, OSError):
            return None

    def _tokens(self) -> frozenset[str]:
        return frozenset(found["name"] for found in _TOKEN.finditer(self.text) if found["name"])

    def _pattern(self, revision_id: str | None) -> str:
        return "".join(self._parts(revision_id))

    def _parts(self, revision_id: str | None) -> Iterator[str]:
        """Yield the template's parts as regular expressions; each value is a group once."""
        end, seen = 0, set()
        for found in _TOKEN.finditer(self.text):
            yield re.escape(self.text[end : found.start()])
            end, name = found.end(), found["name"]
            if name is None:
                yield "%"
            elif name == "rev":
                yield re.escape(revision_id) if revision_id is not None else "[^/]+?"
            elif name in seen:
                yield f"(?P={name})"
            else:
                seen.add(name)
                yield f"(?P<{name}>{_value_pattern(name, found['flags'])})"
        yield re.escape(self.text[end:])


def _value_pattern(name: str, flags: str) -> str:
    match name:
        case "slug":
            return "[^/]*"
        case "year":
            return r"\d{4}"
        case "epoch":
            return r"\d+"
        case _:
            return r"\d{2}" if "2" in flags else r"\d{1,2}"
