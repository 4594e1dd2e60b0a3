"""A Flask application that is configured with a scratch database, for Flask-Migrate's env.py."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from alembic_proof.errors import ConfigError
from alembic_proof.history.attribute import load_attribute
from alembic_proof.history.fault import describe, place_in
from alembic_proof.history.project import FlaskApp

_KEY = "SQLALCHEMY_DATABASE_URI"


@contextmanager
def flask_context(app: FlaskApp, *, url: str) -> Iterator[None]:
    """Ensures that the app's context is pushed and that its database is `url`.

    Whatever the project's own settings say: Flask-SQLAlchemy makes its engines while the app is
    made, so the URL is there from the beginning.

    Raises:
        ConfigError: Flask or the app is missing, or the app cannot be made.
    """
    flask = _flask(app)
    before = flask.Flask.config_class
    flask.Flask.config_class = _config_class(before, url)
    try:
        made = _make(app)
    finally:
        flask.Flask.config_class = before
    with made.app_context():
        yield


def _flask(app: FlaskApp) -> Any:
    try:
        return import_module("flask")
    except ImportError as error:
        raise ConfigError(
            "flask_app is set, and Flask is not installed",
            where=str(app.directory / "pyproject.toml"),
            todo="install the project's packages in this environment, or take flask_app out",
        ) from error


def _config_class(base: Any, url: str) -> Any:
    """The app's own class of configuration, in which the database's URL is not to be changed.

    Source: https://flask.palletsprojects.com/en/stable/api/#flask.Flask.config_class
    """

    class ScratchConfig(base):  # type: ignore[misc]  # a class that is known at run time only
        def __getitem__(self, key: str) -> Any:
            return url if key == _KEY else super().__getitem__(key)

        def get(self, key: str, default: Any = None) -> Any:
            return url if key == _KEY else super().get(key, default)

        def setdefault(self, key: str, default: Any = None) -> Any:
            return url if key == _KEY else super().setdefault(key, default)

    return ScratchConfig


def _make(app: FlaskApp) -> Any:
    """The application: the attribute, or what it returns when it is called.

    Raises:
        ConfigError: it cannot be imported or made, or is none.
    """
    found = load_attribute(app.name, key="flask_app", directory=app.directory)
    try:
        made = found if hasattr(found, "app_context") else found()
    except Exception as error:
        raise ConfigError(
            f"flask_app = {app.name!r} cannot be made: {describe(error)}",
            where=place_in(error, [app.directory]) or str(app.directory / "pyproject.toml"),
            todo="name an application, or a function without arguments that makes one",
        ) from error
    if not hasattr(made, "app_context"):
        raise ConfigError(
            f"flask_app = {app.name!r} is no Flask application",
            where=str(app.directory / "pyproject.toml"),
            todo="name an application, or a function without arguments that makes one",
        )
    return made
