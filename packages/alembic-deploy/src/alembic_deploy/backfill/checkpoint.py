"""The table `alembic_backfill`: how far each backfill has come, written with each of its batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.declaration import Backfill
from alembic_deploy.backfill.statements import Key
from alembic_deploy.definitions import relation_exists
from alembic_deploy.errors import HistoryError
from alembic_deploy.revisions import graph_of

CHECKPOINTS = "alembic_backfill"
"""The table's name. It is beside Alembic's version table, and belongs to the login that migrates."""

_SCHEMA = """\
SELECT pg_catalog.quote_ident(coalesce(
    CAST(:schema AS text),
    (
        SELECT schema.nspname
        FROM pg_catalog.pg_class AS class
        JOIN pg_catalog.pg_namespace AS schema ON schema.oid = class.relnamespace
        WHERE class.oid = pg_catalog.to_regclass(pg_catalog.quote_ident(:version_table))
    ),
    pg_catalog.current_schema()
))"""
_DEFINITIONS = {
    "name": "text PRIMARY KEY",
    "revision": "text NOT NULL",
    "is_undo": "boolean NOT NULL",
    "relation": "text",
    "last_key": "text[]",
    "rows_done": "bigint NOT NULL DEFAULT 0",
    "started_at": "timestamptz NOT NULL DEFAULT pg_catalog.now()",
    "updated_at": "timestamptz NOT NULL DEFAULT pg_catalog.now()",
    "finished_at": "timestamptz",
}
CHECKPOINT_COLUMNS = tuple(_DEFINITIONS)
"""The columns by which the proofs recognise the table, which belongs to no revision."""
_CREATE = (
    "CREATE TABLE IF NOT EXISTS {table} (\n    "
    + ",\n    ".join(f"{name} {definition}" for name, definition in _DEFINITIONS.items())
    + "\n)"
)
# Default privileges may give a new table to the application.
_GRANTEES = """\
SELECT DISTINCT CASE acl.grantee
        WHEN 0 THEN 'PUBLIC'
        ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(acl.grantee))
    END
FROM pg_catalog.pg_class AS class, pg_catalog.aclexplode(class.relacl) AS acl
WHERE class.oid = pg_catalog.to_regclass(:table) AND acl.grantee <> class.relowner"""
_READ = """\
SELECT revision, is_undo, relation, last_key, rows_done, finished_at IS NOT NULL AS is_finished
FROM {table} WHERE name = :name"""
_BEGIN = """\
INSERT INTO {table} (name, revision, is_undo) VALUES (:name, :revision, :is_undo)
ON CONFLICT (name) DO UPDATE
SET revision = excluded.revision, is_undo = excluded.is_undo, relation = NULL, last_key = NULL,
    rows_done = 0, started_at = pg_catalog.now(), updated_at = pg_catalog.now(), finished_at = NULL"""
_MAY_READ = """\
SELECT coalesce(
    pg_catalog.has_table_privilege(CAST(pg_catalog.to_regclass(:table) AS oid), 'SELECT'), false
)"""
_UNFINISHED = """\
SELECT name, revision, rows_done
FROM {table}
WHERE finished_at IS NULL
ORDER BY started_at, name"""
_ADVANCE = """\
UPDATE {table}
SET relation = :relation, last_key = coalesce({key}, last_key), rows_done = rows_done + :rows,
    updated_at = pg_catalog.now()
WHERE name = :name"""
_FINISH = """\
UPDATE {table}
SET relation = NULL, last_key = NULL, updated_at = pg_catalog.now(), finished_at = pg_catalog.now()
WHERE name = :name"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far a backfill has come."""

    relation: str | None = None
    """The relation that it walks through; None before the first batch."""
    last_key: Key | None = None
    rows_done: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedBackfill:
    """A backfill whose checkpoint says that rows may be left."""

    name: str
    revision: str
    rows_done: int

    def __str__(self) -> str:
        """Return the backfill, its revision and the rows that are done."""
        return (
            f"the backfill {self.name} of {self.revision} is not finished: "
            f"{self.rows_done:,} rows are done"
        )


