"""A connection to a scratch database, as a proof has one between two steps of a walk."""

from __future__ import annotations

import sqlalchemy as sa

from alembic_proof.catalog import read_catalog
from alembic_proof.history.steps import WalkContext
from alembic_proof.proofs import RowPlan
from alembic_proof.proofs.roundtrip.synthetic_rows import SyntheticRows
from alembic_proof.rows import TableName

USERS, NOTES = TableName("public.users"), TableName("public.notes")
TABLES = (
    "CREATE TABLE users (id integer PRIMARY KEY, name text)",
    "CREATE TABLE notes (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users)",
)


class Connected:
    """A connection that is open while the test runs; `open` prepares the database."""

    connection: sa.Connection
    context: WalkContext

    def __init__(self, url: str, row_plan: RowPlan) -> None:
        self.url = url
        self.synthetic_rows = SyntheticRows(row_plan)

    def open(self, connection: sa.Connection) -> None:
        """Begin to use the connection."""
        self.connection = connection
        self.context = WalkContext(
            connection=connection, heads=(), version_table="alembic_version", version_schema=None
        )


class Site(Connected):
    """Two tables, and the synthetic rows in them."""

    def open(self, connection: sa.Connection) -> None:
        """Create the tables."""
        super().open(connection)
        self.run(*TABLES)

    def run(self, *statements: str) -> None:
        """Run the statements as a step does, and read the tables."""
        for statement in statements:
            self.connection.exec_driver_sql(statement)
        self.connection.commit()
        self.synthetic_rows.follow(self.context, read_catalog(self.connection))

    def rows(self, table: str) -> list[dict[str, object]]:
        """Return the table's rows, sorted by id."""
        found = self.connection.exec_driver_sql(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY id")
        rows = [dict(row) for row in found.scalars()]
        self.connection.rollback()
        return rows
