"""The scratch databases that a command works in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from alembic_proof.cli.project import Project
from alembic_proof.cli.terminal import note
from alembic_proof.postgres.download import cache_directory
from alembic_proof.postgres.scratch import scratch_database, scratch_server
from alembic_proof.postgres.url import DatabaseUrl


def scratch_server_url(project: Project, environ: Mapping[str, str]) -> str:
    """The URL of the server for scratch databases: the one that the environment names, or ours.

    Raises:
        ServerError: our own server cannot be had or started.
    """
    variable = project.config.scratch_url_env
    named = environ.get(variable, "").strip() if variable else ""
    return named or scratch_server(environ, state=_state(project, environ))


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
