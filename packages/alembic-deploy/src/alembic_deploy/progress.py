"""The lines that a command prints while it runs: the database, each revision, the result."""

from __future__ import annotations

import ast
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.migration import RevisionStep
from alembic.util import write_outstream
from sqlalchemy.engine import Connection

from alembic_deploy.command import RunningCommand
from alembic_deploy.events import Event, Note, Observe, json_line
from alembic_deploy.process_exit import discard_output, write_line
from alembic_deploy.revision_source import declares, has_empty_function

_ERASE = "\r\x1b[K"
"""Erases a terminal's line and goes to its start. Source: ECMA-48, CR and EL."""
_SHOWN_SEVERITIES = {"NOTICE", "WARNING"}
"""Source: plpgsql-errors-and-messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Print to stdout for commands that write, to stderr for others, and nothing when quiet."""

    config: Config
    is_quiet: bool
    is_writing: bool
    is_json: bool = False
    """Whether standard output has one JSON object per line, and nothing else."""
    observe: Observe | None = None

    def print_line(self, line: str) -> None:
        """Print what the command does; never into the output of a reading command."""
        if self.is_quiet:
            return
        if self.is_json:
            self.emit(Note(text=line.strip()))
        elif self.is_writing:
            self.print_result(line)
        else:
            write_line(sys.stderr, line)  # stdout is Alembic's own output

    def print_result(self, line: str) -> None:
        """Print the command's result, which always goes to stdout."""
        if self.is_quiet:
            return
        self._write(f"{_ERASE if self._is_terminal else ''}{line}\n")

    def show_running(self, step: RevisionStep) -> None:
        """Print, on a terminal only, the revision that runs; the next line takes its place."""
        if not self._is_terminal:
            return
        line = f"  {direction_of(step)}  {step.revision.revision}  {title_of(step)} …"
        width = shutil.get_terminal_size().columns - 1  # of a longer line, only the end is erased
        self._write(_ERASE + (line if len(line) <= width else f"{line[: width - 1]}…"))

    def erase_running(self) -> None:
        """Erase that line, after which nothing runs."""
        if self._is_terminal:
            self._write(_ERASE)

    @property
    def _is_terminal(self) -> bool:
        is_text = self.is_writing and not self.is_quiet and not self.is_json
        return is_text and self.config.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def _write(self, text: str) -> None:
        try:
            write_outstream(self.config.stdout, text)
            self.config.stdout.flush()
        except BrokenPipeError:
            discard_output(self.config.stdout)

    def emit(self, event: Event) -> None:
        """Print the event: its lines, or one JSON object on standard output."""
        if self.observe is not None:
            self.observe(event)
        if self.is_json:
            self.print_result(json_line(event))
            return
        for line in event.lines():
            self.print_line(line)

    def note_empty(self, step: RevisionStep) -> None:
        """Print that a revision that was applied did nothing."""
        if _does_nothing(step):
            function = f"{direction_of(step)}() of {step.revision.path}"
            self.emit(Note(text=f"    note: {function} does nothing"))


def progress_of(
    config: Config,
    command: RunningCommand,
    *,
    is_json: bool = False,
    observe: Observe | None = None,
) -> Progress:
    """Return the progress of this run; `attributes["quiet"]`, `-q` and `--sql` make it quiet."""
    is_quiet = config.attributes.get("quiet") or config.messaging_opts.get("quiet")
    return Progress(
        config=config,
        is_quiet=command.is_offline or bool(is_quiet),
        is_writing=command.is_writing,
        is_json=is_json,
        observe=observe,
    )


def report_notices(connection: Connection, *, print_line: Callable[[str], None]) -> None:
    """Print each NOTICE and WARNING of the server, where the driver reports them (asyncpg).

    The notice of an IF EXISTS that found nothing, or of an IF NOT EXISTS that found something, is
    left out: the statement expects both.
    """
    driver = getattr(connection.connection, "driver_connection", None)
    listen = getattr(driver, "add_log_listener", None)
    if listen is None:
        return

    def report(_: Any, message: Any) -> None:
        if message.severity_en in _SHOWN_SEVERITIES and not _is_of_if_exists(message):
            print_line(f"    {message.severity_en.lower()}: {message.message}")

    listen(report)


def _is_of_if_exists(message: Any) -> bool:
    """Return whether a statement skipped its work because of IF EXISTS or IF NOT EXISTS.

    PostgreSQL gives these notices no SQLSTATE of their own. Their texts end alike; a server whose
    lc_messages is not English words them otherwise, and they are printed. RAISE in a function may
    use the same words for something that a reader must know.
    """
    is_raised = message.server_source_function == "exec_stmt_raise"
    return message.message.endswith(", skipping") and not is_raised


def direction_of(step: RevisionStep) -> str:
    """Return `upgrade` or `downgrade`."""
    return "upgrade" if step.is_upgrade else "downgrade"


def title_of(step: RevisionStep) -> str:
    """Return the first line of the revision's docstring, or its file's name without one."""
    lines = (step.revision.doc or "").splitlines()
    return lines[0].rstrip(".") if lines else Path(step.revision.path).name


def name_of(heads: Sequence[str]) -> str:
    """Return the revisions that a database is at, in words."""
    return ", ".join(sorted(heads)) or "base"


def _does_nothing(step: RevisionStep) -> bool:
    """Return whether the function is empty, in a revision that joins no branches."""
    if step.revision.is_merge_point:
        return False
    try:
        tree = ast.parse(Path(step.revision.path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False  # Alembic also runs compiled files.
    return has_empty_function(tree, direction_of(step)) and not declares(tree, "backfill")
