"""Traffic beside migrations: none, ours and bare Alembic's, one after the other in one run."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from time import monotonic

from chaos.changes import REWRITES, SAFE
from chaos.clients import Load, Sample
from chaos.histories import ROOT, Tool, bare, chain, copy_history, ours
from chaos.latency import Latency, latency
from chaos.migrator import Ended, session_appears
from chaos.passwords import PasswordSearch
from chaos.rows import START, seed
from chaos.server import Server
from chaos.setup import HEAD, blocker, migrate, migrated, opened

BLOCKED_S = 20.0
NO_MIGRATION, OURS = "no migration", "ours"
LOCK_TIMEOUT_S = 2.0
ADDED_AT_MOST_MS = (LOCK_TIMEOUT_S + 0.5) * 1000
_WITHOUT_S = 10.0
_LEG_WITHIN_S = 900.0
_WARM_UP_S = 2.0


class Kind(Enum):
    """What a leg's revisions do to a table."""

    SAFE = "safe form"
    DROPS = "drops"
    REWRITES = "rewrites"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Some revisions in one direction, run by one command beside the clients."""

    title: str
    direction: str
    revision: str
    kind: Kind
    is_at_head: bool = True
    """Whether both of its schemas have all tables of the head."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A leg as the clients saw it."""

    leg: Leg
    tool: str
    latency: Latency
    took_s: float
    code: int = 0
    output: str = ""


def legs() -> tuple[Leg, ...]:
    """Return all legs, from `START` up and back down again."""
    history = chain()
    lineage = history.index("f05c3e92b7a1")
    before, moved = history[lineage - 1], history[lineage]
    safe, last = SAFE[-1].revision, REWRITES[-1].revision
    up, down = "upgrade", "downgrade"
    return (
        _leg("history to the ledger and joined_at", up, before, Kind.SAFE, is_at_head=False),
        _leg("lineage out of an array", up, moved, Kind.REWRITES, is_at_head=False),
        _leg("newest revisions", up, HEAD, Kind.SAFE),
        _leg("dangerous changes, safe form", up, safe, Kind.SAFE),
        _leg("dangerous changes, plain", up, last, Kind.REWRITES),
        _leg("dangerous changes, plain", down, safe, Kind.REWRITES),
        _leg("dangerous changes, safe form", down, HEAD, Kind.DROPS),
        _leg("newest revisions", down, moved, Kind.SAFE),
        _leg("lineage into an array", down, before, Kind.REWRITES, is_at_head=False),
        _leg("history to the ledger and joined_at", down, START, Kind.DROPS, is_at_head=False),
    )


def _leg(title: str, direction: str, revision: str, kind: Kind, *, is_at_head: bool = True) -> Leg:
    return Leg(
        title=title, direction=direction, revision=revision, kind=kind, is_at_head=is_at_head
    )


