"""Runs of env.py from within an event loop."""

from __future__ import annotations

import asyncio

import pytest

from alembic_proof.pytest_plugin.session import run_outside_event_loop


def _fail() -> None:
    raise ValueError("its own")


def test_an_error_outside_of_a_loop_has_no_other_behind_it() -> None:
    """The check for a running loop does not show in the error's context."""
    with pytest.raises(ValueError, match="its own") as caught:
        run_outside_event_loop(_fail)

    assert caught.value.__context__ is None


def test_inside_of_a_loop_another_one_can_be_run() -> None:
    """An asynchronous env.py calls asyncio.run, which fails in a running loop."""

    async def inside() -> int:
        return run_outside_event_loop(lambda: asyncio.run(_answer()))

    assert asyncio.run(inside()) == 42


async def _answer() -> int:
    return 42