@dataclass(frozen=True, slots=True)
class CheckpointTable:
    """The table of one database."""

    name: str
    """With its schema, quoted."""

    @classmethod
    def of(cls, connection: Connection, migration: MigrationContext) -> CheckpointTable:
        """Return the table beside the version table, whether it exists or not."""
        schema = connection.execute(
            text(_SCHEMA),
            {
                "schema": migration.version_table_schema,
                "version_table": migration.version_table,
            },
        ).scalar_one()
        return cls(f"{schema}.{CHECKPOINTS}")

    def exists(self, connection: Connection) -> bool:
        """Return whether a backfill has created it."""
        return relation_exists(connection, self.name)

    def create(self, connection: Connection) -> None:
        """Create it unless it exists, without a privilege for any other role."""
        if self.exists(connection):
            return
        self._run(connection, _CREATE)
        for grantee in connection.execute(text(_GRANTEES), {"table": self.name}).scalars().all():
            connection.execute(text(f"REVOKE ALL ON {self.name} FROM {grantee}"))

    def read(
        self, connection: Connection, backfill: Backfill, *, is_undo: bool
    ) -> Checkpoint | None:
        """Return the checkpoint of an earlier run that did not finish; None without one.

        :raises HistoryError: A backfill of that name belongs to another revision.
        """
        row = self._run(connection, _READ, name=backfill.name).first()
        if row is None:
            return None
        if row.revision != backfill.revision:
            raise HistoryError(
                f"the backfill {backfill.name} of this database belongs to revision {row.revision}, "
                f"not to {backfill.revision}",
                where=f"{backfill.path}, table {self.name}",
                todo="give it another name",
            )
        if row.is_finished or row.is_undo != is_undo:
            return None
        return Checkpoint(
            relation=row.relation,
            last_key=tuple(row.last_key) if row.last_key is not None else None,
            rows_done=row.rows_done,
        )

    def unfinished(self, connection: Connection) -> tuple[UnfinishedBackfill, ...]:
        """Return the backfills that are not finished; none where this login may not read the table."""
        if not connection.execute(text(_MAY_READ), {"table": self.name}).scalar_one():
            return ()
        return tuple(
            UnfinishedBackfill(name=row.name, revision=row.revision, rows_done=row.rows_done)
            for row in self._run(connection, _UNFINISHED)
        )

    def announce(self, connection: Connection, backfill: Backfill) -> None:
        """Record, in the transaction of its revision, that the backfill is to be run.

        :raises HistoryError: A backfill of that name belongs to another revision.
        """
        self.create(connection)
        self.read(connection, backfill, is_undo=False)
        self.begin(connection, backfill, is_undo=False)

    def begin(self, connection: Connection, backfill: Backfill, *, is_undo: bool) -> None:
        """Record that the backfill begins in this direction."""
        self._run(
            connection, _BEGIN, name=backfill.name, revision=backfill.revision, is_undo=is_undo
        )

    def advance(
        self,
        connection: Connection,
        backfill: Backfill,
        *,
        relation: str,
        last_key: Key | None,
        rows: int,
    ) -> None:
        """Record one more batch, and the key after which the next one begins; None keeps it."""
        names = [f"key_{number}" for number, _ in enumerate(last_key or ())]
        array = ", ".join(f"CAST(:{name} AS text)" for name in names)
        self._run(
            connection,
            _ADVANCE,
            key=f"ARRAY[{array}]" if names else "CAST(NULL AS text[])",
            name=backfill.name,
            relation=relation,
            rows=rows,
            **dict(zip(names, last_key or (), strict=True)),
        )

    def finish(self, connection: Connection, backfill: Backfill) -> None:
        """Record that no row is left, unless there never was one."""
        if self.exists(connection):
            self._run(connection, _FINISH, name=backfill.name)

    def remove(self, connection: Connection, backfill: Backfill) -> None:
        """Forget the backfill: it has been undone, or its revision is."""
        if self.exists(connection):
            self._run(connection, "DELETE FROM {table} WHERE name = :name", name=backfill.name)

    def _run(self, connection: Connection, sql: str, *, key: str = "", **values: Any) -> Any:
        return connection.execute(text(sql.format(table=self.name, key=key)), values)


def unfinished_backfills(migration: MigrationContext) -> tuple[UnfinishedBackfill, ...]:
    """Return the backfills of applied revisions that are not finished, the oldest first.

    It reads the checkpoints, not the rows that are left. A database that was stamped, or made by a
    script of `--sql`, has no checkpoints. No transaction is left open that was not open before.
    """
    connection, script = migration.connection, migration.script
    if connection is None or script is None or migration.as_sql:
        return ()
    is_outer = connection.in_transaction()
    try:
        heads = migration.get_current_heads()
        applied = graph_of(script).ancestors(heads, with_dependencies=True)
        found = CheckpointTable.of(connection, migration).unfinished(connection) if applied else ()
        return tuple(one for one in found if one.revision in applied)
    finally:
        if not is_outer:
            connection.rollback()
