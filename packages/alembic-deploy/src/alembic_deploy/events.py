"""What happens while a command runs, as records: printed as text, or as one JSON object per line."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ClassVar, Protocol

from alembic_deploy.blockers import Blocker


class Event(Protocol):
    """Something that happened."""

    name: ClassVar[str]

    def lines(self) -> tuple[str, ...]:
        """Return the lines for a reader."""
        ...


_SHOWN_WAIT_MS = 100

Observe = Callable[[Event], None]
"""Is called with each event of a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of text; `name` is the event's in JSON."""

    name: ClassVar[str] = "note"
    text: str

    def lines(self) -> tuple[str, ...]:
        """Return the text."""
        return (self.text,)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionApplied:
    """A revision that is committed, up or down."""

    name: ClassVar[str] = "revision"
    direction: str
    revision: str
    title: str
    attempt: int
    """From 1."""
    waited_ms: int
    """From the start of the first attempt until the one that succeeded had a lock."""
    held_ms: int
    """From then to its end, waits for further locks included: no lock was held for longer.

    0 for a revision that has no locks but of its version.
    """
    took_ms: int
    """How long that attempt took."""

    def lines(self) -> tuple[str, ...]:
        """Return one line; it names the attempt if it is not the first one."""
        waited = (
            f", waited {self.waited_ms / 1000:.1f} s" if self.waited_ms >= _SHOWN_WAIT_MS else ""
        )
        tries = f", attempt {self.attempt}" if self.attempt > 1 else ""
        time = f"{(self.held_ms or self.took_ms) / 1000:.3f} s"
        return (f"  {self.direction}  {self.revision}  {self.title}  {time}{waited}{tries}",)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed:
    """An attempt to run a revision that failed.

    If it did not get a lock, it was rolled back, and the revision is tried again; else it is the last
    one, and the command's error follows.
    """

    name: ClassVar[str] = "attempt-failed"
    direction: str
    revision: str
    attempt: int
    error: str
    """The server's message and SQLSTATE; the exception's class if it is not the server's."""
    sqlstate: str
    """Empty if it is not the server's."""
    took_ms: int
    """How long the attempt took."""
    pause_ms: int | None
    """The pause before the next attempt; None after the last one."""
    blockers: tuple[Blocker, ...]
    """The sessions that held the lock; empty where they could not be seen."""

    def lines(self) -> tuple[str, ...]:
        """Return what failed, and a line for each session that holds the lock.

        After the last attempt there is none: the command's error says all of it.
        """
        if self.pause_ms is None:
            return ()
        first = (
            f"  {self.direction} of {self.revision}, attempt {self.attempt}: {self.error}; rolled back, "
            f"next attempt in {self.pause_ms / 1000:.1f} s"
        )
        return (first, *(f"    lock held by {one}" for one in self.blockers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The command's end without an error."""

    name: ClassVar[str] = "finished"
    before: str
    after: str
    database: str
    longest_held_ms: int
    resumed_backfills: int = 0
    """How many backfills the command has finished that an earlier one left unfinished."""
    unfinished_backfills: tuple[str, ...] = ()
    """What is left to the command `backfill`, in words."""

    def lines(self) -> tuple[str, ...]:
        """Return from which revision to which the command went, and which backfills are left."""
        left = tuple(f"{one}; now run the command `backfill`" for one in self.unfinished_backfills)
        if self.before == self.after:
            already = f"{self.database} is already at {self.after}"
            return (already if self.resumed_backfills else f"nothing to do: {already}", *left)
        line = f"{self.before} -> {self.after} on {self.database}"
        if not self.longest_held_ms:
            return (line, *left)
        held = f"longest time that locks were held: {self.longest_held_ms / 1000:.3f} s"
        return (held, line, *left)


def json_line(event: Event) -> str:
    """Return the event as one JSON object."""
    return json.dumps({"event": event.name, **asdict(event)}, default=str)  # type: ignore[call-overload]
