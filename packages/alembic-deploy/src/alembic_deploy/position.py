"""The position of a database in the history, and the targets that it cannot go to from there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.script import ScriptDirectory
from alembic.util import CommandError

from alembic_deploy.command import RunningCommand
from alembic_deploy.errors import HistoryError
from alembic_deploy.revisions import graph_of, several_heads

_RELATIVE = re.compile(r"[+-]\d+$")
"""The end of a relative target: `+1`, `ab12+1`, `label@-2`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPosition:
    """The position of a command's database in the history."""

    heads: tuple[str, ...] = ()
    """The revisions that it is at."""
    is_at_head: bool = False
    """Whether no revision is left to apply."""
    unintended_heads: tuple[str, ...] = ()
    """The heads of a history that has several without different branch labels."""
    command: str = ""
    """The command's name."""


def position_of(
    heads: tuple[str, ...], *, script: ScriptDirectory | None, command: str
) -> HistoryPosition:
    """Return the position of a database that is at these revisions.

    :param script: The history; None where it is not loaded.
    :param command: The name of the command that runs.
    """
    if script is None:
        return HistoryPosition(heads=heads, command=command)
    groups = several_heads(graph_of(script))
    return HistoryPosition(
        heads=heads,
        is_at_head=set(heads) == set(script.get_heads()),
        unintended_heads=tuple(head.revision_id for one in groups for head in one.heads),
        command=command,
    )


def refuse_older_target(target: str, heads: tuple[str, ...], *, script: ScriptDirectory) -> None:
    """Refuse an upgrade with nothing to do whose target is an older revision.

    :param heads: The revisions that the database is at.
    :raises HistoryError: It is older than one of them.
    """
    if not target or _RELATIVE.search(target):
        return
    try:
        named = script.get_revisions(target)
    except CommandError:
        return  # Alembic has found nothing to do: that is no failure.
    older = {one.revision for one in named} - set(heads)
    if heads and older:
        names, at = ", ".join(sorted(older)), ", ".join(sorted(heads))
        raise HistoryError(
            f"{names} is behind {at}, where the database is: nothing to upgrade",
            todo=f"to go back: the command `downgrade` with {names}",
        )


@contextmanager
def refused_target(command: RunningCommand, heads: tuple[str, ...]) -> Iterator[None]:
    """Refuse a relative target, such as `head+1` or `-1`, that names no revision, or several.

    :param heads: The revisions that the database is at.
    :raises HistoryError: The command has such a target, for which Alembic has no clear error.
    """
    target = command.target
    if command.name == "downgrade" and target.startswith("-") and len(heads) > 1:
        raise _ambiguous(target)
    try:
        yield
    except (AssertionError, CommandError) as error:
        if str(error) == "Ambiguous walk":
            raise _ambiguous(target) from error
        is_too_far = isinstance(error, AssertionError) or str(error) == "Walked too far"
        if not (is_too_far and _RELATIVE.search(target)):
            raise
        raise HistoryError(
            f"there is no revision {target}: the history ends before it",
            todo="the command `history` lists the revisions",
        ) from error


def _ambiguous(target: str) -> HistoryError:
    return HistoryError(
        f"{target} names several revisions: the history has branches there",
        todo="name the revision to go back to (`history -v` lists them); from a merge revision, one "
        "of its parents undoes the merge alone",
    )
