"""Scratch databases: on any server that a URL names, and those of a project's history."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

import local_postgres.roles
import local_postgres.scratch
from alembic_deploy.connect import RunInSession, open_session, run_on
from alembic_deploy.errors import DeployError, HistoryError
from alembic_deploy.revisions import directories
from alembic_deploy.server_message import sqlstate_of
from alembic_deploy.settings import errors_of_local_postgres
from alembic_deploy.url import DatabaseUrl, usable_url
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.env_py import load_in_env, run_stamp
from alembic_proof.history.project import Project
from alembic_proof.history.project_environment import closing_pools, project_environment
from alembic_proof.start_sql import run_files
from local_postgres.client import Execute, Rows
from local_postgres.errors import SqlError
from local_postgres.settings import find_settings

T = TypeVar("T")

_CREATE_ROLE = r"\bCREATE\s+(?:ROLE|USER|GROUP)\s+[\\\"']*"
"""The name follows, in quotes that may be escaped in a string."""


@dataclass(slots=True)
class UrlServer:
    """The server of a URL, as the login that the URL names."""

    server_url: str
    _sessions: ExitStack | None = field(default=None, repr=False)
    _session: RunInSession | None = field(default=None, repr=False)

    def url(self, database: str) -> str:
        """Return the URL of another database of the server."""
        return DatabaseUrl.parse(self.server_url).with_database(database).text

    @contextmanager
    def in_one_session(self) -> Iterator[UrlServer]:
        """Let `run` use one session in the block; it is opened again if the server has ended it."""
        with ExitStack() as sessions:
            self._sessions = sessions
            try:
                yield self
            finally:
                self._sessions = self._session = None

    def run(self, work: Callable[[Execute], T], *, database: str | None = None) -> T:
        """Return what `work` returns; it runs statements in a session, each of them committed.

        Advisory locks that it takes are released afterwards.

        :param database: By default that of the URL.
        :raises ConfigError: A URL, or its driver, that cannot be used.
        :raises ServerError: No connection.
        :raises DatabaseError: PostgreSQL refuses a statement, and `work` does not expect that.
        """
        if self._sessions is None or database is not None:
            url = self.server_url if database is None else self.url(database)
            return run_on(url, lambda one: work(partial(_execute, one)), autocommit=True)
        run = self._living_session(self._sessions)
        try:
            return run(lambda one: work(partial(_execute, one)))
        finally:
            with suppress(SqlError):  # the session has ended, and its locks with it
                run(lambda one: _execute(one, "SELECT pg_catalog.pg_advisory_unlock_all()::text"))

    def _living_session(self, sessions: ExitStack) -> RunInSession:
        if self._session is not None:
            with suppress(SqlError):
                self._session(lambda one: _execute(one, "SELECT"))
                return self._session
            self._session = None  # also if no other one can be opened
            sessions.close()
        self._session = sessions.enter_context(open_session(self.server_url, autocommit=True))
        return self._session


def _execute(connection: Connection, statement: str) -> Rows:
    try:
        options = {"no_parameters": True}
        result = connection.exec_driver_sql(statement, execution_options=options)
        return tuple(map(tuple, result)) if result.returns_rows else ()
    except DBAPIError as error:
        first = (str(error.orig).splitlines() or [""])[0]
        raise SqlError(first, sqlstate=sqlstate_of(error)) from error


def _run_on_server(server: UrlServer, work: Callable[[Execute], T]) -> T:
    """Return what `work` returns; raise the errors of alembic_deploy."""
    with errors_of_local_postgres():
        return server.run(work)


def scratch_server(environ: Mapping[str, str], *, state: Path, is_tcp: bool = False) -> str:
    """Return the URL of our own server for scratch databases, started if it is not running.

    :param state: The directory of its data.
    :param is_tcp: Listen on a TCP port too, for projects that need a host.
    :raises ConfigError: An environment variable that cannot be used.
    :raises ServerError: The server cannot be fetched or started.
    """
    with errors_of_local_postgres():
        return local_postgres.scratch.scratch_server(environ, state=state, is_tcp=is_tcp).url()


@contextmanager
def scratch_database(
    server_url: str, *, template: str | None = None, label: str = ""
) -> Iterator[str]:
    """Create a database, yield its URL, and drop it at the end, open sessions included.

    :param template: The database of the server to copy; without it the new one is empty.
    :param label: A word for its name.
    :raises ConfigError: A URL that cannot be used.
    :raises ServerError: No connection.
    :raises DatabaseError: The login may not create databases, or the template is in use.
    """
    with renewable_database(server_url, template=template, label=label) as renew:
        yield renew()


@contextmanager
def renewable_database(
    server_url: str, *, template: str | None = None, label: str = ""
) -> Iterator[local_postgres.scratch.Renew]:
    """Yield a function that creates a database, always of one URL: it drops the one before.

    Engines of this process that are connected to the one before are closed first; they connect again
    when they are used.
    """
    with (
        UrlServer(server_url).in_one_session() as server,
        _renewable_database(server, template=template, label=label) as renew,
    ):
        yield renew


@contextmanager
def _renewable_database(
    server: UrlServer, *, template: str | None = None, label: str = ""
) -> Iterator[local_postgres.scratch.Renew]:
    with (
        errors_of_local_postgres(),
        local_postgres.scratch.renewable_database(server, template=template, label=label) as renew,
        closing_pools() as close_pools,
    ):

        def close_and_renew(template: str | None = None, /) -> str:
            close_pools()
            with errors_of_local_postgres():
                return renew(template)

        yield close_and_renew


def scratch_server_url(project: Project, environ: Mapping[str, str]) -> str:
    """Return the URL of the server for scratch databases: the environment's, the settings', or ours.

    :raises ConfigError: What they name is no URL.
    :raises ServerError: Our own server cannot be fetched or started.
    """
    if named := _named_in(project, environ):
        return usable_url(named, where=f"environment variable {project.settings.scratch_url_env}")
    if project.settings.server_url:
        place = project.settings.file
        return usable_url(project.settings.server_url, where=f"server_url, {place}")
    return scratch_server(
        environ, state=scratch_state(project, environ), is_tcp=project.settings.is_tcp
    )


def is_named_server(project: Project, environ: Mapping[str, str]) -> bool:
    """Return whether the environment or the settings name the server: then it is not our own."""
    return bool(project.settings.server_url or _named_in(project, environ))


def _named_in(project: Project, environ: Mapping[str, str]) -> str:
    """Return the URL in the environment variable that the settings name; empty without one."""
    variable = project.settings.scratch_url_env
    return environ.get(variable, "").strip() if variable else ""


@dataclass(frozen=True, slots=True)
class HistoryDatabases:
    """Creates databases for the history, always of one URL."""

    create: Callable[[], str]
    """Creates a fresh one, where the settings let the history begin."""
    copy: local_postgres.scratch.Renew
    """Creates a copy of another database; the history's roles stay."""


