"""The scratch databases that a command works in, and the line that says where they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from alembic_proof.cli.terminal import note
from alembic_proof.errors import ServerError
from alembic_proof.postgres.binaries import BINDIR, MAJOR
from alembic_proof.postgres.pins import MAJORS
from alembic_proof.postgres.scratch import privileged_login, scratch_database
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import (
    Project,
    history_databases,
    is_named_server,
    scratch_server_url,
)
from alembic_proof.proofs.state import read_major


def server_like(project: Project, environ: Mapping[str, str], *, major: int) -> str:
    """The URL of a server for scratch databases of that major version; a line says where it is.

    Raises:
        ServerError: the server that environment or settings name is another one, or none can be had.
    """
    variable = project.config.scratch_url_env
    if variable and environ.get(variable, "").strip():
        return _of_major(announced_server(project, environ), major, variable=variable)
    if project.config.server_url:
        return _of_major(announced_server(project, environ), major, variable="server_url")
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
    """Return the server's URL; print on standard error where the scratch databases are.

    Another line warns of a login that no policy and no missing privilege stops: it changes no exit code,
    since a server may have no other login for extensions that only a superuser may create.
    """
    server_url = scratch_server_url(project, environ)
    note(f"scratch databases: {DatabaseUrl.parse(server_url).display}")
    if is_named_server(project, environ) and (why := privileged_login(server_url)):
        note(
            f"warning: {why}: what FORCE ROW LEVEL SECURITY hides and what privileges refuse in production "
            "is not found; use a role with NOSUPERUSER NOBYPASSRLS CREATEDB"
        )
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
