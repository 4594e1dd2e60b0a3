"""One database for the tests of this directory, and revisions as Python that is run in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations, ops
from sqlalchemy.dialects import postgresql

from alembic_deploy.connect import run_on
from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.operations import operations
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.revision_file import finished
from alembic_proof.authoring.source import Source
from alembic_proof.catalog import Snapshot, read_snapshot
from alembic_proof.scratch import scratch_database

T = TypeVar("T")
HEAD = (
    "import sqlalchemy as sa\nfrom alembic import op\nfrom sqlalchemy.dialects import postgresql\n"
)


@dataclass(frozen=True, slots=True)
class Database:
    """A database whose changes are rolled back after each piece of work."""

    url: str

    def run(self, work: Callable[[sa.Connection], T]) -> T:
        """Return what the work returns in a transaction, which is rolled back."""

        def run(connection: sa.Connection) -> T:
            found = work(connection)
            connection.rollback()
            return found

        return run_on(self.url, run)


@pytest.fixture(scope="session")
def database(server_url: str) -> Iterator[Database]:
    """Provide an empty database."""
    with scratch_database(server_url) as url:
        yield Database(url)


def snapshot_of(connection: sa.Connection, *statements: str) -> Snapshot:
    """Return the snapshot of the database after these statements, which are rolled back."""
    savepoint = connection.begin_nested()
    send(connection, *statements)
    found = read_snapshot(connection)
    savepoint.rollback()
    return found


def send(connection: sa.Connection, *statements: str) -> None:
    """Send the statements, one at a time."""
    for statement in statements:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def revision_text(
    connection: sa.Connection, before: Snapshot, after: Snapshot, *, source: Source, **options: Any
) -> str:
    """Return the function that turns one database into the other, in a file of its own.

    :param options: of `render_python_code`, such as `render_item`.
    """
    made = operations(plan(before, after), before=before, after=after, source=source)
    return file_text(connection, made, **options)


def function_text(
    connection: sa.Connection, actions: Sequence[Action], *, before: Snapshot, after: Snapshot
) -> str:
    """Return the function upgrade() with these actions."""
    made = operations(actions, before=before, after=after, source=Source())
    text = file_text(connection, made)
    return text[text.index("def upgrade") :]


def file_text(
    connection: sa.Connection, made: Sequence[ops.MigrateOperation], **options: Any
) -> str:
    """Return the operations as the function upgrade() of a file."""
    code = render_python_code(
        ops.UpgradeOps(ops=list(made)),
        migration_context=MigrationContext.configure(connection),
        **options,
    )
    return finished(f"{HEAD}\n\ndef upgrade() -> None:\n    {code}\n", line_length=100)


def run_revision(
    connection: sa.Connection, text: str, *, metadata: sa.MetaData | None = None
) -> Snapshot:
    """Run the function of a revision and return the database's snapshot.

    :param metadata: env.py's target_metadata, whose naming convention applies.
    """
    context = MigrationContext.configure(connection, opts={"target_metadata": metadata})
    names: dict[str, Any] = {"sa": sa, "postgresql": postgresql}
    exec(text.replace("from alembic import op\n", ""), names)  # noqa: S102  the revision itself
    names["op"] = Operations(context)
    names["upgrade"]()
    return read_snapshot(connection)
