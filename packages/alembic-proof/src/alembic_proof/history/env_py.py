"""Run a project's env.py, and read what it configures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import MetaData
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from alembic_deploy.error_location import location_in, project_location
from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.process_exit import ExitError, passed_interruptions, refused_exits
from alembic_deploy.python_errors import describe, project_error
from alembic_deploy.revisions import directories, ensure_revisions
from alembic_deploy.url import DatabaseUrl, is_usable_driver
from alembic_proof.finding import shown_path
from alembic_proof.history.alembic_config import ENV_DRIVERS
from alembic_proof.history.project_environment import closing_pools
from alembic_proof.history.revisions import find_history
from alembic_proof.supervised import note_running

_DATABASE = "SELECT current_database()"
_GIVE_URL = (
    "name the place in pyproject.toml: url_env in [tool.alembic-deploy], url_x_arg or url_ini_key in "
    "[tool.alembic-proof]; if env.py composes it from host, port, user and database, url_parts_env or "
    "url_parts_ini"
)
_URL_ERRORS = (KeyError, ArgumentError, NoSuchModuleError, OperationalError, OSError)
"""Errors of an env.py without a URL, with a wrong one, or with one of a server that is down.

An OSError about a file has a file name; one about a socket has none.
"""


IncludeObject = Callable[[Any, str | None, str, bool, Any], bool]
"""Alembic's hook: the object, its name, its type, whether it is reflected, its counterpart."""
IncludeName = Callable[[str | None, str, Mapping[str, str | None]], bool]
"""Alembic's hook: a name in the database, its type, the names of its parents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """The filters that env.py gives to autogenerate; None for one that it does not give."""

    include_object: IncludeObject | None = None
    include_name: IncludeName | None = None
    include_schemas: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What env.py configures: the models' metadata, its filters, and the version table."""

    metadatas: tuple[MetaData, ...]
    """The target_metadata; empty if env.py has no models."""
    version_table: str
    version_schema: str | None
    filters: Filters
    place: str
    """The path of env.py."""

    @property
    def models(self) -> tuple[MetaData, ...]:
        """Return the metadata, at least one.

        :raises HistoryError: env.py configures no target_metadata.
        """
        if not self.metadatas:
            raise HistoryError(
                "env.py configures no target_metadata",
                where=self.place,
                todo="give run_env (or context.configure) the models' MetaData, one or a list",
            )
        return self.metadatas


def read_environment(config: Config) -> Environment:
    """Run env.py without migrating anything, and return what it configures.

    :raises HistoryError: A history that cannot be loaded, an env.py that cannot run, or one that
        connects to another database than `config.attributes["url"]`: a proof would migrate the
        developer's database.
    """
    script, context = _run_reading(config)
    place = f"{script.dir}/env.py"
    return Environment(
        metadatas=_metadatas(context.opts.get("target_metadata")),
        version_table=context.version_table,
        version_schema=context.version_table_schema,
        filters=Filters(
            include_object=context.opts.get("include_object"),
            include_name=context.opts.get("include_name"),
            include_schemas=bool(context.opts.get("include_schemas")),
        ),
        place=place,
    )


def load_in_env(config: Config) -> ScriptDirectory:
    """Load the revisions as Alembic's own commands do: while env.py runs, which may extend sys.path.

    :raises HistoryError: As `read_environment`.
    """
    script, _ = _run_reading(config)
    return script


def _run_reading(config: Config) -> tuple[ScriptDirectory, MigrationContext]:
    """Run env.py with a function that loads the revisions and migrates nothing.

    Return the script directory and the context that env.py has configured.
    """
    seen: list[tuple[MigrationContext, str]] = []
    failures: list[HistoryError] = []

    def observe(_heads: Any, context: MigrationContext) -> tuple[()]:
        try:
            ensure_revisions(script)
        except HistoryError as error:
            failures.append(error)  # env.py may catch or wrap it
            raise
        seen.append((context, _database_of(context)))
        return ()

    try:
        with explained_failures(config):
            script = find_history(config)
            run_env_py(EnvironmentContext(config, script, fn=observe, dont_mutate=True))
    except HistoryError as error:
        raise failures[0] if failures else error  # noqa: B904  it is the same error or its cause
    if failures:
        raise failures[0]
    place = f"{script.dir}/env.py"
    if not seen:
        raise no_migrations(place)
    context, database = seen[-1]
    _refuse_another(database, config=config, place=place)
    return script, context


