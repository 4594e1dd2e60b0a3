"""What the trials of a run share: a template to start from, and the state that they must reach."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import asyncpg

from chaos.histories import Tool, chain, ours
from chaos.migrator import Ended, Migrator, session_appears, sessions_vanish, start
from chaos.passwords import PasswordSearch
from chaos.rows import START, Numbered, seed
from chaos.server import Server, create_database, drop_database
from chaos.state import State, read_revision, read_state

ENDS_WITHIN_S = 180.0
HEAD = chain()[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A migration from a template to a revision."""

    server: Server
    search: PasswordSearch
    template: str
    direction: str
    target: str
    expected: State
    """The state that a migration without any fault has reached from the template."""
    works_s: float
    """How long its session took."""
    tool: Tool
    variables: Mapping[str, str] = field(default_factory=dict)
    """More variables of the migrator."""

    @asynccontextmanager
    async def copy(self, name: str) -> AsyncIterator[str]:
        """Yield the name of a fresh copy of the template."""
        async with opened(self.server, name, template=self.template) as copied:
            yield copied

    async def migrate(self, database: str, *, port: int | None = None) -> Migrator:
        """Start the migration, through a proxy's port if one is given."""
        return await migrate(
            self.server,
            self.search,
            self.tool,
            database,
            self.direction,
            self.target,
            port=port,
            **self.variables,
        )

    async def state(self, database: str) -> State:
        """Read the state of a copy."""
        return await asyncio.to_thread(read_state, self.server.owner_url(database))

    async def revision(self, database: str) -> str:
        """Read the revision of a copy."""
        return await asyncio.to_thread(read_revision, self.server.owner_url(database))

    def moment_s(self, *, more_s: float = 0.0) -> float:
        """Return a random moment of the work, counted from the start of its session."""
        return random.uniform(0, self.works_s * 1.1 + more_s)


class BrokenSetupError(Exception):
    """A migration without any fault failed, so that trials would mean nothing."""


async def migrate(
    server: Server,
    search: PasswordSearch,
    tool: Tool,
    database: str,
    direction: str,
    revision: str,
    *,
    port: int | None = None,
    **variables: str,
) -> Migrator:
    """Start a migration of that database by that tool."""
    environ = tool.environ(
        server.owner_url(database, port=port), server.app_url(database), **variables
    )
    return await start(tool, *tool.arguments(direction, revision), environ=environ, search=search)


async def migrated(
    server: Server,
    search: PasswordSearch,
    tool: Tool,
    database: str,
    direction: str,
    revision: str,
) -> Ended:
    """Migrate without any fault.

    :raises BrokenSetupError: It did not succeed.
    """
    running = await migrate(server, search, tool, database, direction, revision)
    ended = await running.wait(within_s=1800)
    if ended is None or ended.code:
        raise BrokenSetupError(ended.output if ended else f"{direction} {revision} does not end")
    return ended


@asynccontextmanager
async def opened(
    server: Server, name: str, *, template: str = "template0", strategy: str = "wal_log"
) -> AsyncIterator[str]:
    """Yield the name of a new database, and drop it at the end, without stopping the event loop."""
    await asyncio.to_thread(create_database, server, name, template=template, strategy=strategy)
    try:
        yield name
    finally:
        await asyncio.to_thread(drop_database, server, name)


async def prepare_upgrade(
    server: Server, search: PasswordSearch, *, rows: int = 1000, **variables: str
) -> Setup:
    """Return the upgrade from `START` to the head.

    :param variables: More variables of the migrators.
    :raises BrokenSetupError: It fails without any fault.
    """
    tool = ours()
    await _create(server, search, tool, "chaos_start", rows=rows)
    up = await _setup(server, search, tool, "chaos_start", "upgrade", "head")
    return replace(up, variables=variables)


async def prepare_downgrade(server: Server, search: PasswordSearch, *, rows: int = 1000) -> Setup:
    """Return the downgrade from the head to `START`.

    :raises BrokenSetupError: It fails without any fault.
    """
    tool = ours()
    await _create(server, search, tool, "chaos_head", rows=rows)
    await migrated(server, search, tool, "chaos_head", "upgrade", "head")
    return await _setup(server, search, tool, "chaos_head", "downgrade", START)


async def _create(
    server: Server, search: PasswordSearch, tool: Tool, name: str, *, rows: int
) -> None:
    """Create a template at `START`; it stays until the server's data is deleted."""
    await asyncio.to_thread(create_database, server, name)
    await migrated(server, search, tool, name, "upgrade", START)
    await asyncio.to_thread(seed, server, name, rows=rows)


@asynccontextmanager
async def blocker(server: Server, database: str) -> AsyncIterator[None]:
    """Hold the locks of an ordinary write on users, as a slow transaction of the application does."""
    connection = await asyncpg.connect(server.app_url(database))
    try:
        await connection.execute("BEGIN; SET LOCAL ROLE boards_app")
        await connection.execute(f"SET LOCAL app.tenant_id = '{Numbered(1).tenant}'")
        await connection.execute(
            "UPDATE public.users SET avatar_url = avatar_url WHERE id = $1", Numbered(1).user
        )
        yield
    finally:
        connection.terminate()


async def _setup(
    server: Server, search: PasswordSearch, tool: Tool, template: str, direction: str, target: str
) -> Setup:
    async with opened(server, f"{template}_clean", template=template) as clean:
        works_s = await _session_s(server, search, tool, clean, direction, target)
        expected = await asyncio.to_thread(read_state, server.owner_url(clean))
    return Setup(
        server=server,
        search=search,
        template=template,
        direction=direction,
        target=target,
        expected=expected,
        works_s=works_s,
        tool=tool,
    )


async def _session_s(
    server: Server, search: PasswordSearch, tool: Tool, database: str, direction: str, target: str
) -> float:
    """Migrate, and return how long its session took."""
    running = await migrate(server, search, tool, database, direction, target)
    await session_appears(server, database)
    took_s = await sessions_vanish(server, database, within_s=ENDS_WITHIN_S)
    ended = await running.wait(within_s=ENDS_WITHIN_S)
    if ended is None or ended.code or took_s is None:
        raise BrokenSetupError(ended.output if ended else f"{direction} {target} does not end")
    return took_s
