"""How many rows a table may be asked to get, as an option's value."""

from __future__ import annotations

from argparse import ArgumentTypeError

MOST_ROWS = 100


def row_number(text: str) -> int:
    """The number.

    Raises:
        ArgumentTypeError: it is none, or more than can be asked for.
    """
    if text.isdecimal() and int(text) <= MOST_ROWS:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no number between 0 and {MOST_ROWS}")
