"""Which driver serves an URL that names none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec

DRIVERS = ("asyncpg", "psycopg", "psycopg2")
"""What an URL may name, and the order in which they are looked for."""


@cache
def default_driver() -> str:
    """The first of DRIVERS that is installed: a project brings the one that it works with."""
    return first_installed(DRIVERS)


def first_installed(drivers: Iterable[str]) -> str:
    """The first module that can be imported; the first of all where none can."""
    names = tuple(drivers)
    return next((name for name in names if find_spec(name) is not None), names[0])
