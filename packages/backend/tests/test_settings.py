"""The environment becomes frozen settings, or one clear error that contains no secret."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from alembic_deploy.errors import ConfigError
from boards.settings import Settings, read_settings

SECRET = "hunter2"
URL = f"postgresql://boards:{SECRET}@db.example:5432/boards"


def test_nothing_set() -> None:
    """An empty environment gives no database and five seconds for a lock."""
    assert read_settings({}) == Settings(database_url=None, app_database_url=None)


def test_everything_set() -> None:
    """Each variable reaches its own field, without the white space around it."""
    environ = {
        "BOARDS_DATABASE_URL": f" {URL}\n",
        "BOARDS_APP_DATABASE_URL": f"{URL}_app",
    }

    settings = read_settings(environ)

    assert settings.database_url == URL
    assert settings.app_database_url == f"{URL}_app"


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_blank_is_unset(blank: str) -> None:
    """A blank variable counts as unset, as container files like to write it."""
    names = ("BOARDS_DATABASE_URL", "BOARDS_APP_DATABASE_URL")

    assert read_settings(dict.fromkeys(names, blank)) == Settings()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_schemes(scheme: str) -> None:
    """Every scheme that operators write for PostgreSQL passes."""
    url = f"{scheme}://boards@/boards?host=/run/postgresql"

    assert read_settings({"BOARDS_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize("name", ["BOARDS_DATABASE_URL", "BOARDS_APP_DATABASE_URL"])
@pytest.mark.parametrize("url", [f"mysql://u:{SECRET}@h/d", SECRET, "postgresql:/half", "://"])
def test_another_url(name: str, url: str) -> None:
    """An URL of something else is refused by the variable's name; its text is not repeated."""
    with pytest.raises(ConfigError, match=name) as caught:
        read_settings({name: url})

    assert SECRET not in str(caught.value)
    assert "postgresql://" in caught.value.todo


def test_repr_is_silent() -> None:
    """The settings' repr holds neither URL, and they cannot be changed."""
    settings = Settings(database_url=URL, app_database_url=URL)

    assert "boards" not in repr(settings)
    with pytest.raises(FrozenInstanceError):
        settings.database_url = None  # type: ignore[misc]
