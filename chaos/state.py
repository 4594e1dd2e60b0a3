"""The state of a database: its revision, its catalog and its rows, beside those of a clean build."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_proof.catalog import Catalog, diff, read_catalog
from chaos.rows import Numbered

WITNESS = "witness"
"""Marks the rows of `Witness`, which a clean build does not have."""
_TABLES = """
SELECT tablename FROM pg_catalog.pg_tables
WHERE schemaname = 'public' AND tablename <> 'alembic_version' ORDER BY tablename
"""
_DIGEST = """
SELECT concat(count(*), ' rows, ', md5(string_agg(row::text, '' ORDER BY row::text)))
FROM (SELECT to_jsonb(t) AS row FROM public.{table} AS t) AS rows
WHERE row ->> 'auth_provider' IS DISTINCT FROM '{witness}'
"""


@dataclass(frozen=True, slots=True)
class State:
    """What a database contains."""

    revision: str
    catalog: Catalog
    rows: Mapping[str, str]
    """A digest for each table."""


def read_state(url: str) -> State:
    """Read it as the owner, who sees all rows."""
    return run_on(url, _read)


def read_revision(url: str) -> str:
    """Return the revision that the database is at."""
    return run_on(url, _revision)


def differences(found: State, expected: State) -> tuple[str, ...]:
    """Return in which ways the state is not that of a clean build."""
    problems = []
    if found.revision != expected.revision:
        problems.append(f"at {found.revision}, not at {expected.revision}")
    problems += [str(change) for change in diff(expected.catalog, found.catalog)][:3]
    for table in sorted({*found.rows, *expected.rows}):
        if found.rows.get(table) != expected.rows.get(table):
            problems.append(f"rows of {table}: {found.rows.get(table)}")
    return tuple(problems)


@dataclass(slots=True)
class Witness:
    """A client that writes rows until its connection breaks, and remembers those that were committed."""

    url: str
    committed: list[UUID]
    _writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start writing."""
        self._writing = asyncio.create_task(self._write())

    async def stop(self) -> None:
        """Stop writing; a row on its way may be committed or not."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.wait([self._writing])

    async def lost(self, owner_url: str) -> int:
        """Return how many of the committed rows are gone."""
        connection = await asyncpg.connect(owner_url)
        try:
            query = f"SELECT id FROM public.users WHERE auth_provider = '{WITNESS}'"
            there = {row["id"] for row in await connection.fetch(query)}
        finally:
            await connection.close()
        return len(set(self.committed) - there)

    async def _write(self) -> None:
        tenant = Numbered(1).tenant
        try:
            connection = await asyncpg.connect(self.url)
            while True:
                id_ = uuid4()
                async with connection.transaction():
                    await connection.execute("SET LOCAL ROLE boards_app")
                    await connection.execute(f"SET LOCAL app.tenant_id = '{tenant}'")
                    await connection.execute(
                        "INSERT INTO public.users (tenant_id, id, auth_provider, auth_subject,"
                        f" display_name) VALUES ($1, $2, '{WITNESS}', $3, 'Witness')",
                        *(tenant, id_, str(id_)),
                    )
                self.committed.append(id_)
                await asyncio.sleep(0.01)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return


def _read(connection: Connection) -> State:
    tables = tuple(connection.exec_driver_sql(_TABLES).scalars())
    rows = {
        table: connection.exec_driver_sql(_DIGEST.format(table=table, witness=WITNESS)).scalar_one()
        for table in tables
    }
    return State(_revision(connection), read_catalog(connection), rows)


def _revision(connection: Connection) -> str:
    query = "SELECT version_num FROM public.alembic_version ORDER BY version_num"
    return ", ".join(connection.exec_driver_sql(query).scalars()) or "base"
