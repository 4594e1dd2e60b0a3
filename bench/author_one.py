"""`python -m bench.author_one DISTRIBUTION SERVER_URL`: author all changes with one tool; print JSON.

Each change is made in a transaction: the tool reads its models from the wanted schema, that is rolled
back, and the tool writes a real revision, whose upgrade() and downgrade() run in the same transaction.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from runpy import run_path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog import Catalog, diff, read_catalog
from alembic_proof.finding import Severity
from alembic_proof.scratch import scratch_database
from bench.authors import Author, Models, author_of, directives_hook
from bench.cases import Cases, Change, read_cases
from bench.noise import Noise

_ENV = """\
from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    include_schemas=True,
    compare_server_default=True,
    version_table_schema="public",
)
context.run_migrations()
"""
_TEMPLATE = """\
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
"""


NOTE = "no difference that a revision should make"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether one revision makes one change, in one direction of the change."""

    change: str
    is_added: bool
    """Whether the models have the change and the history does not; else the other way around."""
    failure: str = ""
    """What is wrong; empty if upgrade() makes the models' database, and downgrade() the history's."""
    is_up: bool = False
    """Whether upgrade() alone does that."""


@dataclass(frozen=True, slots=True)
class _Battery:
    author: Author
    project: Path
    connection: sa.Connection
    database: str
    noise: Noise

    def outcomes(self, changes: tuple[Change, ...]) -> Iterator[Outcome]:
        with self._rolled_back():
            self._write(self.author.read_models(self.connection))
        self.noise.is_complete = True
        for change in changes:
            for is_added in (True, False):
                with self._rolled_back():
                    yield self._outcome(change, is_added=is_added)

    @contextmanager
    def _rolled_back(self) -> Iterator[None]:
        transaction = self.connection.begin()
        try:
            yield
        finally:
            transaction.rollback()

    def _execute(self, statements: tuple[str, ...]) -> None:
        for sql in statements:
            self.connection.exec_driver_sql(
                sql.replace("{database}", self.database), execution_options={"no_parameters": True}
            )

    def _outcome(self, change: Change, *, is_added: bool) -> Outcome:
        try:
            self._execute(change.setup)
            savepoint = self.connection.begin_nested()
            self._execute(change.statements)
        except DBAPIError as error:
            return Outcome(change.name, is_added, f"without {self.author.removed}: {_said(error)}")
        if not is_added:
            savepoint.rollback()
            savepoint = self.connection.begin_nested()
        expected = read_catalog(self.connection)
        try:
            models = self.author.read_models(self.connection)
        except Exception as error:
            return Outcome(change.name, is_added, f"models: {_said(error)}")
        finally:
            savepoint.rollback()
        if not is_added:
            self._execute(change.statements)
        before = read_catalog(self.connection)
        if not _differences(before, expected):
            return Outcome(change.name, is_added, NOTE)
        try:
            revision = self._write(models)
        except Exception as error:
            return Outcome(change.name, is_added, f"revision: {_said(error)}")
        if failure := self._run(revision["upgrade"], expected):
            return Outcome(change.name, is_added, failure)
        failure = self._run(revision["downgrade"], before)
        return Outcome(change.name, is_added, failure, is_up=True)

    def _write(self, models: Models) -> dict[str, Callable[[], None]]:
        models.declare(self.connection)
        config = Config()
        config.set_main_option("script_location", str(self.project))
        config.attributes |= {"connection": self.connection, "metadata": models.metadata}
        hook = directives_hook(models, self.connection) or self.noise.directives
        with redirect_stdout(io.StringIO()):
            script = command.revision(
                config, "change", autogenerate=True, process_revision_directives=hook
            )
        if not isinstance(script, Script):
            return {"upgrade": _do_nothing, "downgrade": _do_nothing}
        path = Path(script.path)
        try:
            return run_path(str(path))
        finally:
            path.unlink()

    def _run(self, function: Callable[[], None], wanted: Catalog) -> str:
        """Return what is wrong after the function ran; empty if the database is as wanted."""
        try:
            with Operations.context(MigrationContext.configure(self.connection)):
                function()
        except Exception as error:
            return _said(error)
        return _differences(read_catalog(self.connection), wanted)


def _differences(found: Catalog, wanted: Catalog) -> str:
    changes = diff(found, wanted)
    return "; ".join(str(one) for one in changes if one.severity is Severity.ERROR)


def _do_nothing() -> None:
    """Stand for a revision that was not written."""


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


def main(argv: list[str]) -> None:
    """Print the outcomes as JSON, one per line."""
    distribution, server_url, *names = argv
    cases = read_cases()
    with (
        scratch_database(server_url, label="authors") as url,
        tempfile.TemporaryDirectory() as place,
    ):
        project = _project(Path(place))
        engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with engine.connect() as connection:
            _build(connection, cases)
            database = str(engine.url.database)
            author = author_of(distribution)
            for sql in author.removed:
                connection.exec_driver_sql(sql)
            connection.commit()
            battery = _Battery(author, project, connection, database, Noise())
            major = int((connection.dialect.server_version_info or (0,))[0])
            chosen = tuple(
                one
                for one in cases.changes
                if one.since <= major and (not names or one.name in names)
            )
            for outcome in battery.outcomes(chosen):
                print(json.dumps(asdict(outcome)), flush=True)


def _project(directory: Path) -> Path:
    (directory / "versions").mkdir()
    (directory / "env.py").write_text(_ENV, encoding="utf-8")
    (directory / "script.py.mako").write_text(_TEMPLATE, encoding="utf-8")
    return directory


def _build(connection: sa.Connection, cases: Cases) -> None:
    """Build the sample schema; the roles and the tablespace are those of the server."""
    options = {"no_parameters": True}
    for role in cases.roles:
        found = connection.exec_driver_sql(f"SELECT FROM pg_roles WHERE rolname = '{role}'").all()
        if not found:
            connection.exec_driver_sql(f"CREATE ROLE {role}")
    found = connection.exec_driver_sql(
        f"SELECT FROM pg_tablespace WHERE spcname = '{cases.tablespace}'"
    ).all()
    connection.commit()
    if not found:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.exec_driver_sql("SET allow_in_place_tablespaces = on")
        autocommit.exec_driver_sql(f"CREATE TABLESPACE {cases.tablespace} LOCATION ''")
        connection.execution_options(isolation_level="READ COMMITTED")
    for sql in cases.sample:
        connection.exec_driver_sql(sql, execution_options=options)
    connection.commit()


if __name__ == "__main__":
    main(sys.argv[1:])
