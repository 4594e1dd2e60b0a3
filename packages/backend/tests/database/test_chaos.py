"""Deployments under load and faults, in a few trials; `nox -s chaos` makes hundreds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from chaos import faults, together
from chaos.clients import Sample
from chaos.faults import Fault, try_fault
from chaos.latency import latency
from chaos.migrator import Ended, sessions_vanish
from chaos.passwords import PasswordSearch
from chaos.report import traffic_problems, write_blocks
from chaos.server import Server, running_server
from chaos.setup import Setup, prepare_upgrade
from chaos.state import differences, read_state
from chaos.traffic import NO_MIGRATION, OURS, Kind, Measured, legs, measure

LEG = legs()[0]
SHORT = {"BOARDS_IDLE_IN_TRANSACTION_TIMEOUT": "2s", "BOARDS_LOCK_TIMEOUT": "500ms"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a server that asks for passwords and may be killed."""
    with running_server() as started:
        yield started


@pytest.fixture(scope="module")
def search(server: Server) -> PasswordSearch:
    """Return the search for the server's passwords in everything that is printed."""
    return PasswordSearch(server.passwords)


@pytest.fixture(scope="module")
def up(server: Server, search: PasswordSearch) -> Setup:
    """Return an upgrade of a few rows."""
    return asyncio.run(prepare_upgrade(server, search, rows=100, **SHORT))


@pytest.mark.parametrize(
    "fault",
    [faults.KILL, faults.CUT_IN_COMMIT, faults.SIGNAL_IN_BLACK_HOLE],
    ids=lambda fault: fault.title,
)
async def test_the_next_run_finishes_what_a_fault_has_interrupted(
    up: Setup, search: PasswordSearch, fault: Fault
) -> None:
    """Nothing is lost, no session stays, and no message says what is not so."""
    trial = await try_fault(up, fault, 1)

    assert trial.problems == ()
    assert search.searched
    assert search.found == set()


async def test_migrators_at_once(up: Setup) -> None:
    """All of them succeed, and one has done the work."""
    trial = await together.many_upgrades(up, 0, migrators=4)

    assert trial.problems == ()


async def test_clients_notice_nothing(server: Server, search: PasswordSearch) -> None:
    """Eight clients have no error while tables that refer to theirs are created."""
    measured = [
        one
        async for one in measure(
            server, search, rows=500, chosen=(LEG,), blocked_s=1.0, is_ours_alone=True
        )
    ]

    (found,) = measured
    assert found.code == 0, found.output
    assert found.latency.count > 20
    assert found.latency.errors == ()


async def test_a_session_that_stays_is_noticed(up: Setup) -> None:
    """So is another catalog, and a row that is gone: the negative control of the trials."""
    async with up.copy("chaos_control") as copied:
        url = up.server.owner_url(copied)
        before = await asyncio.to_thread(read_state, url)
        connection = await asyncpg.connect(url)
        assert await sessions_vanish(up.server, copied, within_s=0.3) is None
        await connection.execute("DROP INDEX public.ix_boards_tenant_id_owner_id")
        await connection.execute("DELETE FROM public.board_members")
        await connection.close()
        after = await asyncio.to_thread(read_state, url)

    problems = differences(after, before)
    assert any("ix_boards_tenant_id_owner_id" in problem for problem in problems)
    assert any("rows of board_members" in problem for problem in problems)
    assert differences(before, before) == ()


def test_a_password_in_an_output_is_noticed(server: Server) -> None:
    """Also as a URL has it."""
    search = PasswordSearch(server.passwords)

    search.search(server.owner_url("boards"), where="a URL")
    search.search("nothing", where="nowhere")

    assert search.found == {"a URL"}
    assert search.searched == 2


def test_what_an_error_claims() -> None:
    """The last revision that it names is compared with the database's, none where it is unknown."""
    assert Ended(2, "now: the database is at 0123abcd", 1.0).claimed_revision() == "0123abcd"
    assert Ended(2, "the outcome is unknown", 1.0).claimed_revision() is None
    assert Ended(2, "Traceback (most recent call last):", 1.0).problems != ()


def test_what_clients_must_not_notice() -> None:
    """An error, or a wait of more than lock_timeout and half a second, breaks the promise."""
    quick = latency([Sample(1.0, 0.1, "read users")], start_s=0, end_s=9)
    slow = latency([Sample(1.0, 2.7, "read users")], start_s=0, end_s=9)
    failed = latency([Sample(1.0, 0.1, "read users", "deadlock")], start_s=0, end_s=9)
    without = Measured(leg=LEG, tool=NO_MIGRATION, latency=quick, took_s=9)
    ours = Measured(leg=LEG, tool=OURS, latency=quick, took_s=9)

    assert traffic_problems([without, ours]) == ()
    assert "2600 ms" in traffic_problems([without, replace(ours, latency=slow)])[0]
    assert "deadlock" in traffic_problems([without, replace(ours, latency=failed)])[0]
    rewrite = replace(LEG, kind=Kind.REWRITES)
    apart = [replace(one, leg=rewrite) for one in (without, replace(ours, latency=failed))]
    assert traffic_problems(apart) == ()
    assert traffic_problems([without, replace(ours, code=2)]) != ()


def test_only_the_samples_of_the_time_count() -> None:
    """Those that ran in it at least in part."""
    samples = [Sample(0.0, 0.5, "before"), Sample(0.9, 0.5, "across"), Sample(2.5, 0.1, "after")]

    found = latency(samples, start_s=1.0, end_s=2.0)

    assert (found.count, found.slowest, found.max_ms) == (1, "across", 500.0)


def test_a_block_of_the_page_is_replaced(tmp_path: Path) -> None:
    """The text around it stays; a block that is not there is an error."""
    page = tmp_path / "page.md"
    page.write_text("one\n<!-- faults: written by nox -s chaos -->\nold\n<!-- end -->\ntwo\n")

    write_blocks(page, [("faults", "new\n")])

    text = page.read_text()
    assert text == "one\n<!-- faults: written by nox -s chaos -->\n\nnew\n\n<!-- end -->\ntwo\n"
    with pytest.raises(KeyError):
        write_blocks(page, [("other", "new\n")])
