"""The server that a project's scratch databases are made on, and the databases of its history."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.load import directories
from alembic_proof.history.script import alembic_config, run_stamp
from alembic_proof.history.surroundings import surroundings
from alembic_proof.postgres.download import cache_directory
from alembic_proof.postgres.made_roles import drop_roles, role_names
from alembic_proof.postgres.scratch import ensure_roles, renewable_database, scratch_server
from alembic_proof.postgres.script import run_files
from alembic_proof.postgres.url import DatabaseUrl, usable_url
from alembic_proof.project.find import Project

_WORD = re.compile(r"[\w$]+")


def scratch_server_url(project: Project, environ: Mapping[str, str]) -> str:
    """The URL of the server for scratch databases: the environment's, the settings', or ours.

    Raises:
        ConfigError: what they name is no URL.
        ServerError: our own server cannot be had or started.
    """
    variable = project.config.scratch_url_env
    named = environ.get(variable, "").strip() if variable else ""
    if named:
        return usable_url(named, where=f"environment variable {variable}")
    if project.config.server_url:
        place = project.config.directory / "pyproject.toml"
        return usable_url(project.config.server_url, where=f"server_url, {place}")
    return scratch_server(environ, state=scratch_state(project, environ))


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
    ensure_roles(server_url, project.config.roles)
    with (
        _made_roles_gone(project, server_url) as clear,
        renewable_database(server_url, label=label) as renew,
        ExitStack() as around,
    ):

        def begin() -> str:
            around.close()
            url = renew()
            clear(DatabaseUrl.parse(url).database or "")
            run_files(url, project.config.start_sql)
            around.enter_context(surroundings(project.alembic, url=url))
            if project.config.start_revision is not None:
                _stamp(project, project.config.start_revision, url=url)
            return url

        first = [begin()]
        yield lambda: first.pop() if first else begin()


@contextmanager
def _made_roles_gone(project: Project, server_url: str) -> Iterator[Callable[[str], None]]:
    """Drops what roles the history has made, at each call and at the end; it would meet them again.

    The function is given the name of the scratch database that is there. A role counts as made
    where it was not there at the beginning and a revision's file has its name.
    """
    before = role_names(server_url)

    def clear(database: str = "") -> None:
        made = role_names(server_url) - before
        if made and (named := made.intersection(_words(project))):
            drop_roles(server_url, named, database=database)

    try:
        yield clear
    finally:
        with suppress(ProofError):
            clear()


def _words(project: Project) -> frozenset[str]:
    """Every word in the revisions' files, as PostgreSQL folds names and as it is written."""
    try:
        script = ScriptDirectory.from_config(alembic_config(project.alembic))
    except CommandError:
        return frozenset()
    words: set[str] = set()
    for path in (found for place in directories(script) for found in place.rglob("*.py")):
        words.update(_WORD.findall(path.read_text(encoding="utf-8", errors="replace")))
    return frozenset((*words, *map(str.lower, words)))


def _stamp(project: Project, revision: str, *, url: str) -> None:
    try:
        run_stamp(alembic_config(project.alembic, url=url), revision)
    except HistoryError as error:
        raise HistoryError(
            f"start_revision = {revision!r} cannot be stamped: {error.what.splitlines()[0]}",
            where=error.where or str(project.config.directory / "pyproject.toml"),
            todo="name the revision that start_sql has led to",
        ) from error


def scratch_state(project: Project, environ: Mapping[str, str]) -> Path:
    """Where the server keeps its data: the checkout's own place, else the user's cache."""
    return project.config.local_state or cache_directory(environ).parent / "servers"