@contextmanager
def history_databases(
    project: Project, server_url: str, *, label: str
) -> Iterator[Callable[[], str]]:
    """Yield a function that creates a fresh database for the history, as `copied_databases`."""
    with copied_databases(project, server_url, label=label) as databases:
        yield databases.create


@contextmanager
def copied_databases(
    project: Project, server_url: str, *, label: str
) -> Iterator[HistoryDatabases]:
    """Yield the functions that create a database for the history, always of one URL.

    Until the end the project's own code finds that URL where its env.py looks for it. That begins
    before the history is loaded: a revision may import the project, and the project its settings.

    :raises DatabaseError: A role of the settings is missing and may not be created, or their SQL fails.
    :raises HistoryError: Their start_revision does not exist.
    """
    with ExitStack() as stack:
        server = stack.enter_context(UrlServer(server_url).in_one_session())
        created = _created_roles(project, server)
        stack.enter_context(_dropped(created))
        renew = stack.enter_context(_renewable_database(server, label=label))
        around = stack.enter_context(ExitStack())

        def begin(*, is_first: bool = False) -> str:
            if not is_first:
                created.update()
            around.close()
            url = renew()
            _ensure_roles(server, project.settings.roles)
            if not is_first:
                created.drop(database=DatabaseUrl.parse(url).database or "")
            run_files(url, project.settings.start_sql)
            around.enter_context(project_environment(project, url=url))
            if project.settings.start_revision is not None:
                _stamp(project, project.settings.start_revision, url=url)
            return url

        first = [begin(is_first=True)]
        try:
            yield HistoryDatabases(lambda: first.pop() if first else begin(), renew)
        finally:
            with suppress(DeployError):
                created.update()


@contextmanager
def history_and_models(project: Project, server_url: str) -> Iterator[tuple[str, str]]:
    """Yield the URLs of two fresh databases: one for the history, an empty one for the models."""
    with (
        history_databases(project, server_url, label="history") as open_database,
        scratch_database(server_url, label="models") as models_url,
    ):
        yield open_database(), models_url


@dataclass(slots=True, kw_only=True)
class AuthoringDatabases:
    """The databases in which a revision is written: the history's, and the models'."""

    history_url: str
    models_url: str
    _server_url: str
    _copy: local_postgres.scratch.Renew
    _stack: ExitStack
    _kept: str = ""
    """The name of the copy that was kept."""

    def keep(self) -> None:
        """Keep a copy of the history's database as it is now; nothing may be connected to it."""
        name = DatabaseUrl.parse(self.history_url).database
        kept = scratch_database(self._server_url, template=name, label="kept")
        self._kept = DatabaseUrl.parse(self._stack.enter_context(kept)).database or ""

    def restore(self) -> str:
        """Replace the history's database by the copy that was kept; return its URL, as before."""
        return self._copy(self._kept)


@contextmanager
def authoring_databases(project: Project, server_url: str) -> Iterator[AuthoringDatabases]:
    """Yield two fresh databases, of which the history's can be kept and restored."""
    with (
        copied_databases(project, server_url, label="history") as history,
        ExitStack() as stack,
        scratch_database(server_url, label="models") as models_url,
    ):
        yield AuthoringDatabases(
            history_url=history.create(),
            models_url=models_url,
            _server_url=server_url,
            _copy=history.copy,
            _stack=stack,
        )


