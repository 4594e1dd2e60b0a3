"""The driver of an URL that names none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alembic_proof.errors import ConfigError
from alembic_proof.postgres._driver import (
    DRIVERS,
    first_installed,
    is_usable_driver,
    refuse_missing_driver,
)

_WITHOUT_ASYNCPG = """
import sys
from importlib.abc import MetaPathFinder

class Hidden(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "asyncpg":
            raise AssertionError("it is imported, not only looked for")
        return None

import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "asyncpg" else found(name, *more)
sys.meta_path.insert(0, Hidden())

from alembic_proof.postgres.url import DatabaseUrl
print(DatabaseUrl.parse("postgresql://db/boards").driver)
print(DatabaseUrl.parse("postgresql+asyncpg://db/boards").driver)
"""


@pytest.mark.parametrize(
    ("drivers", "chosen"),
    [
        pytest.param(DRIVERS, "asyncpg", id="ours"),
        pytest.param(("no_such_driver", "psycopg", "asyncpg"), "psycopg", id="the first"),
        pytest.param(("no_such_driver", "no_such_either"), "no_such_driver", id="none"),
    ],
)
def test_the_first_installed_driver_is_chosen(drivers: tuple[str, ...], chosen: str) -> None:
    """What is not installed is passed over; where nothing is, the first is what will be missed."""
    assert first_installed(drivers) == chosen


def test_a_project_without_asyncpg_is_served_by_the_driver_that_it_has() -> None:
    """An URL without a driver gets an installed one; one with a driver keeps it."""
    run = subprocess.run(
        [sys.executable, "-c", _WITHOUT_ASYNCPG], check=True, capture_output=True, text=True
    )

    assert run.stdout.split() == ["psycopg", "asyncpg"]


@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("psycopg2", "the driver psycopg2 is not installed"),
        ("nothing", "the driver nothing is not known to this SQLAlchemy"),
    ],
)
def test_a_driver_that_cannot_be_used_is_one_clear_error(driver: str, said: str) -> None:
    """Instead of a traceback out of SQLAlchemy."""
    with pytest.raises(ConfigError, match=said) as caught:
        refuse_missing_driver(driver)

    assert not is_usable_driver(driver)
    assert "install one of asyncpg, psycopg, psycopg2" in caught.value.todo


def test_an_installed_driver_can_be_used() -> None:
    """Nothing is said of it."""
    refuse_missing_driver("asyncpg")

    assert is_usable_driver("psycopg")
