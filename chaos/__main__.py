"""`python -m chaos [PART …]`: deployments under load and faults, beside bare Alembic.

Parts: traffic (latencies of clients), faults (at random moments), together (several migrators),
servers (which cannot be migrated now). Without a part, all.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from chaos import faults, together
from chaos.faults import Trial, try_fault
from chaos.passwords import PasswordSearch
from chaos.refusals import refusals
from chaos.report import (
    faults_table,
    machine_line,
    password_line,
    traffic_problems,
    traffic_table,
    write_blocks,
)
from chaos.server import Server, running_server
from chaos.setup import BrokenSetupError, Setup, prepare_downgrade, prepare_upgrade
from chaos.traffic import Measured, legs, measure

PARTS = ("traffic", "faults", "together", "servers")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "deploy-under-load.md"
_QUICK = {"rows": 20_000, "blocked": 5.0, "kills": 6, "server_kills": 2, "cuts": 2, "rounds": 2}


def main(argv: Sequence[str]) -> int:
    """Return 0 if all is as promised, 1 if not, 2 if the trials cannot be made."""
    arguments = _arguments(argv)
    blocks: list[tuple[str, str]] = []
    problems: list[str] = []
    try:
        with running_server() as server:
            search = PasswordSearch(server.passwords)
            with search.watching_processes():
                asyncio.run(_run(arguments, server, search, blocks, problems))
            search.search(server.log, where="the server's log")
    except BrokenSetupError as error:
        print(error, file=sys.stderr)
        return 2
    blocks.append(("passwords", password_line(search)))
    problems += [f"a password is in {where}" for where in sorted(search.found)]
    print(blocks[-1][1])
    for problem in problems:
        print(f"not as promised: {problem}")
    if arguments.page:
        write_blocks(PAGE, [*blocks, ("machine", f"Measured on {machine_line()}.\n")])
    return 1 if problems else 0


async def _run(
    arguments: argparse.Namespace,
    server: Server,
    search: PasswordSearch,
    blocks: list[tuple[str, str]],
    problems: list[str],
) -> None:
    """Run the chosen parts; print each one's table when it is there."""
    if "traffic" in arguments.parts:
        measured: list[Measured] = []
        try:
            async for one in _traffic(arguments, server, search):
                measured.append(one)  # noqa: PERF401  what is measured is shown, whatever follows
        finally:
            blocks.append(("traffic", traffic_table(measured)))
            problems += traffic_problems(measured)
            print(f"\n{blocks[-1][1]}", flush=True)
    if set(arguments.parts) <= {"traffic"}:
        return
    up = await prepare_upgrade(server, search)
    down = await prepare_downgrade(server, search)
    for part, work in (("faults", _faults), ("together", _together), ("servers", _servers)):
        if part not in arguments.parts:
            continue
        trials = [trial async for trial in work(arguments, up, down)]
        blocks.append((part, faults_table(trials)))
        problems += [f"{one.fault}: {text}" for one in trials for text in one.problems]
        print(f"\n{blocks[-1][1]}", flush=True)


async def _traffic(
    arguments: argparse.Namespace, server: Server, search: PasswordSearch
) -> AsyncIterator[Measured]:
    chosen = [leg for leg in legs() if arguments.leg in f"{leg.direction}: {leg.title}"]
    everything = measure(
        server, search, rows=arguments.rows, chosen=chosen, blocked_s=arguments.blocked
    )
    async for one in everything:
        _say(f"{one.leg.direction}: {one.leg.title}: {one.tool}: max {one.latency.max_ms:.0f} ms")
        yield one


async def _faults(arguments: argparse.Namespace, up: Setup, down: Setup) -> AsyncIterator[Trial]:
    """Yield the trials that concern one database, several at once; then those of the server."""
    counted = ((faults.KILL, arguments.kills), *((one, arguments.cuts) for one in faults.OTHERS))
    works = [
        partial(try_fault, (up, down)[number % 4 == 3], fault, number)
        for fault, count in counted
        for number in range(count)
    ]
    async for trial in _at_once(works, arguments.at_once):
        yield trial
    for number in range(arguments.server_kills):
        trial = await try_fault((up, down)[number % 4 == 3], faults.KILL_SERVER, number)
        _say_problems(trial)
        yield trial


async def _together(arguments: argparse.Namespace, up: Setup, down: Setup) -> AsyncIterator[Trial]:
    with tempfile.TemporaryDirectory() as place:
        for number in range(arguments.rounds):
            for trial in (
                await together.many_upgrades(up, number, migrators=arguments.migrators),
                await together.both_directions(up, down, number),
                await together.two_releases(up, number, place=Path(place)),
            ):
                _say_problems(trial)
                yield trial


async def _servers(_: argparse.Namespace, up: Setup, __: Setup) -> AsyncIterator[Trial]:
    async for trial in refusals(up):
        _say_problems(trial)
        yield trial


async def _at_once(
    works: Sequence[Callable[[], Awaitable[Trial]]], number: int
) -> AsyncIterator[Trial]:
    """Yield the results of the works, as they come, that many running at a time."""
    places = asyncio.Semaphore(number)

    async def run(work: Callable[[], Awaitable[Trial]]) -> Trial:
        async with places:
            return await work()

    for done in asyncio.as_completed([run(work) for work in works]):
        trial = await done
        _say_problems(trial)
        yield trial


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    """Return the arguments; --quick changes the defaults of the counts."""
    parser = argparse.ArgumentParser(
        prog="nox -s chaos --",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Exit codes: 0 all as promised, 1 not, 2 the trials cannot be made.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="few rows and few trials")
    parser.add_argument("--page", action="store_true", help=f"write the tables into {PAGE.name}")
    parser.add_argument("--leg", default="", metavar="TEXT", help="only legs with this in the name")
    for name, default, help_ in (
        ("--rows", 1_000_000, "rows of the large tables"),
        ("--kills", 200, "times that the migrator is killed"),
        ("--server-kills", 30, "times that the server is killed"),
        ("--cuts", 30, "times of each other fault"),
        ("--rounds", 20, "times that several migrators run at once"),
        ("--migrators", 20, "migrators that run at once"),
        ("--at-once", 3, "trials that run at once"),
    ):
        parser.add_argument(name, type=int, default=default, help=f"{help_} ({default})")
    parser.add_argument(
        "--blocked",
        type=float,
        default=20.0,
        metavar="S",
        help="seconds for which the other transaction holds its lock (20)",
    )
    if "--quick" in argv:
        parser.set_defaults(**_QUICK)
    arguments = parser.parse_args(argv)
    if unknown := sorted(set(arguments.parts) - set(PARTS)):
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    arguments.parts = arguments.parts or list(PARTS)
    return arguments


def _say_problems(trial: Trial) -> None:
    for problem in trial.problems:
        _say(f"{trial.fault}: {problem}")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
