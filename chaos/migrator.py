"""A migrator: a process that upgrades or downgrades, its end, and what it leaves on the server."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from chaos.histories import ROOT, Tool
from chaos.passwords import PasswordSearch
from chaos.server import OWNER, Server

_POLL_S = 0.02
_SHOWN_CHARACTERS = 2000
_IS_AT = re.compile(r"the database is at ([0-9a-z]+)")
_IS_UNKNOWN = re.compile(r"outcome is unknown|unknown outcome|not known", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a migrator ended."""

    code: int
    output: str
    took_s: float

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what no output may contain."""
        if "Traceback" not in self.output:
            return ()
        return (f"a traceback in the output: {self.output.strip()[-_SHOWN_CHARACTERS:]}",)

    def claimed_revision(self) -> str | None:
        """Return the revision that its error says the database is at; None if it names none."""
        if _IS_UNKNOWN.search(self.output):
            return None
        named = _IS_AT.findall(self.output)
        return named[-1] if named else None


@dataclass(slots=True, kw_only=True)
class Migrator:
    """A running migrator."""

    process: asyncio.subprocess.Process
    search: PasswordSearch
    started_s: float = field(default_factory=monotonic)

    async def wait(self, *, within_s: float) -> Ended | None:
        """Return how it ended; kill it and return None if it does not end in time."""
        try:
            output, _ = await asyncio.wait_for(self.process.communicate(), within_s)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
            return None
        text = self.search.search(output.decode(errors="replace"), where="a migrator's output")
        return Ended(self.process.returncode or 0, text, monotonic() - self.started_s)

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens if it has ended."""
        if self.process.returncode is None:
            self.process.send_signal(number)


async def start(
    tool: Tool, *arguments: str, environ: Mapping[str, str], search: PasswordSearch
) -> Migrator:
    """Start a migrator beside its alembic.ini, or in the root of the checkout."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=ROOT if tool.ini is None else tool.ini.parent,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Migrator(process=process, search=search)


async def session_appears(server: Server, database: str, *, within_s: float = 30) -> bool:
    """Wait until a session of the owner is in the database; return whether one came."""
    return await _becomes(server, database, is_there=True, within_s=within_s) is not None


async def sessions_vanish(server: Server, database: str, *, within_s: float) -> float | None:
    """Return after how many seconds no session of the owner was left; None if one stayed.

    The locks of a session end with it.
    """
    return await _becomes(server, database, is_there=False, within_s=within_s)


async def sessions_now(server: Server, database: str) -> str:
    """Return what the owner's sessions in the database do, for messages."""
    query = (
        "SELECT pg_catalog.concat_ws(', ', pid, application_name, state, wait_event,"
        " pg_catalog.left(query, 60)) FROM pg_catalog.pg_stat_activity"
        f" WHERE usename = '{OWNER}' AND datname = '{database}'"
    )
    rows = await asyncio.to_thread(server.execute, query)
    return "; ".join(text or "" for (text,) in rows)


async def _becomes(
    server: Server, database: str, *, is_there: bool, within_s: float
) -> float | None:
    start_s = monotonic()
    query = (
        "SELECT count(*)::text FROM pg_catalog.pg_stat_activity"
        f" WHERE usename = '{OWNER}' AND datname = '{database}'"
    )
    while True:
        ((count,),) = await asyncio.to_thread(server.execute, query)
        if (count != "0") is is_there:
            return monotonic() - start_s
        if monotonic() - start_s > within_s:
            return None
        await asyncio.sleep(_POLL_S)
