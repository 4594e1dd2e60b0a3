"""The server that a project's scratch databases are made on, and the databases of its history."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.environment import load_in_env
from alembic_proof.history.script import alembic_config, run_stamp
from alembic_proof.history.surroundings import surroundings
from alembic_proof.postgres.download import cache_directory
from alembic_proof.postgres.scratch import ensure_roles, renewable_database, scratch_server
from alembic_proof.postgres.script import run_files
from alembic_proof.postgres.url import DatabaseUrl, usable_url
from alembic_proof.project.find import Project
from alembic_proof.project.made_roles import MadeRoles


def scratch_server_url(project: Project, environ: Mapping[str, str]) -> str:
    """The URL of the server for scratch databases: the environment's, the settings', or ours.

    Raises:
        ConfigError: what they name is no URL.
        ServerError: our own server cannot be had or started.
    """
    if named := _named_in(project, environ):
        return usable_url(named, where=f"environment variable {project.config.scratch_url_env}")
    if project.config.server_url:
        place = project.config.file
        return usable_url(project.config.server_url, where=f"server_url, {place}")
    return scratch_server(
        environ, state=scratch_state(project, environ), is_tcp=project.config.is_tcp
    )


def is_named_server(project: Project, environ: Mapping[str, str]) -> bool:
    """Return whether the environment or the settings name the server: it is not our own then."""
    return bool(project.config.server_url or _named_in(project, environ))


def _named_in(project: Project, environ: Mapping[str, str]) -> str:
    """The URL in the environment variable that the settings name, empty without one."""
    variable = project.config.scratch_url_env
    return environ.get(variable, "").strip() if variable else ""


@contextmanager
def history_databases(
    project: Project, server_url: str, *, label: str
) -> Iterator[Callable[[], str]]:
    """Makes a fresh database for the history at each call, always of one URL.

    Until the end the project's own code finds that URL where its env.py looks for it: before
    the history is loaded, since a revision may import the project and the project its settings.

    Raises:
        DatabaseError: a role that the settings name is missing and may not be made, or
            their SQL fails.
        HistoryError: their start_revision is not there.
    """
    made = _made_roles(project, server_url)
    with (
        _dropped(made),
        renewable_database(server_url, label=label) as renew,
        ExitStack() as around,
    ):

        def begin(*, is_first: bool = False) -> str:
            if not is_first:
                made.look()
            around.close()
            url = renew()
            ensure_roles(server_url, project.config.roles)
            if not is_first:
                made.drop(database=DatabaseUrl.parse(url).database or "")
            run_files(url, project.config.start_sql)
            around.enter_context(surroundings(project.alembic, url=url))
            if project.config.start_revision is not None:
                _stamp(project, project.config.start_revision, url=url)
            return url

        first = [begin(is_first=True)]
        try:
            yield lambda: first.pop() if first else begin()
        finally:
            with suppress(ProofError):
                made.look()


def load_scratch_history(
    project: Project, open_database: Callable[[], str]
) -> tuple[ScriptDirectory, Callable[[], str]]:
    """Load the revisions as Alembic does, while env.py runs on a scratch database.

    Return them, and what opens databases from now on: the first one is the one that env.py ran on.

    :raises HistoryError: A history that cannot be loaded, or an env.py that cannot be used.
    """
    url = open_database()
    unused = [url]
    script = load_in_env(alembic_config(project.alembic, url=url))
    return script, lambda: unused.pop() if unused else open_database()


def _made_roles(project: Project, server_url: str) -> MadeRoles:
    """None yet; those of the settings are none, whoever makes them."""
    keep = None if is_named_server(project, os.environ) else project.config.roles
    made = MadeRoles.on(server_url, project=project.alembic, keep=keep)
    made.before |= frozenset(project.config.roles)
    return made


@contextmanager
def _dropped(made: MadeRoles) -> Iterator[None]:
    """Ensures that the roles are gone when the databases are; what cannot be dropped stays."""
    try:
        yield
    finally:
        with suppress(ProofError):
            made.drop()


def _stamp(project: Project, revision: str, *, url: str) -> None:
    try:
        run_stamp(alembic_config(project.alembic, url=url), revision)
    except HistoryError as error:
        raise HistoryError(
            f"start_revision = {revision!r} cannot be stamped: {error.what.splitlines()[0]}",
            where=error.where or str(project.config.file),
            todo="name the revision that start_sql has led to",
        ) from error


def scratch_state(project: Project, environ: Mapping[str, str]) -> Path:
    """Where the server keeps its data: the checkout's own place, else the user's cache."""
    return project.config.local_state or cache_directory(environ).parent / "servers"
