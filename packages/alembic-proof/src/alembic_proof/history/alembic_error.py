"""Alembic's own errors, with the names and the next step that its texts leave out."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError

from alembic_proof.errors import HistoryError

_LIST = "the command `history` lists the revisions"
_NO_WAY = re.compile(
    r"Relative revision (?P<steps>\S+) didn't produce "
    r"|Destination (?P<target>\S+) is not a valid (up|down)grade target "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabasePlace:
    """Where a command has found its database in the history."""

    heads: tuple[str, ...] = ()
    """The revisions that it is at."""
    is_at_head: bool = False
    """Whether no revision is left to apply."""
    unmeant_heads: tuple[str, ...] = ()
    """The heads of a history that has several which nothing tells apart."""
    command: str = ""
    """The command's name."""


OUTER_TRANSACTION = (
    "its autocommit block cannot leave the transaction that env.py has begun around all revisions: "
    "let env.py configure a connection on which no transaction is open, and begin one with "
    "context.begin_transaction() only"
)
"""What to do where is_held_by_outer_transaction()."""


def is_held_by_outer_transaction(error: BaseException) -> bool:
    """Return whether autocommit_block() fails because env.py began the transaction itself.

    Alembic asserts there that the transaction is one of its own, without a message.
    """
    frames = traceback.extract_tb(error.__traceback__) if isinstance(error, AssertionError) else []
    return any(frame.name == "autocommit_block" for frame in frames)


def clearer_error(error: CommandError, *, place: DatabasePlace | None = None) -> CommandError:
    """Return the error in clearer words, or itself.

    :param place: where the database is in the history; None where the command asks no database.
    """
    place = place or DatabasePlace()
    match error.__cause__:
        case MultipleHeads() as found:
            return _command_error(_multiple_heads(found.heads))
        case ResolutionError() as unknown:
            return _command_error(_unknown(unknown))
    text, at = str(error), ", ".join(sorted(place.heads)) or "base"
    if text == "Target database is not up to date.":
        return _command_error(_not_at_head(at, place))
    if no_way := _NO_WAY.match(text):
        name = no_way["steps"] or no_way["target"]
        if name.startswith("+") and place.is_at_head:
            return CommandError(f"already at head ({at}); there is no next revision")
        if name.startswith("-") and not place.heads:
            return CommandError("already at base; there is no earlier revision")
        todo = _other_direction(name, command=place.command) or _LIST
        return _command_error(HistoryError(f"no way leads from {at} to {name}", todo=todo))
    return error


def _other_direction(name: str, *, command: str) -> str:
    """Return the command that goes to this target; empty where it is the one that was given."""
    if command == "upgrade" and name.startswith("-"):
        return f"to go back: the command `downgrade` with {name}"
    if command == "downgrade" and not name.startswith("-"):
        return f"to go forward: the command `upgrade` with {name}"
    return ""


def _multiple_heads(heads: Sequence[str]) -> HistoryError:
    names = sorted(heads)
    return HistoryError(
        f"the history has {len(names)} heads: {', '.join(names)}",
        todo=f"{join_heads(names)}; where both branches are meant, name one of them, or all: heads",
    )


def join_heads(revision_ids: Iterable[str]) -> str:
    """Return what to do about several heads: the one wording of all messages."""
    return (
        "put the revisions of your branch behind the other head with `alembic-proof rebase`; where "
        f"databases have both applied, join them with {merge_command(revision_ids)}"
    )


def merge_command(revision_ids: Iterable[str]) -> str:
    """Return the command that joins these heads."""
    return f'`alembic merge -m "message" {" ".join(sorted(revision_ids))}`'


def _unknown(error: ResolutionError) -> HistoryError:
    text = str(error)
    if text.startswith("No such revision"):
        text = f"there is no revision {error.argument!r}"
    return HistoryError(text, todo=_LIST)


def _not_at_head(at: str, place: DatabasePlace) -> HistoryError:
    if place.unmeant_heads:
        return _multiple_heads(place.unmeant_heads)
    return HistoryError(
        f"the database is at {at}, which is not the head of the history",
        todo="run `alembic upgrade head` first, then compare the models with it",
    )


def _command_error(error: HistoryError) -> CommandError:
    return CommandError(str(error))
