"""Run a project's own code: its environment variables, its Flask application, its functions."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import NullPool, QueuePool

from alembic_deploy.error_location import location_in
from alembic_deploy.errors import ConfigError
from alembic_deploy.python_errors import describe
from alembic_proof.config import Settings
from alembic_proof.history.alembic_config import alembic_config, url_for_env, url_parts
from alembic_proof.history.project import Project

_URI_KEY = "SQLALCHEMY_DATABASE_URI"


@contextmanager
def project_environment(project: Project, *, url: str) -> Iterator[None]:
    """Set the environment variables to `url` or its parts, and enter the Flask app's context.

    Enter this before the history is loaded: a revision may import the project, which may read its
    settings when it is imported.

    :raises ConfigError: An application that cannot be created.
    """
    settings = project.settings
    given = url_for_env(project, alembic_config(project), url=url)
    with ExitStack() as stack:
        if settings.url_env is not None:
            stack.enter_context(_variable(settings.url_env, given))
        parts = url_parts(url)
        for part, variable in settings.url_parts_env:
            stack.enter_context(_variable(variable, parts[part]))
        if settings.flask_app is not None:
            stack.enter_context(_flask_context(settings.flask_app, settings, url=given))
        yield


@contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


@contextmanager
def _flask_context(name: str, settings: Settings, *, url: str) -> Iterator[None]:
    """Push the context of the Flask application, configured with the database `url`.

    Flask-SQLAlchemy makes its engines while the application is created. So the URL is configured
    before that, and the project's own settings cannot change it.

    :raises ConfigError: Flask or the application is missing, or cannot be created.
    """
    flask = _import_flask(settings)
    before = flask.Flask.config_class
    flask.Flask.config_class = _config_class(before, url)
    try:
        app = _create_app(name, settings)
    finally:
        flask.Flask.config_class = before
    with app.app_context():
        yield


def _import_flask(settings: Settings) -> Any:
    try:
        return import_module("flask")
    except ImportError as error:
        raise ConfigError(
            "flask_app is set, but Flask is not installed",
            where=str(settings.file),
            todo="install the project's packages in this environment, or remove flask_app",
        ) from error


def _config_class(base: Any, url: str) -> Any:
    """Return a class of the app's configuration in which the database's URL cannot be changed.

    Source: https://flask.palletsprojects.com/en/stable/api/#flask.Flask.config_class
    """

    class ScratchConfig(base):  # type: ignore[misc]  # a class that is known at run time only
        def __getitem__(self, key: str) -> Any:
            return url if key == _URI_KEY else super().__getitem__(key)

        def get(self, key: str, default: Any = None) -> Any:
            return url if key == _URI_KEY else super().get(key, default)

        def setdefault(self, key: str, default: Any = None) -> Any:
            return url if key == _URI_KEY else super().setdefault(key, default)

    return ScratchConfig


def _create_app(name: str, settings: Settings) -> Any:
    """Return the application: the named attribute, or what it returns when it is called."""
    found = load_attribute(name, key="flask_app", settings=settings)
    todo = "name an application, or a function without arguments that creates one"
    try:
        app = found if hasattr(found, "app_context") else found()
    except Exception as error:
        raise ConfigError(
            f"flask_app = {name!r} cannot be created: {describe(error)}",
            where=location_in(error, [settings.directory]) or str(settings.file),
            todo=todo,
        ) from error
    if not hasattr(app, "app_context"):
        what = f"flask_app = {name!r} is no Flask application"
        raise ConfigError(what, where=str(settings.file), todo=todo)
    return app


def supplied_rows(settings: Settings) -> Mapping[str, Iterable[Mapping[str, object]]]:
    """Return the rows that the project supplies: table -> rows, each column -> value.

    :raises ConfigError: The function of the setting `rows` cannot be loaded, fails, or returns
        something else.
    """
    name = settings.rows
    if name is None:
        return {}
    function = load_attribute(name, key="rows", settings=settings)
    try:
        rows: Any = function()
    except Exception as error:
        raise ConfigError(
            f"rows = {name!r} fails: {describe(error)}",
            where=location_in(error, [settings.directory]) or str(settings.file),
            todo="name a function that is called without arguments and returns {table: [rows]}",
        ) from error
    if not _is_rows(rows):
        raise ConfigError(
            f"rows = {name!r} returns no rows of tables",
            where=str(settings.file),
            todo='return {"users": [{"name": "Ada"}]}',
        )
    return {table: tuple(each) for table, each in rows.items()}


def _is_rows(rows: Any) -> bool:
    return isinstance(rows, Mapping) and all(
        isinstance(table, str)
        and isinstance(each, (list, tuple))
        and all(isinstance(row, Mapping) for row in each)
        for table, each in rows.items()
    )


def load_attribute(name: str, *, key: str, settings: Settings) -> Any:
    """Return the attribute that `package.module:attribute` names.

    The directory of the settings comes first on `sys.path`.

    :param key: The setting, for messages.
    :raises ConfigError: It cannot be imported, or the module has no such attribute.
    """
    directory: Path = settings.directory
    module_name, colon, attribute = name.partition(":")
    if not colon or not module_name or not attribute:
        raise ConfigError(
            f"{key} = {name!r} names no attribute",
            where=str(settings.file),
            todo=f'write {key} = "package.module:attribute"',
        )
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    try:
        found: Any = import_module(module_name)
        for part in attribute.removesuffix("()").split("."):
            found = getattr(found, part)
    except Exception as error:
        place = location_in(error, [directory])
        raise ConfigError(
            f"{key} = {name!r} cannot be loaded: {describe(error)}",
            where=str(settings.file) if not place or place.startswith(__file__) else place,
            todo=f"correct {key}, or the module that it names",
        ) from error
    return found


@contextmanager
def closing_pools() -> Iterator[Callable[[], None]]:
    """Yield a function that closes the pooled connections of all engines that connected since then.

    It is called at the end as well. A closed engine connects again when it is used.
    """
    connected: WeakSet[Engine] = WeakSet()

    def note(connection: Any, *_: Any) -> None:
        connected.add(connection.engine)

    def close() -> None:
        is_keeping = False
        for engine in connected:
            if getattr(engine.dialect, "is_async", False):
                is_keeping |= _abandon_pool(engine)
            else:
                engine.dispose()
        connected.clear()
        if is_keeping:
            _collect_connections()

    event.listen(Engine, "engine_connect", note)
    try:
        yield close
    finally:
        close()
        event.remove(Engine, "engine_connect", note)


def _abandon_pool(engine: Engine) -> bool:
    """Give the engine an empty pool; return whether the old one has connections.

    They can be closed in their own event loop only, which has ended: asyncio.run() makes one each
    time, and in another loop such a connection raises "attached to a different loop". So they are
    closed when they are collected.
    """
    pool, engine.pool = engine.pool, engine.pool.recreate()
    if isinstance(pool, NullPool):
        return False
    return not isinstance(pool, QueuePool) or pool.checkedin() + pool.checkedout() > 0


def _collect_connections() -> None:
    """Collect connections that nothing uses any more, which closes them.

    The remaining objects are frozen, so that the collector need not read them again: that takes a
    second where env.py has imported a large application.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.freeze()
