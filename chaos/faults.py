"""Faults at random moments of a migration: whatever happens, the next run finishes it."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from chaos.migrator import Ended, Migrator, session_appears, sessions_now, sessions_vanish
from chaos.proxy import Proxy, proxied
from chaos.setup import ENDS_WITHIN_S, Setup, blocker
from chaos.state import Witness, differences

GONE_AFTER_KILL_S = 5.0
GONE_AFTER_BLACK_HOLE_S = 30.0
SIGNALLED_WITHIN_S = 5.0
_STARTS_WITHIN_S = 60.0
_BLOCKED_S = 4.0
_COMMITS = 16
_CODES = {signal.SIGTERM: 143, signal.SIGINT: 130}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One fault, and what went wrong after it."""

    fault: str
    problems: tuple[str, ...]
    gone_s: float | None = None
    """After how many seconds the migrator's session, and its locks, were gone."""
    is_during: bool = True
    """Whether the migrator was still running at that moment."""


@dataclass(slots=True, kw_only=True)
class _Scene:
    """A migration that runs, a client that writes beside it, and what is known so far."""

    setup: Setup
    database: str
    migrator: Migrator
    witness: Witness
    proxy: Proxy | None
    problems: list[str]

    async def vanish(self, *, within_s: float) -> float | None:
        """Note a session that stays; return after how many seconds there was none."""
        gone_s = await sessions_vanish(self.setup.server, self.database, within_s=within_s)
        if gone_s is None:
            found = await sessions_now(self.setup.server, self.database)
            self.problems.append(f"its session is there after {within_s:g} s: {found}")
        return gone_s

    async def end(self, *, within_s: float = ENDS_WITHIN_S) -> Ended | None:
        """Wait for the migrator's own end; note what its output says wrongly."""
        ended = await self.migrator.wait(within_s=within_s)
        if ended is None:
            self.problems.append(f"it does not end within {within_s:g} s")
            return None
        self.problems += ended.problems
        return ended

    async def check_claim(self, ended: Ended | None) -> None:
        """Note an error that names a revision which the database is not at."""
        claimed = ended.claimed_revision() if ended and ended.code else None
        if claimed is None:
            return
        found = await self.setup.revision(self.database)
        if claimed != found:
            self.problems.append(f"it says {claimed}, the database is at {found}")


Inflict = Callable[[_Scene], Awaitable[float | None]]


async def kill_migrator(scene: _Scene) -> float | None:
    """Kill the migrator."""
    scene.migrator.signal(signal.SIGKILL)
    gone_s = await scene.vanish(within_s=GONE_AFTER_KILL_S)
    await scene.end()
    return gone_s


async def kill_server(scene: _Scene) -> float | None:
    """Kill the server, and start it again."""
    scene.setup.server.kill()
    await asyncio.to_thread(scene.setup.server.restart)
    ended = await scene.end()
    await scene.check_claim(ended)
    return await scene.vanish(within_s=GONE_AFTER_KILL_S)


async def cut(scene: _Scene) -> float | None:
    """Cut the connection on both sides."""
    assert scene.proxy is not None
    scene.proxy.cut()
    ended = await scene.end()
    await scene.check_claim(ended)
    return await scene.vanish(within_s=GONE_AFTER_KILL_S)


async def cut_in_commit(scene: _Scene) -> float | None:
    """Wait until the proxy has cut the connection in a commit."""
    ended = await scene.end()
    await scene.check_claim(ended)
    return await scene.vanish(within_s=GONE_AFTER_KILL_S)


async def black_hole(scene: _Scene) -> float | None:
    """Let the network swallow everything, then kill the migrator."""
    assert scene.proxy is not None
    scene.proxy.swallow()
    gone_s = await scene.vanish(within_s=GONE_AFTER_BLACK_HOLE_S)
    scene.migrator.signal(signal.SIGKILL)
    await scene.end()
    scene.proxy.cut()
    await scene.vanish(within_s=GONE_AFTER_KILL_S)
    return gone_s


async def signal_in_black_hole(scene: _Scene) -> float | None:
    """Let the network swallow everything, and send SIGTERM."""
    assert scene.proxy is not None
    scene.proxy.swallow()
    return await _signal(scene, signal.SIGTERM)


async def terminate(scene: _Scene) -> float | None:
    """Send SIGTERM."""
    return await _signal(scene, signal.SIGTERM)


