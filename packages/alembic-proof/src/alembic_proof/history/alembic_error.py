"""Alembic's own errors, with the names and the next step that its texts leave out."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence

from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError

from alembic_proof.errors import HistoryError

_LIST = "the command `history` lists the revisions"
_NO_WAY = re.compile(
    r"Relative revision (?P<steps>\S+) didn't produce "
    r"|Destination (?P<target>\S+) is not a valid (up|down)grade target "
)

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


def clearer_error(
    error: CommandError, *, heads: Sequence[str] = (), is_at_head: bool = False
) -> CommandError:
    """Return the error in clearer words, or itself.

    `heads` is what the database is at, `is_at_head` whether no revision is left to apply.
    """
    match error.__cause__:
        case MultipleHeads() as found:
            return _command_error(_multiple_heads(found.heads))
        case ResolutionError() as unknown:
            return _command_error(_unknown(unknown))
    text, at = str(error), ", ".join(sorted(heads)) or "base"
    if text == "Target database is not up to date.":
        return _command_error(_not_at_head(at))
    if no_way := _NO_WAY.match(text):
        name = no_way["steps"] or no_way["target"]
        if name.startswith("+") and is_at_head:
            return CommandError(f"already at head ({at}); there is no next revision")
        if name.startswith("-") and not heads:
            return CommandError("already at base; there is no earlier revision")
        return _command_error(HistoryError(f"no way leads from {at} to {name}", todo=_LIST))
    return error


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


def _not_at_head(at: str) -> HistoryError:
    return HistoryError(
        f"the database is at {at}, which is not the head of the history",
        todo="run `alembic upgrade head` first, then compare the models with it",
    )


def _command_error(error: HistoryError) -> CommandError:
    return CommandError(str(error))
