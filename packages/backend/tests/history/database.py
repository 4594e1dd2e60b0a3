"""A database of a test's own, moved along the history and looked at between the moves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.history.chain import load_history, read_chain
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.postgres.connect import run_on

BACKEND = Path(__file__).resolve().parents[2]
INI = BACKEND / "alembic.ini"
CHAIN = read_chain(load_history(alembic_config(AlembicProject(file=INI))))
REVISIONS = {one.path.stem[len("YYYYMMDD_HHMMSS_") :]: one.revision_id for one in CHAIN}
"""Revision ids by the names of their files, in chain order."""
PINNED = REVISIONS["move_lineage_into_a_table"]
"""Where tests end that are about the first revisions: what follows it is for `roundtrip` to prove."""
FIRST = dict(list(REVISIONS.items())[: list(REVISIONS.values()).index(PINNED) + 1])
"""The revisions up to there."""
_DROP_VIEWS = """
DO $views$
DECLARE
    drop text;
BEGIN
    FOR drop IN
        SELECT concat(
            CASE relkind WHEN 'm' THEN 'DROP MATERIALIZED VIEW' ELSE 'DROP VIEW' END,
            ' IF EXISTS public.', quote_ident(relname), ' CASCADE'
        )
        FROM pg_class
        WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE drop;
    END LOOP;
END
$views$
"""


def before(name: str) -> str:
    """The revision that the named one follows."""
    ids = list(REVISIONS.values())
    return ids[ids.index(REVISIONS[name]) - 1]


@dataclass(frozen=True, slots=True)
class Database:
    """One database, and the history that moves it."""

    url: str
    ini: Path = INI

    def upgrade(self, revision: str = "head") -> None:
        """Ensures that the database is upgraded to the revision."""
        run_upgrade(alembic_config(AlembicProject(file=self.ini), url=self.url), revision)

    def downgrade(self, revision: str = "base") -> None:
        """Ensures that the database is downgraded to the revision."""
        command.downgrade(alembic_config(AlembicProject(file=self.ini), url=self.url), revision)

    def check(self) -> None:
        """Raises when autogenerate finds a difference between models and database."""
        command.check(alembic_config(AlembicProject(file=self.ini), url=self.url))

    def execute(self, *statements: str) -> None:
        """Sends the statements in one transaction."""
        run_on(self.url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])

    def drop_views(self) -> None:
        """Ensures that no view stands on a column that a test is about to change."""
        self.execute(_DROP_VIEWS)

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """What the query returns."""

        def fetch(connection: Connection) -> Sequence[tuple[Any, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

        return run_on(self.url, fetch)

    def catalog(self) -> Catalog:
        """What PostgreSQL says of the database, Alembic's own table left out."""
        return run_on(self.url, read_catalog)


def offline(method: str, revision: str) -> str:
    """The SQL that `alembic upgrade` or `downgrade` prints with --sql."""
    config = alembic_config(AlembicProject(file=INI))
    buffer = io.StringIO()
    config.output_buffer = buffer
    getattr(command, method)(config, revision, sql=True)
    return buffer.getvalue()


def insert(table: str, **values: object) -> str:
    """SQL of one row; strings are quoted, None is NULL, what begins with = is SQL."""
    columns = ", ".join(values)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(map(_sql, values.values()))})"


def _sql(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case str() if value.startswith("="):
            return value[1:]
        case _:
            quoted = str(value).replace("'", "''")
            return f"'{quoted}'"
