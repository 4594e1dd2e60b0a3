"""What an env.py hands to Alembic, observed while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import MetaData
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError

from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.chain import find_history
from alembic_proof.history.exits import ExitError, passed_interruptions, refused_exits
from alembic_proof.history.fault import describe, fault_error, fault_place, place_in
from alembic_proof.history.given_url import DRIVERS_OF_ENV
from alembic_proof.history.load import directories, ensure_revisions
from alembic_proof.postgres.connect import engines_noted, is_usable_driver
from alembic_proof.postgres.url import DatabaseUrl

_DATABASE = "SELECT current_database()"
_GIVE_URL = (
    "say so in [tool.alembic-proof]: url_env, url_x_arg or url_ini_key; "
    "where it is put together from host, port, user and database, url_parts_env or url_parts_ini"
)
_OF_AN_URL = (KeyError, ArgumentError, NoSuchModuleError, OperationalError, OSError)
"""What an env.py raises that has no URL, a wrong one, or one of a server that is not there.

An OSError about a file has its name; a socket's has none.
"""


IncludeObject = Callable[[Any, str | None, str, bool, Any], bool]
"""Alembic's: the object, its name, its type, whether the database has it, its counterpart."""
IncludeName = Callable[[str | None, str, Mapping[str, str | None]], bool]
"""Alembic's: a name in the database, its type, the names of what it lies in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What env.py keeps autogenerate from looking at; None where it keeps nothing back."""

    include_object: IncludeObject | None = None
    include_name: IncludeName | None = None
    include_schemas: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The models' metadata, what of it counts, and where the version is kept."""

    metadatas: tuple[MetaData, ...]
    """As env.py hands them over; none where it has no models."""
    version_table: str
    version_schema: str | None
    filters: Filters
    place: str
    """The path of env.py."""

    @property
    def models(self) -> tuple[MetaData, ...]:
        """The metadata, at least one.

        Raises:
            HistoryError: env.py hands over none.
        """
        if not self.metadatas:
            raise HistoryError(
                "env.py hands over no target_metadata",
                where=self.place,
                todo="give run_env (or context.configure) the models' MetaData, one or a list",
            )
        return self.metadatas


def read_environment(config: Config) -> Environment:
    """What the project's env.py configures; it runs once for this and migrates nothing.

    It also ensures that env.py works on the database of `config.attributes["url"]`: one that goes
    its own way would have a proof migrate the developer's database.

    Raises:
        HistoryError: a history that cannot be loaded, an env.py that cannot run, or connects to
            another database.
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
    """Load the revisions as Alembic's own commands do: while env.py runs, which may set sys.path.

    :raises HistoryError: As `read_environment`.
    """
    script, _ = _run_reading(config)
    return script


def _run_reading(config: Config) -> tuple[ScriptDirectory, MigrationContext]:
    """Run env.py for a function that loads the revisions and migrates nothing.

    Return the script directory and what env.py has configured, on the database that it was given.
    """
    seen: list[tuple[MigrationContext, str]] = []
    failures: list[HistoryError] = []

    def look(_heads: Any, context: MigrationContext) -> tuple[()]:
        try:
            ensure_revisions(script)
        except HistoryError as error:
            failures.append(error)  # whatever env.py makes of it
            raise
        seen.append((context, _database_of(context)))
        return ()

    try:
        with explained_failures(config):
            script = find_history(config)
            run_env_py(EnvironmentContext(config, script, fn=look, dont_mutate=True))
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


def run_env_py(environment: EnvironmentContext) -> None:
    """Run the project's env.py in this environment.

    :raises HistoryError: there is none, or it migrates several databases.
    """
    refuse_missing_env(environment.script)
    refuse_several_databases(environment.config, environment.script)
    with environment:
        environment.script.run_env()


def refuse_missing_env(script: ScriptDirectory) -> None:
    """Ensures that there is an env.py: Alembic would run what Python has compiled of a deleted one.

    Raises:
        HistoryError: neither it is there, nor a compiled one in its place.
    """
    place = Path(script.dir, "env.py")
    if not place.is_file() and not place.with_suffix(".pyc").is_file():
        raise no_migrations(str(place))


def refuse_several_databases(config: Config, script: ScriptDirectory) -> None:
    """Ensures that env.py is none of Alembic's template `multidb`, which goes to URLs of its own.

    Raises:
        HistoryError: it is; names the databases.
    """
    try:
        names = (config.get_main_option("databases") or "").replace(",", " ").split()
        text = Path(script.env_py_location).read_text(encoding="utf-8", errors="replace")
    except (CommandError, OSError):
        return
    if len(names) > 1 and "databases" in text:
        raise several_databases(script, names)


def several_databases(script: ScriptDirectory, names: Sequence[str] = ()) -> HistoryError:
    """Return the error for an env.py that migrates more than once; names its databases where known."""
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
    """Ensures that whatever env.py raises leaves as one clear HistoryError.

    env.py is the project's own code and imports the project: anything may come out of it. What came
    out of an interruption, a connection that is closed already perhaps, leaves as the interruption.
    An env.py that changes the directory has done so for itself alone: paths may be relative to it.
    Connections that its engines keep in their pools end with its run, as they do with a process.
    """
    try:
        with chdir("."), engines_noted(), passed_interruptions(), refused_exits():
            yield
    except ExitError as error:
        script = ScriptDirectory.from_config(config)
        place = fault_place(error, [Path(script.dir).absolute(), *directories(script)])
        place = place or f"{script.dir}/env.py"
        who = Path(place.rpartition(":")[0]).name
        raise ExitError(error.code, who=who, where=place) from error
    except ProofError:
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
                todo="let its directory be one that this user may write to",
            ) from error
        raise _explained(error, script) from error


def _without_database(message: str) -> str:
    """Return run_env's message without where the database is left: a scratch database is gone."""
    return "\n".join(one for one in message.splitlines() if not one.startswith("  now: "))


