"""Which of Alembic's commands runs the environment, and what it needs of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext

Work = Callable[[Any, MigrationContext], Iterable[Any]]
"""What a command does with the database's heads: the steps to run, none for a command that reads."""

_WRITERS = ("upgrade", "downgrade", "stamp")
_READERS = ("check", "current", "history", "merge", "revision", "show")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCommand:
    """The command behind this run of env.py; its name is empty when Alembic does not know it."""

    name: str
    work: Work
    is_offline: bool
    """Whether it writes SQL (`--sql`) instead of running it."""
    is_writing: bool
    """Whether it may change the database, as a function that is not Alembic's own may."""
    has_purge: bool
    """Whether `stamp --purge` forgets what the version table says."""
    is_autogenerate: bool
    """Whether it makes a revision file of what it finds when it compares."""
    needs_database: bool
    message: str | None
    """The message of a new revision."""
    target: str = ""
    """The revision that `upgrade` was given; empty for other commands and for a script."""


def running_command() -> RunningCommand:
    """The command that runs env.py right now.

    Source: `alembic.command`: every command hands a local function to EnvironmentContext.
    """
    options: dict[str, Any] = context._proxy.context_opts  # type: ignore[attr-defined]
    work = options["fn"]
    name = work.__qualname__.partition(".")[0] if work.__module__ == "alembic.command" else ""
    arguments = getattr(options.get("revision_context"), "command_args", {})
    is_offline = bool(options.get("as_sql"))
    return RunningCommand(
        name=name if name in (*_WRITERS, *_READERS) else "",
        work=work,
        is_offline=is_offline,
        is_writing=name not in _READERS and not options.get("dont_mutate"),
        has_purge=bool(options.get("purge")),
        is_autogenerate=name == "revision" and bool(arguments.get("autogenerate")),
        needs_database=not is_offline and _needs_database(name, work, arguments),
        message=arguments.get("message"),
        target=str(options.get("destination_rev") or "")
        if name == "upgrade" and not is_offline
        else "",
    )


def _needs_database(name: str, work: Work, arguments: dict[str, Any]) -> bool:
    """Whether it asks the database anything: a blank revision and a plain history do not."""
    match name:
        case "merge":
            return False
        case "revision":
            return bool(arguments.get("autogenerate"))
        case "history":
            return _shows_current(work)
        case _:
            return True


def _shows_current(work: Work) -> bool:
    """Whether `alembic history` was asked about the database's own revision; True in doubt."""
    outer = inspect.getclosurevars(work).nonlocals
    display = outer.get("_display_history")
    if display is None or "base" not in outer or "head" not in outer:
        return True
    inner = inspect.getclosurevars(display).nonlocals
    return "current" in (outer["base"], outer["head"]) or inner.get("indicate_current", True)
