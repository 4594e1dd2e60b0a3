"""The three steps of a revision's round trip, in their order."""

from __future__ import annotations

from typing import Literal, get_args

Direction = Literal["upgrade", "downgrade", "second upgrade"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)


def comes_after(step: Direction, other: Direction) -> bool:
    """Whether the step is only come to when the other one has gone well."""
    return DIRECTIONS.index(step) > DIRECTIONS.index(other)
