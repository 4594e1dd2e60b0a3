"""The steps of a proof and how long each took."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a proof did, and what its parts took where it has parts."""

    name: str
    elapsed_s: float
    parts: tuple[tuple[str, float], ...] = ()
    """(what, seconds); empty where the whole is all there is to say."""
    path: str = ""
    """The revision's file, where the step is a revision."""


Tell = Callable[[Step], None]
"""Is called after each step, so that a long proof shows where it is."""


@contextmanager
def timed(name: str, *, tell: Tell) -> Iterator[None]:
    """Tell of the step when it is done; of one that fails nothing is told."""
    start = perf_counter()
    yield
    tell(Step(name, perf_counter() - start))
