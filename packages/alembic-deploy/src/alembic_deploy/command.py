"""Alembic's command that runs env.py: its name, its options, and its terminal."""

from __future__ import annotations

import inspect
import logging
import logging.config
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from alembic import context
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.util import messaging

from alembic_deploy.errors import ConfigError

StepsFunction = Callable[[Any, MigrationContext], Iterable[Any]]
"""Yields the steps to run for the database's heads; none for a command that reads."""

_WRITERS = ("upgrade", "downgrade", "stamp")
_READERS = ("check", "current", "history", "merge", "revision", "show")
_MESSAGES = "alembic.util.messaging"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCommand:
    """The command behind this run of env.py."""

    name: str
    """Empty for a command that is not Alembic's own."""
    work: StepsFunction
    is_offline: bool
    """Whether it writes SQL (`--sql`) instead of running it."""
    is_writing: bool
    """Whether it may change the database, as a function that is not Alembic's own may."""
    has_purge: bool
    """Whether it is `stamp --purge`, which ignores what the version table says."""
    is_autogenerate: bool
    """Whether it makes a revision file of the differences that it finds."""
    needs_database: bool
    message: str | None
    """The message of a new revision."""
    target: str = ""
    """The revision that `upgrade` or `downgrade` was given; empty for other commands."""


def running_command() -> RunningCommand:
    """Return the command that runs env.py now.

    Source: `alembic.command`; every command passes a local function to EnvironmentContext.
    """
    options: dict[str, Any] = context._proxy.context_opts  # type: ignore[attr-defined]
    work = options["fn"]
    name = work.__qualname__.partition(".")[0] if work.__module__ == "alembic.command" else ""
    arguments = getattr(options.get("revision_context"), "command_args", {})
    is_offline = bool(options.get("as_sql"))
    has_target = name in ("upgrade", "downgrade")
    return RunningCommand(
        name=name if name in (*_WRITERS, *_READERS) else "",
        work=work,
        is_offline=is_offline,
        is_writing=name not in _READERS and not options.get("dont_mutate"),
        has_purge=bool(options.get("purge")),
        is_autogenerate=name == "revision" and bool(arguments.get("autogenerate")),
        needs_database=not is_offline and _needs_database(name, work, arguments),
        message=arguments.get("message"),
        target=str(options.get("destination_rev") or "") if has_target else "",
    )


def _needs_database(name: str, work: StepsFunction, arguments: dict[str, Any]) -> bool:
    match name:
        case "merge":
            return False
        case "revision":
            return bool(arguments.get("autogenerate"))
        case "history":
            return _shows_current(work)
        case _:
            return True


def _shows_current(work: StepsFunction) -> bool:
    """Return whether `alembic history` shows the database's revision; True in doubt."""
    outer = inspect.getclosurevars(work).nonlocals
    display = outer.get("_display_history")
    if display is None or "base" not in outer or "head" not in outer:
        return True
    inner = inspect.getclosurevars(display).nonlocals
    return "current" in (outer["base"], outer["head"]) or inner.get("indicate_current", True)


def is_command_line(config: Config) -> bool:
    """Return whether Alembic's own command line runs env.py, not a program that wants it quiet."""
    return config.cmd_opts is not None and not config.attributes.get("quiet")


def prepare_terminal(config: Config) -> None:
    """Configure logging, and let an error keep its lines and be printed once.

    Only under Alembic's command line: in another program, logging is that program's.

    :raises ConfigError: The logging sections of alembic.ini cannot be used.
    """
    if not is_command_line(config):
        return
    # On a terminal Alembic folds a message into one paragraph, with its SQL and paths.
    messaging.TERMWIDTH = None
    if config.config_file_name and config.file_config.has_section("loggers"):
        _configure_logging(config.config_file_name)
    if not config.messaging_opts.get("quiet"):
        # Alembic prints each error, and logs it as well.
        logging.getLogger(_MESSAGES).setLevel(logging.CRITICAL)


def _configure_logging(ini: str) -> None:
    try:
        logging.config.fileConfig(ini, disable_existing_loggers=False, encoding="utf-8")
    except (KeyError, ValueError, RuntimeError, AttributeError, ImportError) as error:
        raise ConfigError(
            f"the logging sections cannot be used: {type(error).__name__}: {error}",
            where=ini,
            todo="correct the sections [loggers], [handlers] and [formatters], or remove them",
        ) from error
