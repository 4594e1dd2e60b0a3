"""The scratch databases that a command works in, and the line that says where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from alembic_proof.cli.terminal import note
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import Project, history_databases, scratch_server_url


def announced_server(project: Project, environ: Mapping[str, str]) -> str:
    """The server's URL; one line on standard error says where the scratch databases are."""
    server_url = scratch_server_url(project, environ)
    note(f"scratch databases: {DatabaseUrl.parse(server_url).display}")
    return server_url


@contextmanager
def history_and_models(project: Project, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The URLs of two fresh databases: one for the history, an empty one for the models."""
    server_url = announced_server(project, environ)
    with (
        history_databases(project, server_url, label="history") as open_database,
        scratch_database(server_url, label="models") as models_url,
    ):
        yield open_database(), models_url
