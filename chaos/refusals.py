"""Servers that cannot be migrated now, or not this way: one clear message each, and nothing changed."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg

from chaos.faults import Trial
from chaos.migrator import Ended
from chaos.pgbouncer import NoPgbouncerError, pgbouncer
from chaos.server import standby_of
from chaos.setup import ENDS_WITHIN_S, Setup, migrate
from chaos.state import differences
from local_postgres.client import quote_literal
from local_postgres.launch import launch

_SMALL_MB = 48
_ROOM_BYTES = 100_000


async def refusals(setup: Setup) -> AsyncIterator[Trial]:
    """Yield each trial; one that cannot be made on this machine has a name that says so."""
    with tempfile.TemporaryDirectory() as place:
        for mode in ("session", "transaction"):
            yield await _behind_pgbouncer(setup, mode, Path(place))
        yield await _disk_full(setup, Path(place))
    yield await _without_free_connection(setup)
    yield await _on_standby(setup, "a standby", "in recovery")
    yield await _on_standby(
        setup, "a server in recovery", "not accepting connections", hot_standby="off"
    )


async def _behind_pgbouncer(setup: Setup, mode: str, place: Path) -> Trial:
    """Migrate through pgbouncer: session pooling must work, transaction pooling be refused."""
    title = f"pgbouncer, {mode} pooling"
    async with setup.copy(f"chaos_bouncer_{mode}") as copied, AsyncExitStack() as stack:
        before = await setup.state(copied)
        try:
            port = stack.enter_context(pgbouncer(setup.server, mode=mode, directory=place / mode))
        except NoPgbouncerError as error:
            return Trial(fault=f"{title}: not tried, {error}", problems=(), is_during=False)
        running = await setup.migrate(copied, port=port)
        ended = await running.wait(within_s=ENDS_WITHIN_S)
        await stack.aclose()
        if mode == "session":
            problems = [] if ended and ended.code == 0 else [_said(ended)]
            problems += differences(await setup.state(copied), setup.expected)
        else:
            problems = _refusal(ended, "connection pooler")
            problems += differences(await setup.state(copied), before)
    return Trial(fault=title, problems=tuple(problems))


async def _without_free_connection(setup: Setup) -> Trial:
    """Use up the connection limit: the command says so, and works afterwards."""
    async with setup.copy("chaos_full") as copied:
        limited = f"ALTER DATABASE {copied} CONNECTION LIMIT 1"
        await asyncio.to_thread(setup.server.execute, limited)
        connection = await asyncpg.connect(setup.server.app_url(copied))
        ended = await _migrate(setup, copied)
        await connection.close()
        await asyncio.to_thread(
            setup.server.execute, f"ALTER DATABASE {copied} CONNECTION LIMIT -1"
        )
        problems = _refusal(ended, "connection")
        problems += await _finished(setup, copied)
    return Trial(fault="no free connection", problems=tuple(problems))


async def _on_standby(setup: Setup, name: str, message: str, *, hot_standby: str = "on") -> Trial:
    """Migrate a copy of the server that stays in recovery.

    :param message: What the refusal must say.
    :param hot_standby: The setting of that name: whether the copy accepts sessions that read.
    """
    settings = {"hot_standby": hot_standby, "primary_conninfo": ""}
    async with setup.copy("chaos_standby") as copied:
        with standby_of(setup.server, settings=settings) as standby:
            # A server that refuses sessions is never ready for local_postgres.
            starting = asyncio.create_task(asyncio.to_thread(launch, standby.placement))
            await asyncio.wait([starting], timeout=5)
            ended = await _migrate(replace(setup, server=standby), copied)
            standby.stop()
            await asyncio.wait([starting])
            starting.exception()
    return Trial(fault=name, problems=tuple(_refusal(ended, message)))


async def _disk_full(setup: Setup, place: Path) -> Trial:
    """Fill the disk before the work: nothing is lost, and the next run succeeds."""
    with _small_disk(place / "disk") as disk:
        if disk is None:
            return Trial(
                fault="disk full: not tried, no right to mount one", problems=(), is_during=False
            )
        space = f"CREATE TABLESPACE chaos_small LOCATION {quote_literal(str(disk))}"
        await asyncio.to_thread(setup.server.execute, space)
        try:
            problems = await _on_small_disk(setup, disk)
        finally:
            await asyncio.to_thread(setup.server.execute, "DROP TABLESPACE chaos_small")
    return Trial(fault="disk full", problems=tuple(problems))


async def _on_small_disk(setup: Setup, disk: Path) -> list[str]:
    async with setup.copy("chaos_small") as copied:
        moved = f"ALTER DATABASE {copied} SET TABLESPACE chaos_small"
        await asyncio.to_thread(setup.server.execute, moved)
        filler = disk / "filler"
        free = shutil.disk_usage(disk).free
        filler.write_bytes(b"\0" * max(0, free - _ROOM_BYTES))
        ended = await _migrate(setup, copied)
        filler.unlink()
        problems = _refusal(ended, "No space left")
        claimed = ended.claimed_revision() if ended else None
        if claimed is not None and claimed != (found := await setup.revision(copied)):
            problems.append(f"it says {claimed}, the database is at {found}")
        return [*problems, *await _finished(setup, copied)]


@contextmanager
def _small_disk(directory: Path) -> Iterator[Path | None]:
    """Yield a small file system in memory; None where this user may mount none (Linux, as root)."""
    directory.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={_SMALL_MB}m,mode=0700", "tmpfs", str(directory))
    mount = shutil.which("mount")
    if mount is None or os.geteuid() or subprocess.run((mount, *options), check=False).returncode:
        yield None
        return
    try:
        data = directory / "data"
        data.mkdir(mode=0o700)
        yield data
    finally:
        subprocess.run(("umount", str(directory)), check=False)


async def _migrate(setup: Setup, copied: str) -> Ended | None:
    running = await migrate(
        *(setup.server, setup.search, setup.tool, copied, setup.direction, setup.target),
        BOARDS_SERVER_WAIT="3s",
    )
    return await running.wait(within_s=ENDS_WITHIN_S)


async def _finished(setup: Setup, copied: str) -> list[str]:
    ended = await _migrate(setup, copied)
    if ended is None or ended.code:
        return [_said(ended)]
    return list(differences(await setup.state(copied), setup.expected))


def _refusal(ended: Ended | None, message: str) -> list[str]:
    """Return what is wrong with a refusal: its code, its words, or a traceback."""
    if ended is None or ended.code != 2 or message not in ended.output:
        return [_said(ended)]
    return list(ended.problems)


def _said(ended: Ended | None) -> str:
    return f"exit code {ended.code}: {ended.output.strip()[-400:]}" if ended else "it does not end"
