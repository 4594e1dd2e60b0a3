"""The scratch databases that a command works in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from alembic_proof.cli.project import Project
from alembic_proof.cli.terminal import note
from alembic_proof.errors import ServerError
from alembic_proof.postgres.binaries import BINDIR, MAJOR
from alembic_proof.postgres.download import cache_directory
from alembic_proof.postgres.pins import MAJORS
from alembic_proof.postgres.scratch import scratch_database, scratch_server
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.proofs.state import read_major


def scratch_server_url(project: Project, environ: Mapping[str, str]) -> str:
    """The URL of the server for scratch databases: the one that the environment names, or ours.

    Raises:
        ServerError: our own server cannot be had or started.
    """
    variable = project.config.scratch_url_env
    named = environ.get(variable, "").strip() if variable else ""
    return named or scratch_server(environ, state=_state(project, environ))


def server_like(project: Project, environ: Mapping[str, str], *, major: int) -> str:
    """The URL of a server for scratch databases of that major version; a line says where it is.

    Raises:
        ServerError: the server that the environment names is another one, or none can be had.
    """
    variable = project.config.scratch_url_env
    if variable and environ.get(variable, "").strip():
        return _of_major(announced_server(project, environ), major, variable=variable)
    if major in MAJORS:
        environ = {**environ, MAJOR: str(major)}
    else:
        environ = {name: value for name, value in environ.items() if name != MAJOR}
    return _of_major(announced_server(project, environ), major, variable=BINDIR)


def _of_major(server_url: str, major: int, *, variable: str) -> str:
    found = read_major(server_url)
    if found != major:
        raise ServerError(
            f"the live server is PostgreSQL {major}, the one for scratch databases {found}",
            where=DatabaseUrl.parse(server_url).display,
            todo=f"name a PostgreSQL {major} in {variable}",
        )
    return server_url


def announced_server(project: Project, environ: Mapping[str, str]) -> str:
    """The same URL; one line on standard error says where the scratch databases are."""
    server_url = scratch_server_url(project, environ)
    note(f"scratch databases: {DatabaseUrl.parse(server_url).display}")
    return server_url


@contextmanager
def scratch_databases(
    project: Project, environ: Mapping[str, str], *, labels: tuple[str, ...]
) -> Iterator[tuple[str, ...]]:
    """The URLs of fresh empty databases, one for each label; they are dropped at the end.

    One line on standard error says where they are.
    """
    server_url = announced_server(project, environ)
    with ExitStack() as stack:
        yield tuple(
            stack.enter_context(scratch_database(server_url, label=label)) for label in labels
        )


def _state(project: Project, environ: Mapping[str, str]) -> Path:
    """Where the server keeps its data: the checkout's own place, else the user's cache."""
    return project.config.local_state or cache_directory(environ).parent / "servers"
