"""The result of a run of boards-migrate, and the password that no run may print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from alembic.config import Config
from alembic.script import ScriptDirectory

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from boards.database.migrate import alembic_ini

SECRET = "hunter2-s3cr3t"
SCRATCH = "scratch"
"""Instead of a URL: the scratch database, which is created when it is needed."""
CHAIN = tuple(
    script.revision
    for script in reversed(
        list(ScriptDirectory.from_config(Config(str(alembic_ini()))).walk_revisions())
    )
)
"""The ids of Boards' revisions, from base to head."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


class Migrate(Protocol):
    """Runs boards-migrate on the scratch database, on `url`, or with no URL at all (None)."""

    def __call__(self, *arguments: str, url: str | None = ..., **environ: str) -> Done:
        """How the command ended."""


def with_password(url: str) -> str:
    """Return the same URL with the password that must not be printed."""
    target = DatabaseUrl.parse(url)
    return target.with_user(target.user or "boards", SECRET).dsn


def send(url: str, *statements: str) -> None:
    """Send the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])