def run_stamp(config: Config, revision: str) -> None:
    """Stamp the configuration's database with a revision, as `alembic stamp` does.

    :raises HistoryError: There is no such revision, or env.py cannot run.
    """
    with explained_failures(config):
        command.stamp(config, revision)


def run_env_py(environment: EnvironmentContext) -> None:
    """Run the project's env.py in this environment.

    :raises HistoryError: There is no env.py, or it migrates several databases.
    """
    refuse_missing_env(environment.script)
    refuse_several_databases(environment.config, environment.script)
    note_running(f"{shown_path(environment.script.dir)}/env.py")
    with environment:
        environment.script.run_env()


def refuse_missing_env(script: ScriptDirectory) -> None:
    """Raise HistoryError if there is no env.py.

    A compiled env.pyc in its directory counts as well; one in `__pycache__`, which Alembic would run,
    does not.
    """
    place = Path(script.dir, "env.py")
    if not place.is_file() and not place.with_suffix(".pyc").is_file():
        raise no_migrations(str(place))


def refuse_several_databases(config: Config, script: ScriptDirectory) -> None:
    """Raise HistoryError for an env.py of Alembic's template `multidb`, which has several URLs."""
    try:
        names = (config.get_main_option("databases") or "").replace(",", " ").split()
        text = Path(script.env_py_location).read_text(encoding="utf-8", errors="replace")
    except (CommandError, OSError):
        return
    if len(names) > 1 and "databases" in text:
        raise several_databases(script, names)


def several_databases(script: ScriptDirectory, names: Sequence[str] = ()) -> HistoryError:
    """Return the error for an env.py that runs the migrations more than once.

    :param names: The databases, if they are known.
    """
    what = "env.py runs the migrations more than once, on several databases or on the same one"
    if names:
        what = f"env.py migrates several databases: {', '.join(names)}"
    return HistoryError(
        what,
        where=f"{script.dir}/env.py",
        todo="give the proof a configuration whose env.py runs them once, on one database",
    )


@contextmanager
def explained_failures(config: Config) -> Iterator[None]:
    """Turn any exception of env.py into one HistoryError with the file and line of the fault.

    env.py is the project's own code and imports the project, so it may raise anything. An exception
    that follows from an interruption, such as one about a closed connection, is raised as the
    interruption. The working directory is restored afterwards, and connections in the pools of
    env.py's engines are closed, as they are at the end of a process.
    """
    try:
        with chdir("."), closing_pools(), passed_interruptions(), refused_exits():
            yield
    except ExitError as error:
        script = ScriptDirectory.from_config(config)
        place = project_location(error, [Path(script.dir).absolute(), *directories(script)])
        place = place or f"{script.dir}/env.py"
        who = Path(place.rpartition(":")[0]).name
        raise ExitError(error.call, who=who, where=place) from error
    except DeployError:
        raise
    except CommandError as error:
        raise HistoryError(_without_database(str(error))) from error
    except Exception as error:
        script = ScriptDirectory.from_config(config)
        if not Path(script.dir, "env.py").is_file():
            raise no_migrations(f"{script.dir}/env.py") from error
        if isinstance(error, OSError) and _is_among(error.filename, directories(script)):
            raise HistoryError(
                f"the revision cannot be written: {error.strerror}",
                where=str(error.filename),
                todo="give this user write access to the directory",
            ) from error
        raise _explained(error, script) from error