async def interrupt(scene: _Scene) -> float | None:
    """Send SIGINT."""
    return await _signal(scene, signal.SIGINT)


async def _signal(scene: _Scene, number: signal.Signals) -> float | None:
    was_running = scene.migrator.process.returncode is None
    scene.migrator.signal(number)
    ended = await scene.end(within_s=SIGNALLED_WITHIN_S)
    if ended is not None and was_running and ended.code not in (0, _CODES[number]):
        scene.problems.append(f"exit code {ended.code} after {number.name}")
    if scene.proxy is not None:
        return await scene.vanish(within_s=GONE_AFTER_BLACK_HOLE_S)
    await scene.check_claim(ended)
    return await scene.vanish(within_s=GONE_AFTER_KILL_S)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a migration, and whether a proxy between it and the server does it."""

    title: str
    inflict: Inflict
    has_proxy: bool = False
    is_in_commit: bool = False


KILL = Fault("kill -9 of the migrator", kill_migrator)
KILL_SERVER = Fault("kill -9 of the server, and its start", kill_server)
CUT_IN_COMMIT = Fault(
    "connection cut in a commit", cut_in_commit, has_proxy=True, is_in_commit=True
)
SIGNAL_IN_BLACK_HOLE = Fault(
    "network swallows all, then SIGTERM", signal_in_black_hole, has_proxy=True
)
OTHERS = (
    Fault("SIGTERM", terminate),
    Fault("Control-C", interrupt),
    Fault("connection cut", cut, has_proxy=True),
    CUT_IN_COMMIT,
    Fault("network swallows all", black_hole, has_proxy=True),
    SIGNAL_IN_BLACK_HOLE,
)
"""Faults of which several can be tried at once, as they concern one database."""


async def try_fault(setup: Setup, fault: Fault, number: int) -> Trial:
    """Inflict the fault at a random moment; then run the migration again and judge the state.

    Every other trial has a transaction that blocks it, so that the migration waits for its lock.
    """
    name = f"chaos_{fault.inflict.__name__}_{number}"
    is_blocked = number % 2 == 1 and not fault.is_in_commit
    async with setup.copy(name) as copied, AsyncExitStack() as stack:
        if is_blocked:
            await stack.enter_async_context(blocker(setup.server, copied))
        async with _scene(setup, copied, fault) as scene:
            if not fault.is_in_commit:
                await asyncio.sleep(setup.moment_s(more_s=_BLOCKED_S * is_blocked))
            is_during = scene.migrator.process.returncode is None
            gone_s = await fault.inflict(scene)
        await stack.aclose()
        problems = tuple(scene.problems) + await _problems_of_next_run(scene)
    return Trial(fault=fault.title, problems=problems, gone_s=gone_s, is_during=is_during)


@asynccontextmanager
async def _scene(setup: Setup, copied: str, fault: Fault) -> AsyncIterator[_Scene]:
    async with AsyncExitStack() as stack:
        proxy = None
        if fault.has_proxy:
            proxy = await stack.enter_async_context(proxied(setup.server.placement.port))
            proxy.cut_at_commit = random.randint(1, _COMMITS) if fault.is_in_commit else 0
        witness = Witness(setup.server.app_url(copied), [])
        witness.start()
        migrator = await setup.migrate(copied, port=proxy.port if proxy else None)
        stack.push_async_callback(witness.stop)
        stack.callback(migrator.signal, signal.SIGKILL)
        problems = []
        if not fault.is_in_commit and not await session_appears(
            setup.server, copied, within_s=_STARTS_WITHIN_S
        ):
            problems.append("its session never appeared")
        yield _Scene(
            setup=setup,
            database=copied,
            migrator=migrator,
            witness=witness,
            proxy=proxy,
            problems=problems,
        )


async def _problems_of_next_run(scene: _Scene) -> tuple[str, ...]:
    """Run the migration again; return in which ways its result is not that of a clean run."""
    setup = scene.setup
    migrator = await setup.migrate(scene.database)
    ended = await migrator.wait(within_s=ENDS_WITHIN_S)
    if ended is None:
        return ("the next run does not end",)
    if ended.code:
        return (f"the next run ends with {ended.code}: {ended.output.strip()[-300:]}",)
    problems = differences(await setup.state(scene.database), setup.expected)
    lost = await scene.witness.lost(setup.server.owner_url(scene.database))
    return (*problems, *((f"{lost} committed rows are lost",) if lost else ()))
