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
from alembic_proof.history.chain import load_history
from alembic_proof.history.exits import ExitError, passed_interruptions, refused_exits
from alembic_proof.history.load import describe, directories, place_in
from alembic_proof.postgres.pools import engines_noted
from alembic_proof.postgres.url import DatabaseUrl

_DATABASE = "SELECT current_database()"
_GIVE_URL = "say so in [tool.alembic-proof]: url_env, url_x_arg or url_ini_key"
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
    seen: list[tuple[MigrationContext, str]] = []

    def look(_heads: Any, context: MigrationContext) -> tuple[()]:
        seen.append((context, _database_of(context)))
        return ()

    with explained_failures(config):
        script = load_history(config)
        refuse_missing_env(script)
        refuse_several_databases(config, script)
        with EnvironmentContext(config, script, fn=look, dont_mutate=True):
            script.run_env()
    place = f"{script.dir}/env.py"
    if not seen:
        raise no_migrations(place)
    context, database = seen[-1]
    _refuse_another(database, config=config, place=place)
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
    """The error for an env.py that migrates more than one database; their names where known."""
    said = f": {', '.join(names)}" if names else ""
    return HistoryError(
        f"env.py migrates several databases{said}",
        where=f"{script.dir}/env.py",
        todo="give the proof a configuration whose env.py migrates one",
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
        place = _place_of(error, Path(ScriptDirectory.from_config(config).dir).absolute())
        who = Path(place.rpartition(":")[0]).name
        raise ExitError(error.code, who=who, where=place) from error
    except ProofError:
        raise
    except CommandError as error:
        raise HistoryError(str(error)) from error
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
        inside = place_in(error, directories(script))
        is_revision = bool(inside) and Path(inside.rpartition(":")[0]).name != "env.py"
        place = inside if is_revision else _place_of(error, Path(script.dir).absolute())
        what = "the history cannot be applied" if is_revision else "env.py cannot run"
        raise HistoryError(
            f"{what}: {describe(getattr(error, 'orig', None) or error)}",
            where=place,
            todo="`alembic-proof roundtrip` tells what fails" if is_revision else _remedy(error),
        ) from error


def _is_among(file: object, places: Sequence[Path]) -> bool:
    return isinstance(file, str) and Path(file).parent in places


def _remedy(error: Exception) -> str:
    """What most likely helps an env.py that cannot run."""
    if "application context" in str(error):
        return 'name the application: flask_app = "package:create_app" in [tool.alembic-proof]'
    if "async driver" in str(error):
        return (
            'name the driver that it uses: driver = "asyncpg" in [tool.alembic-proof], or another'
        )
    is_of_a_file = isinstance(error, OSError) and error.filename is not None
    if (
        isinstance(error, _OF_AN_URL) and not is_of_a_file
    ) or "option values must be strings" in str(error):
        return f"mend it, or install what it imports; where it looks for a URL, {_GIVE_URL}"
    return "mend it, or install what it imports"


def no_migrations(place: str) -> HistoryError:
    """The error for an env.py, at that path, that has not called Alembic."""
    if not Path(place).is_file():
        return HistoryError("there is no env.py", where=place, todo="restore it from your history")
    todo = "let it call context.run_migrations(), or run_env() of alembic_proof.env"
    return HistoryError("env.py runs no migrations", where=place, todo=todo)


def _place_of(error: Exception, directory: Path) -> str:
    """The line that does not parse, wherever it is imported from, else where env.py failed."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    return place_in(error, [directory]) or f"{directory}/env.py"


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