def _without_database(message: str) -> str:
    """Return run_env's message without the line on the database's state: a scratch one is dropped."""
    return "\n".join(one for one in message.splitlines() if not one.startswith("  now: "))


def _explained(error: Exception, script: ScriptDirectory) -> HistoryError:
    """Return the error with the file and the line of the fault, in env.py or in the project."""
    places = directories(script)
    reported: BaseException = getattr(error, "orig", None) or error
    place = (
        project_location(error, [Path(script.dir).absolute(), *places]) or f"{script.dir}/env.py"
    )
    through = location_in(error, places)
    if through and Path(through.rpartition(":")[0]).name != "env.py":
        return HistoryError(
            f"the history cannot be applied: {describe(reported)}",
            where=place,
            todo="`alembic-proof roundtrip` reports each revision that fails",
        )
    return project_error(reported, place=place, todo=_remedy(error))


def _is_among(file: object, places: Sequence[Path]) -> bool:
    return isinstance(file, str) and Path(file).parent in places


def _remedy(error: Exception) -> str:
    """Return what most likely helps an env.py that cannot run; empty if its line is enough."""
    if "application context" in str(error):
        return 'name the application: flask_app = "package:create_app" in [tool.alembic-proof]'
    if "async driver" in str(error):
        return (
            'name the driver that it uses: driver = "asyncpg" in [tool.alembic-proof], or another'
        )
    if type(error).__name__ == "MissingGreenlet":
        return (
            "env.py connects synchronously, but its URL names an asynchronous driver: set another one "
            'with driver = "psycopg" (or psycopg2, pg8000) in [tool.alembic-proof]'
        )
    if isinstance(error, ModuleNotFoundError) and error.name in ENV_DRIVERS:
        installed = next(filter(is_usable_driver, ENV_DRIVERS), ENV_DRIVERS[0])
        return (
            f"install {error.name}, or name the driver that the project has: "
            f'driver = "{installed}" in [tool.alembic-proof]'
        )
    is_of_a_file = isinstance(error, OSError) and error.filename is not None
    if (
        isinstance(error, _URL_ERRORS) and not is_of_a_file
    ) or "option values must be strings" in str(error):
        return f"correct that line, or install what it imports; if it looks for a URL there, {_GIVE_URL}"
    return ""


def no_migrations(place: str) -> HistoryError:
    """Return the error for an env.py, at that path, that is missing or has not called Alembic."""
    if not Path(place).is_file():
        return HistoryError("there is no env.py", where=place, todo="restore it from your history")
    todo = "let it call context.run_migrations(), or run_env() of alembic_deploy.env"
    return HistoryError("env.py runs no migrations", where=place, todo=todo)


def refuse_another_database(context: MigrationContext, *, config: Config, place: str) -> None:
    """Raise HistoryError unless env.py has connected to the database `config.attributes["url"]`."""
    _refuse_another(_database_of(context), config=config, place=place)


def _database_of(context: MigrationContext) -> str:
    """Return the name of the connection's database, without leaving a transaction open."""
    connection = context.connection
    if connection is None:
        return "no database"
    if context.dialect.name != "postgresql":
        return f"a database of {context.dialect.name}"
    if connection.in_transaction():
        return str(connection.exec_driver_sql(_DATABASE).scalar_one())
    with connection.begin():
        return str(connection.exec_driver_sql(_DATABASE).scalar_one())


def _refuse_another(database: str, *, config: Config, place: str) -> None:
    url = config.attributes.get("url")
    if url is not None and DatabaseUrl.parse(url).database != database:
        raise HistoryError(
            f"env.py connects to {database} instead of the database that it is given",
            where=place,
            todo=f"if it reads the URL elsewhere, {_GIVE_URL}; or let it connect to "
            'config.attributes["url"] when that is set',
        )


def _metadatas(target: object) -> tuple[MetaData, ...]:
    """Return each metadata once; other objects are left out."""
    several = target if isinstance(target, Sequence) else (target,)
    return tuple(dict.fromkeys(one for one in several if isinstance(one, MetaData)))
