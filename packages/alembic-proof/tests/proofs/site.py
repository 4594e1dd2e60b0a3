"""A scratch database with two tables, whose rows are looked after as between a walk's steps."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from alembic_proof.catalog import read_catalog
from alembic_proof.history.walk import Ground
from alembic_proof.proofs import RowPlan
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.rows import TableName

USERS, NOTES = TableName("public.users"), TableName("public.notes")
TABLES = (
    "CREATE TABLE users (id integer PRIMARY KEY, name text)",
    "CREATE TABLE notes (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users)",
)


class Site:
    """A population and the connection that it works on."""

    def __init__(self, connection: sa.Connection, plan: RowPlan) -> None:
        self.connection = connection
        self.ground = Ground(
            connection=connection, heads=(), version_table="alembic_version", version_schema=None
        )
        self.population = Population(plan)
        self.run(*TABLES)

    def run(self, *statements: str) -> None:
        """Run the statements as a step does; the population follows."""
        for statement in statements:
            self.connection.exec_driver_sql(statement)
        self.connection.commit()
        self.population.follow(self.ground, read_catalog(self.connection))

    def rows(self, table: str) -> list[dict[str, object]]:
        """The table's rows, sorted by id."""
        found = self.connection.exec_driver_sql(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY id")
        rows = [dict(row) for row in found.scalars()]
        self.connection.rollback()
        return rows


Visit = Callable[..., None]
