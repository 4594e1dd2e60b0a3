"""Alembic's own errors, with the names and the next step that its texts leave out."""

from __future__ import annotations

from collections.abc import Sequence

from alembic.script.revision import MultipleHeads, ResolutionError
from alembic.util import CommandError

from alembic_proof.errors import HistoryError


def clearer_error(error: CommandError, *, heads: Sequence[str] = ()) -> CommandError:
    """The same error in clearer words, or itself; `heads` is what the database is at."""
    match error.__cause__:
        case MultipleHeads() as found:
            return _command_error(_multiple_heads(found.heads))
        case ResolutionError() as unknown:
            return _command_error(_unknown(unknown))
    if str(error) == "Target database is not up to date.":
        return _command_error(_not_at_head(heads))
    return error


def _multiple_heads(heads: Sequence[str]) -> HistoryError:
    names = sorted(heads)
    return HistoryError(
        f"there are {len(names)} heads: {', '.join(names)}",
        todo=f'join them with `alembic merge -m "message" {" ".join(names)}`, or name one of them',
    )


def _unknown(error: ResolutionError) -> HistoryError:
    text = str(error)
    if text.startswith("No such revision"):
        text = f"there is no revision {error.argument!r}"
    return HistoryError(text, todo="`alembic history` lists the revisions")


def _not_at_head(heads: Sequence[str]) -> HistoryError:
    at = ", ".join(sorted(heads)) or "base"
    return HistoryError(
        f"the database is at {at}, which is not the head of the history",
        todo="run `alembic upgrade head` first, then compare the models with it",
    )


def _command_error(error: HistoryError) -> CommandError:
    return CommandError(str(error))
