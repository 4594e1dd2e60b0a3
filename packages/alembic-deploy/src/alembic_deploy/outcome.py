"""What is known of a database whose connection was lost, perhaps in the middle of a commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from alembic_deploy.advisory_lock import VersionTable, advisory_lock
from alembic_deploy.connect import ServerWait, run_on
from alembic_deploy.errors import DeployError
from alembic_deploy.limits import Limits
from alembic_deploy.session import prepare_session, prepare_to_write

_MARGIN_S = 10.0
"""How much longer than its timeouts the lost session may exist in the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The revisions that the database is at, read when the lost session had ended; or why not."""

    heads: tuple[str, ...] | None = None
    """None where they could not be read."""
    why: str = ""


def read_outcome(
    url: str, *, version_table: VersionTable, limits: Limits, print_line: Callable[[str], None]
) -> Outcome:
    """Connect again and read the version table, as soon as the lost session has ended.

    It has ended when the migration lock can be taken. Both waits are bounded, by `server_wait` and
    `idle_in_transaction_timeout`.
    """

    def read(connection: Connection) -> Outcome:
        prepare_to_write(connection, limits=limits)
        prepare_session(connection, limits=limits)
        wait_s = limits.idle_in_transaction_timeout_ms / 1000 + _MARGIN_S
        with advisory_lock(connection, version_table, wait_s=wait_s, print_line=print_line):
            options = {
                "version_table": version_table.name,
                "version_table_schema": version_table.schema,
            }
            migration = MigrationContext.configure(connection, opts=options)
            return Outcome(heads=migration.get_current_heads())

    print_line("connecting again, to see at which revision the database is")
    wait = ServerWait(wait_s=limits.server_wait_ms / 1000, print_line=print_line)
    try:
        return run_on(url, read, wait=wait)
    except DeployError as error:
        return Outcome(why=error.what)
    except (SQLAlchemyError, OSError):
        return Outcome(why="the connection was lost again")