async def measure(
    server: Server,
    search: PasswordSearch,
    *,
    rows: int,
    chosen: Sequence[Leg],
    blocked_s: float = BLOCKED_S,
    is_ours_alone: bool = False,
) -> AsyncIterator[Measured]:
    """Yield each leg three times: without a migration, with ours, and with bare Alembic.

    :param is_ours_alone: Yield it once, with ours.
    """
    async with AsyncExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ini = copy_history(place, changes=(*SAFE, *REWRITES))
        template = await stack.enter_async_context(opened(server, "traffic_start"))
        mine = ours(ini)
        await migrated(server, search, mine, template, "upgrade", START)
        await asyncio.to_thread(seed, server, template, rows=rows)
        names = []
        for name in ("traffic_ours", "traffic_bare"):
            copying = opened(server, name, template=template, strategy="file_copy")
            names.append(await stack.enter_async_context(copying))
        other = bare(place / "bare", ini, owner_url=server.owner_url(names[1]))
        run = _Run(server=server, search=search, rows=rows, blocked_s=blocked_s)
        contestants = tuple(zip((mine, other), names, strict=True))[: 1 if is_ours_alone else 2]
        for leg in legs()[: max(map(legs().index, chosen)) + 1]:
            if leg in chosen and not is_ours_alone:
                yield await run.without(leg, names[0])
            for tool, name in contestants:
                if leg in chosen:
                    yield await run.with_(leg, tool, name)
                else:
                    await run.skip(leg, tool, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    server: Server
    search: PasswordSearch
    rows: int
    blocked_s: float

    async def without(self, leg: Leg, database: str) -> Measured:
        """Measure the clients, and the blocking transaction, without any migration."""
        async with self._clients(leg, database) as traffic:
            start_s = monotonic()
            async with blocker(self.server, database):
                await asyncio.sleep(min(_WITHOUT_S, self.blocked_s))
            end_s = monotonic()
        found = latency(traffic.samples, start_s=start_s, end_s=end_s)
        return Measured(leg=leg, tool=NO_MIGRATION, latency=found, took_s=end_s - start_s)

    async def with_(self, leg: Leg, tool: Tool, database: str) -> Measured:
        """Measure the clients while that tool migrates and a transaction is in its way.

        A migration that fails is finished without traffic, so that the next leg can begin.
        """
        async with self._clients(leg, database) as traffic:
            start_s = monotonic()
            blocking = asyncio.create_task(self._block(database))
            await asyncio.sleep(0.5)
            ended = await self._migrate(leg, tool, database)
            end_s = monotonic()
            blocking.cancel()
            await asyncio.wait([blocking])
        if ended is None or ended.code:
            await asyncio.to_thread(_drop_invalid_indexes, self.server, database)
            await migrated(self.server, self.search, tool, database, leg.direction, leg.revision)
        return Measured(
            leg=leg,
            tool=tool.name,
            latency=latency(traffic.samples, start_s=start_s, end_s=end_s),
            took_s=end_s - start_s,
            code=ended.code if ended else -1,
            output=ended.output if ended else "it does not end",
        )

    async def skip(self, leg: Leg, tool: Tool, database: str) -> None:
        """Migrate without traffic."""
        await migrated(self.server, self.search, tool, database, leg.direction, leg.revision)

    async def _migrate(self, leg: Leg, tool: Tool, database: str) -> Ended | None:
        running = await migrate(
            self.server, self.search, tool, database, leg.direction, leg.revision
        )
        return await running.wait(within_s=_LEG_WITHIN_S)

    async def _block(self, database: str) -> None:
        """Hold the lock from before the migrator connects, and then for as long as is asked for."""
        async with blocker(self.server, database):
            await session_appears(self.server, database, within_s=_LEG_WITHIN_S)
            await asyncio.sleep(self.blocked_s)

    @asynccontextmanager
    async def _clients(self, leg: Leg, database: str) -> AsyncIterator[_Traffic]:
        """Run the clients during the block; afterwards their samples are there."""
        load = Load(url=self.server.app_url(database), rows=self.rows, is_at_head=leg.is_at_head)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "chaos.clients"),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(asdict(load)).encode() + b"\n")
        traffic = _Traffic()
        await asyncio.sleep(_WARM_UP_S)
        try:
            yield traffic
            await asyncio.sleep(0.5)
        finally:
            process.stdin.close()
            output, _ = await process.communicate()
            traffic.samples += [Sample(**json.loads(line)) for line in output.splitlines()]


def _drop_invalid_indexes(server: Server, database: str) -> None:
    """Drop what a failed CREATE INDEX CONCURRENTLY has left, as a person would have to."""
    query = "SELECT indexrelid::regclass::text FROM pg_catalog.pg_index WHERE NOT indisvalid"
    for (name,) in server.execute(query, database=database):
        server.execute(f"DROP INDEX {name}", database=database)


class _Traffic:
    """The samples of the clients, once they have ended."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
