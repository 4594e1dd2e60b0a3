"""The server of the live databases, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.upgrade import run_upgrade
from local_postgres.server import RunningServer

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
KEEPER = 'Keeper of "x"'
SECRET = "correct horse"
KEEPER_QUOTED = '"Keeper of ""x"""'
ROLES = (
    f"CREATE ROLE {KEEPER_QUOTED} LOGIN CREATEDB CREATEROLE",
    "CREATE ROLE alembic_proof_shop LOGIN CREATEDB CREATEROLE",
    "CREATE ROLE dba NOLOGIN",
    "CREATE ROLE watcher LOGIN",
    f"CREATE ROLE locked LOGIN PASSWORD '{SECRET}'",
)


@dataclass(frozen=True, slots=True)
class Live:
    """The server of the live databases; nothing else uses it."""

    running: RunningServer

    def url(self, database: str, user: str = "postgres") -> str:
        """Return the URL of a database as that user."""
        return self.running.url(database, user)

    def do(self, database: str, *statements: str) -> None:
        """Send statements as the superuser, each committed by itself."""

        def send(connection: Connection) -> None:
            for statement in statements:
                connection.exec_driver_sql(statement)

        run_on(self.url(database), send, autocommit=True)

    def ask(self, database: str, query: str) -> object:
        """Return the one value that a query gives."""
        return run_on(self.url(database), lambda c: c.exec_driver_sql(query).scalar_one())

    def make(self, name: str, *, owner: str, template: str = "template0") -> str:
        """Return a database of that owner; its name."""
        quoted = [part.replace('"', '""') for part in (name, template, owner)]
        self.do("postgres", 'CREATE DATABASE "{}" TEMPLATE "{}" OWNER "{}"'.format(*quoted))
        return name


def upgrade(root: Path, url: str, revision: str) -> None:
    """Migrate a database by the project in `root`."""
    run_upgrade(alembic_config(Project(file=root / "alembic.ini"), url=url), revision)
