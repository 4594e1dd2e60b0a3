"""Which driver serves an URL that names none."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec

from alembic_proof.errors import ConfigError

DRIVERS = ("asyncpg", "psycopg", "psycopg2")
"""What an URL may name, and the order in which they are looked for."""


@cache
def default_driver() -> str:
    """The first of DRIVERS that is installed: a project brings the one that it works with."""
    return first_installed(name for name in DRIVERS if _is_known(name))


def first_installed(drivers: Iterable[str]) -> str:
    """The first module that can be imported; the first of all where none can."""
    names = tuple(drivers)
    return next((name for name in names if find_spec(name) is not None), names[0])


def is_usable_driver(name: str) -> bool:
    """Whether the driver is installed and this SQLAlchemy knows it: 1.4 does not know psycopg."""
    return _is_known(name) and find_spec(name) is not None


def refuse_missing_driver(name: str) -> None:
    """Ensures that the driver can be used.

    Raises:
        ConfigError: it is not installed, or SQLAlchemy does not know it.
    """
    if not is_usable_driver(name):
        why = "is not installed" if _is_known(name) else "is not known to this SQLAlchemy"
        raise ConfigError(
            f"the driver {name} {why}",
            todo=f"install one of {', '.join(DRIVERS)}, or name another one in the URL",
        )


def _is_known(name: str) -> bool:
    return find_spec(f"sqlalchemy.dialects.postgresql.{name}") is not None
