"""A test's own database, which its history upgrades and downgrades."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import Catalog, diff, read_catalog
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import load_history, read_chain
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.scratch import scratch_database

BACKEND = Path(__file__).resolve().parents[2]
INI = BACKEND / "alembic.ini"
CHAIN = read_chain(load_history(alembic_config(Project(file=INI))))
REVISIONS = {one.path.stem[len("YYYYMMDD_HHMMSS_") :]: one.revision_id for one in CHAIN}
"""Revision ids by the names of their files, in chain order."""
PINNED = REVISIONS["move_lineage_into_a_table"]
"""The last revision that these tests apply; `alembic-proof roundtrip` proves the later ones."""
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
    """Return the revision that the named one follows."""
    ids = list(REVISIONS.values())
    return ids[ids.index(REVISIONS[name]) - 1]


@dataclass(frozen=True, slots=True)
class Database:
    """A database and the history that migrates it."""

    url: str
    ini: Path = INI

    def upgrade(self, revision: str = "head") -> None:
        """Upgrade the database to the revision."""
        run_upgrade(alembic_config(Project(file=self.ini), url=self.url), revision)

    def downgrade(self, revision: str = "base") -> None:
        """Downgrade the database to the revision."""
        command.downgrade(alembic_config(Project(file=self.ini), url=self.url), revision)

    def check(self) -> None:
        """Raise if autogenerate finds a difference between models and database."""
        command.check(alembic_config(Project(file=self.ini), url=self.url))

    def execute(self, *statements: str) -> None:
        """Send the statements in one transaction."""
        run_on(self.url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])

    def drop_views(self) -> None:
        """Drop the views over columns that a test changes."""
        self.execute(_DROP_VIEWS)

    def rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return the rows of the query."""

        def fetch(connection: Connection) -> Sequence[tuple[Any, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

        return run_on(self.url, fetch)

    @contextmanager
    def copied(self, server_url: str) -> Iterator[Database]:
        """Provide a copy of this database, which costs less than the migrations that made it."""
        template = DatabaseUrl.parse(self.url).database
        with scratch_database(server_url, template=template) as url:
            yield replace(self, url=url)

    def catalog(self) -> Catalog:
        """Return the catalog of the database, without Alembic's own table."""
        return run_on(self.url, read_catalog)

    def changes_made_by(self, *statements: str) -> list[str]:
        """Return what the statements change in the catalog, as sentences; they are rolled back."""

        def change(connection: Connection) -> list[str]:
            before = read_catalog(connection)
            savepoint = connection.begin_nested()
            for sql in statements:
                connection.exec_driver_sql(sql)
            after = read_catalog(connection)
            savepoint.rollback()
            return [str(one) for one in diff(before, after)]

        return run_on(self.url, change)


def offline(method: str, revision: str) -> str:
    """Return the SQL that `alembic upgrade` or `downgrade` prints with --sql."""
    config = alembic_config(Project(file=INI))
    buffer = io.StringIO()
    config.output_buffer = buffer
    getattr(command, method)(config, revision, sql=True)
    return buffer.getvalue()


def insert(table: str, **values: object) -> str:
    """Return SQL of one row; strings are quoted, None is NULL, a string that begins with = is SQL."""
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
