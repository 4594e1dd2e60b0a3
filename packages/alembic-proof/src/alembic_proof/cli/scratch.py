"""The scratch databases that a command works in, and the line that says where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from alembic_proof.cli.terminal import note
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import Project, scratch_server_url


def announced_server(project: Project, environ: Mapping[str, str]) -> str:
    """The server's URL; one line on standard error says where the scratch databases are."""
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
