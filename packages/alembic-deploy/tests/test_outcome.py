"""Connections that are lost in a revision: what the database says afterwards is reported."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import FaultKind, Project, TcpProxy

VERSION = "SELECT version_num FROM public.alembic_version"
SLOW = 'op.execute("CREATE TABLE public.things ()")\nop.execute("SELECT pg_sleep(1)")'
QUICK = 'op.execute("CREATE TABLE public.things ()")'
RECORDED = b"version_num='r2'"


@pytest.fixture(params=["asyncpg", "psycopg"])
def cut_off(project: Project, proxy: TcpProxy, request: pytest.FixtureRequest) -> Project:
    """Return a project at r1 that reaches its database through the proxy."""
    project.add("begin")
    project.alembic("upgrade", "head")
    project.url = replace(proxy.url, driver=request.param).text
    return project


@pytest.mark.parametrize(
    ("kind", "now"),
    [
        ("cut after", "now: the upgrade was committed, the database is at r2"),
        ("cut before", "now: the upgrade is not applied, the database is at r1"),
    ],
)
def test_lost_in_the_commit(cut_off: Project, proxy: TcpProxy, kind: FaultKind, now: str) -> None:
    """Whether the server has got the COMMIT or not, the message says what the database says."""
    cut_off.add("things", upgrade=QUICK)
    proxy.break_at(kind, b"COMMIT", after=RECORDED)

    text = cut_off.failure("upgrade", "head")

    assert proxy.fault is None
    assert "upgrade of r2 (things) lost its connection" in text
    assert now in text
    assert "help: run the command again" in text
    assert cut_off.query(VERSION) == [now[-2:]]
    cut_off.alembic("upgrade", "head")
    assert cut_off.query(VERSION) == ["r2"]


def test_lost_in_a_statement(cut_off: Project, proxy: TcpProxy) -> None:
    """The revision is not applied: its session has ended before the version is read."""
    cut_off.add("things", upgrade=SLOW)
    proxy.break_at("cut after", b"pg_sleep")

    text = cut_off.failure("upgrade", "head")

    assert "now: the upgrade is not applied, the database is at r1" in text
    assert cut_off.query(VERSION) == ["r1"]


def test_lost_for_good(cut_off: Project, proxy: TcpProxy) -> None:
    """Without an answer nothing is claimed, although here the server has committed."""
    cut_off.add("things", upgrade=QUICK)
    cut_off.limit(server_wait="100ms")
    proxy.break_at("cut after", b"COMMIT", after=RECORDED)
    proxy.is_closed_after = True

    text = cut_off.failure("upgrade", "head")

    assert "now: it is not known whether the upgrade was committed: cannot connect" in text
    assert "rolled back" not in text
    assert "the command `current` shows the revision" in text


def test_a_downgrade_that_is_lost(cut_off: Project, proxy: TcpProxy) -> None:
    """It is reported as what it is."""
    cut_off.add("things", upgrade=QUICK, downgrade="op.drop_table('things')")
    cut_off.alembic("upgrade", "head")
    proxy.break_at("cut after", b"COMMIT", after=b"version_num='r1'")

    text = cut_off.failure("downgrade", "-1")

    assert "now: the downgrade was committed, the database is at r1" in text


def test_nothing_is_lost(cut_off: Project, proxy: TcpProxy) -> None:
    """The proxy alone breaks nothing."""
    cut_off.add("things", upgrade=QUICK)
    proxy.break_at("cut before", b"no such message")

    assert "r1 -> r2" in cut_off.alembic("upgrade", "head")