def _explained(error: Exception, script: ScriptDirectory) -> HistoryError:
    """Return the error with the file and the line of the fault, wherever the project has it."""
    places = directories(script)
    reported: BaseException = getattr(error, "orig", None) or error
    place = fault_place(error, [Path(script.dir).absolute(), *places]) or f"{script.dir}/env.py"
    through = place_in(error, places)
    if through and Path(through.rpartition(":")[0]).name != "env.py":
        return HistoryError(
            f"the history cannot be applied: {describe(reported)}",
            where=place,
            todo="`alembic-proof roundtrip` reports each revision that fails",
        )
    return fault_error(reported, place=place, todo=_remedy(error))


def _is_among(file: object, places: Sequence[Path]) -> bool:
    return isinstance(file, str) and Path(file).parent in places


def _remedy(error: Exception) -> str:
    """Return what most likely helps an env.py that cannot run; empty where its line says it all."""
    if "application context" in str(error):
        return 'name the application: flask_app = "package:create_app" in [tool.alembic-proof]'
    if "async driver" in str(error):
        return (
            'name the driver that it uses: driver = "asyncpg" in [tool.alembic-proof], or another'
        )
    if type(error).__name__ == "MissingGreenlet":
        return (
            "env.py connects synchronously, its URL names an asynchronous driver: name another one "
            'with driver = "psycopg" (or psycopg2, pg8000) in [tool.alembic-proof]'
        )
    if isinstance(error, ModuleNotFoundError) and error.name in DRIVERS_OF_ENV:
        installed = next(filter(is_usable_driver, DRIVERS_OF_ENV), DRIVERS_OF_ENV[0])
        return (
            f"install {error.name}, or name the driver that the project has: "
            f'driver = "{installed}" in [tool.alembic-proof]'
        )
    is_of_a_file = isinstance(error, OSError) and error.filename is not None
    if (
        isinstance(error, _OF_AN_URL) and not is_of_a_file
    ) or "option values must be strings" in str(error):
        return (
            f"correct that line, or install what it imports; where it looks for a URL, {_GIVE_URL}"
        )
    return ""


def no_migrations(place: str) -> HistoryError:
    """The error for an env.py, at that path, that has not called Alembic."""
    if not Path(place).is_file():
        return HistoryError("there is no env.py", where=place, todo="restore it from your history")
    todo = "let it call context.run_migrations(), or run_env() of alembic_proof.env"
    return HistoryError("env.py runs no migrations", where=place, todo=todo)


def refuse_another_database(context: MigrationContext, *, config: Config, place: str) -> None:
    """Ensures that env.py has connected to the database of `config.attributes["url"]`.

    Raises:
        HistoryError: it is another one, or none.
    """
    _refuse_another(_database_of(context), config=config, place=place)


def _database_of(context: MigrationContext) -> str:
    """The name of the connection's database; no transaction is left open where there was none."""
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
            todo=f"where it has the URL from elsewhere, {_GIVE_URL}; or let it connect to "
            'config.attributes["url"] when that is set',
        )


def _metadatas(target: object) -> tuple[MetaData, ...]:
    """Each metadata once; what is none is left out."""
    several = target if isinstance(target, Sequence) else (target,)
    return tuple(dict.fromkeys(one for one in several if isinstance(one, MetaData)))