def load_scratch_history(
    project: Project, open_database: Callable[[], str]
) -> tuple[ScriptDirectory, Callable[[], str]]:
    """Load the revisions as Alembic does, while env.py runs on a scratch database.

    Return them, and what opens databases from now on: the first one is the one that env.py ran on.

    :raises HistoryError: A history that cannot be loaded, or an env.py that cannot be used.
    """
    url = open_database()
    unused = [url]
    script = load_in_env(alembic_config(project, url=url))
    return script, lambda: unused.pop() if unused else open_database()


def _created_roles(project: Project, server: UrlServer) -> CreatedRoles:
    """Return the record of the history's roles, without the roles that the settings name."""
    keep = None if is_named_server(project, os.environ) else project.settings.roles
    before = frozenset(project.settings.roles)
    created = CreatedRoles(project, server, keep, before)
    created.begin()
    return created


def _ensure_roles(server: UrlServer, names: tuple[str, ...]) -> None:
    """Create the roles that are missing, with the login as their member; they stay.

    No other run drops one while this run has a scratch database: create that one first.

    :raises DatabaseError: One is missing, and the login may not create it.
    """
    if names:
        ensure = local_postgres.roles.ensure_member_roles
        _run_on_server(server, lambda execute: ensure(execute, names))


def privileged_login(server_url: str) -> str:
    """Return `the role X is a superuser` or `… has BYPASSRLS`; empty for an ordinary login.

    :raises ServerError: No connection.
    """
    return _run_on_server(UrlServer(server_url), local_postgres.roles.privileges_beyond_rls)


@contextmanager
def _dropped(created: CreatedRoles) -> Iterator[None]:
    """Drop the roles after the databases; a role that cannot be dropped stays."""
    try:
        yield
    finally:
        with suppress(DeployError):
            created.drop()


def _stamp(project: Project, revision: str, *, url: str) -> None:
    try:
        run_stamp(alembic_config(project, url=url), revision)
    except HistoryError as error:
        raise HistoryError(
            f"start_revision = {revision!r} cannot be stamped: {error.what.splitlines()[0]}",
            where=error.where or str(project.settings.file),
            todo="name the revision that start_sql has led to",
        ) from error


def scratch_state(project: Project, environ: Mapping[str, str]) -> Path:
    """Return the directory of the server's data: the checkout's own, else one in the user's cache."""
    with errors_of_local_postgres():
        local = find_settings(project.settings.directory)
        return local.state if local else local_postgres.scratch.default_state(environ)


@dataclass(slots=True)
class CreatedRoles:
    """The roles that a project's history creates: they belong to the server, and must go as well.

    Else a fresh database, or the next run, would find them. A role counts as created if it
    did not exist before and a revision's file has its name behind CREATE ROLE, USER or GROUP.
    """

    project: Project
    server: UrlServer
    keep: tuple[str, ...] | None
    """The roles to keep on our own server; None where the server, and any role, may be another's."""
    before: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    def begin(self) -> None:
        """Drop what earlier runs left on our own server, and read which roles exist.

        :raises ServerError: No connection.
        """
        self._drop_leftover()
        self.before |= self._role_names()

    def update(self) -> None:
        """Read which roles the history has created; finding its files may import the project."""
        if fresh := self._role_names() - self.before:
            self.names = _created_in_files(self.project, fresh)

    def drop(self, *, database: str = "") -> None:
        """Drop the roles of the last update, and on our own server all others that a run left.

        :param database: The scratch database in use, which is empty.
        """
        drop, names = local_postgres.scratch.drop_created_roles, self.names
        if names:
            _run_on_server(self.server, lambda execute: drop(execute, names, database=database))
        self.names = frozenset()
        self._drop_leftover(database=database)

    def _drop_leftover(self, *, database: str = "") -> None:
        drop, keep = local_postgres.scratch.drop_leftover_roles, self.keep
        if keep is not None:
            _run_on_server(self.server, lambda execute: drop(execute, keep=keep, database=database))

    def _role_names(self) -> frozenset[str]:
        return _run_on_server(self.server, local_postgres.roles.role_names)


def _created_in_files(project: Project, names: Iterable[str]) -> frozenset[str]:
    """Return those of the names that a revision's file has behind CREATE ROLE, USER or GROUP."""
    texts = tuple(_revision_texts(project))
    return frozenset(name for name in names if any(_creates(name, text) for text in texts))


def _creates(name: str, text: str) -> bool:
    pattern = _CREATE_ROLE + re.escape(name) + r"(?![\w$-])"
    return re.search(pattern, text, re.IGNORECASE) is not None


def _revision_texts(project: Project) -> Iterator[str]:
    try:
        places = directories(ScriptDirectory.from_config(alembic_config(project)))
    except Exception:  # the project's own code, whose error was reported before
        return
    for path in (found for place in places for found in place.rglob("*.py")):
        with suppress(OSError):
            yield path.read_text(encoding="utf-8", errors="replace")
