"""What the plugin does around other people's code."""

from __future__ import annotations

import asyncio

import pytest

from alembic_proof.pytest_plugin.surroundings import outside_of_loops


def _fail() -> None:
    raise ValueError("its own")


def test_an_error_outside_of_a_loop_has_no_other_behind_it() -> None:
    """That nobody runs a loop is no part of what the test's author reads."""
    with pytest.raises(ValueError, match="its own") as caught:
        outside_of_loops(_fail)

    assert caught.value.__context__ is None


def test_inside_of_a_loop_another_one_can_be_run() -> None:
    """An asynchronous env.py calls asyncio.run."""

    async def inside() -> int:
        return outside_of_loops(lambda: asyncio.run(_answer()))

    assert asyncio.run(inside()) == 42


async def _answer() -> int:
    return 42
