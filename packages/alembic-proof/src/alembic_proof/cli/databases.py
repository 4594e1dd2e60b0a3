"""Choose the databases of a command: the server for its scratch databases, and the developer's own."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from alembic_deploy.settings import WITHOUT_LOCAL, local_database_url, named_database_url
from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli.output import print_stderr
from alembic_proof.history.project import Project
from alembic_proof.scratch import is_named_server, privileged_login, scratch_server_url

_URL = re.compile(r"\s*(postgres(?:ql)?(?:\+\w+)?)://")
_NOWHERE = "withheld:withheld@127.0.0.1:1/withheld_by_alembic_proof"
_NO_HOST = "/withheld-by-alembic-proof"


def announced_server(
    project: Project, environ: Mapping[str, str], *, live_url: str | None = None
) -> str:
    """Return the URL of the server for scratch databases; print on standard error which one it is.

    From here on the project's code does not find other databases in its environment.

    :param live_url: The database that the command itself reads as well.

    A second line warns of a login that bypasses row-level security or every privilege. It changes no
    exit code: a server may have no other login that can create an extension.
    """
    server_url = scratch_server_url(project, environ)
    print_stderr(f"scratch databases: {DatabaseUrl.parse(server_url).display}")
    if is_named_server(project, environ) and (why := privileged_login(server_url)):
        print_stderr(
            f"warning: {why}: errors of row-level security and of missing privileges, as in production, "
            "are not found; use a role with NOSUPERUSER NOBYPASSRLS CREATEDB"
        )
    withhold_databases(project, named=(server_url, *filter(None, [live_url])))
    return server_url


def withhold_databases(project: Project, *, named: tuple[str, ...] = ()) -> None:
    """Replace the databases in the environment by ones that do not exist, and refuse the local one.

    A revision, or a module that it imports, might otherwise connect to the developer's database. A
    URL stays a URL with its driver: the project may check its settings when it is imported.

    :param named: URLs that are used on purpose: where one has no host, libpq's variables give it.
    """
    for name, value in os.environ.items():
        if name != project.settings.scratch_url_env and (found := _URL.match(value)):
            os.environ[name] = f"{found[1]}://{_NOWHERE}"
    if all(any(host for host, _ in DatabaseUrl.parse(url).hosts) for url in named):
        os.environ["PGHOST"] = _NO_HOST
        for name in ("PGHOSTADDR", "PGSERVICE"):
            os.environ.pop(name, None)
    os.environ[WITHOUT_LOCAL] = "1"


def developer_database_url(
    directory: Path, environ: Mapping[str, str], *, start: bool = True
) -> str | None:
    """Return the URL in the variable of `url_env`, else the local database's; None without either.

    :param start: Start the local server. Otherwise its database counts only while the server runs.
    :raises ConfigError: Settings, or a URL, that cannot be used.
    :raises ServerError: The local server cannot be started.
    """
    named = named_database_url(directory, environ)
    return named or local_database_url(directory, environ, start=start)
