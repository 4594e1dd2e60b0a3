"""Several migrators of one database at once: the same command, both directions, two releases."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from chaos.faults import Trial
from chaos.histories import ROOT, copy_history, ours
from chaos.migrator import Ended, Migrator
from chaos.passwords import PasswordSearch
from chaos.rows import START
from chaos.server import Server
from chaos.setup import ENDS_WITHIN_S, HEAD, Setup
from chaos.state import differences


async def many_upgrades(setup: Setup, number: int, *, migrators: int = 20) -> Trial:
    """Upgrade one database by that many migrators; each must succeed."""
    async with setup.copy(f"chaos_many_{number}") as copied:
        ended = await run_at_once(
            setup.server, setup.search, copied, [("", "upgrade", "head")] * migrators
        )
        problems = [_failure(one) for one in ended if one.code]
        problems += differences(await setup.state(copied), setup.expected)
    return Trial(fault=f"{migrators} migrators at once", problems=tuple(problems))


async def both_directions(up: Setup, down: Setup, number: int) -> Trial:
    """Upgrade and downgrade one database at once; it must end in one of the two clean states."""
    back = ours().arguments("downgrade", START)[3:]
    setup = (up, down)[number % 2]
    async with setup.copy(f"chaos_both_{number}") as copied:
        ended = await run_at_once(
            *(setup.server, setup.search, copied),
            [("", "upgrade", "head"), ("", *back)],
        )
        problems = [_failure(one) for one in ended if one.code]
        found = await setup.state(copied)
        expected = {HEAD: up.expected, START: down.expected}.get(found.revision)
        if expected is None:
            problems.append(f"the database is at {found.revision}")
        else:
            problems += differences(found, expected)[: 3 if found.revision == setup.target else 0]
    return Trial(fault="upgrade and downgrade at once", problems=tuple(problems))


async def two_releases(up: Setup, number: int, *, place: Path) -> Trial:
    """Upgrade by this release and by the one before at once; the newer one must win.

    The older one may come first, or must say that a newer release has been here.
    """
    directory = place / f"before-{number}"
    directory.mkdir()
    before = copy_history(directory, is_without_newest=True)
    async with up.copy(f"chaos_releases_{number}") as copied:
        newer, older = await run_at_once(
            *(up.server, up.search, copied),
            [("", "upgrade", "head"), (str(before), "upgrade", "head")],
        )
        problems = [_failure(newer)] if newer.code else []
        if older.code and "newer release" not in older.output:
            problems.append(_failure(older))
        problems += differences(await up.state(copied), up.expected)
    return Trial(fault="two releases at once", problems=tuple(problems))


async def run_at_once(
    server: Server, search: PasswordSearch, database: str, commands: Sequence[Sequence[str]]
) -> tuple[Ended, ...]:
    """Run boards-migrate once for each (ini, arguments), all at the same moment."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chaos.at_once"),
        cwd=ROOT,
        env=ours().environ(server.owner_url(database), server.app_url(database)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(commands).encode())
    process.stdin.close()
    done = await Migrator(process=process, search=search).wait(within_s=ENDS_WITHIN_S)
    if done is None or done.code:
        return (done or Ended(-1, "the migrators do not end", ENDS_WITHIN_S),) * len(commands)
    ended = json.loads(done.output.splitlines()[-1])
    return tuple(Ended(code, search.search(text, where="output"), 0.0) for code, text in ended)


def _failure(ended: Ended) -> str:
    return f"exit code {ended.code}: {ended.output.strip()[-300:]}"
