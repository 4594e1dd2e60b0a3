"""What a command tells the user, line by line."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.runtime.migration import RevisionStep

from alembic_proof.env.ending import discard, tell
from alembic_proof.env.session import Place
from alembic_proof.history.command import RunningCommand
from alembic_proof.history.function_body import has_empty_function


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where the lines go: nowhere when quiet, to stdout for commands that write."""

    config: Config
    is_quiet: bool
    is_writing: bool

    def say(self, line: str) -> None:
        """Tell what the command does; never mixed into what a reading command prints."""
        if self.is_quiet:
            return
        if self.is_writing:
            self.answer(line)
        else:
            tell(sys.stderr, line)  # stdout is Alembic's own output

    def answer(self, line: str) -> None:
        """Tell the command's result, which always belongs to stdout."""
        if self.is_quiet:
            return
        try:
            self.config.print_stdout("%s", line)
            self.config.stdout.flush()
        except BrokenPipeError:
            discard(self.config.stdout)

    def tell_step(self, step: RevisionStep, seconds: float) -> None:
        """Tell that a revision is applied, and how long it took; and where it did nothing."""
        self.say(step_line(step, seconds=seconds))
        if _does_nothing(step):
            self.say(f"    note: {direction_of(step)}() of {step.revision.path} does nothing")


def progress_of(config: Config, command: RunningCommand) -> Progress:
    """How this run talks: `attributes["quiet"]` and `-q` silence it, and so does `--sql`."""
    is_quiet = config.attributes.get("quiet") or config.messaging_opts.get("quiet")
    return Progress(
        config=config,
        is_quiet=command.is_offline or bool(is_quiet),
        is_writing=command.is_writing,
    )


def step_line(step: RevisionStep, *, seconds: float) -> str:
    """One applied revision and its time."""
    name = f"{direction_of(step)}  {step.revision.revision}  {title_of(step)}"
    return f"  {name}  {seconds:.3f} s"


def direction_of(step: RevisionStep) -> str:
    """What Alembic calls the way that a step goes."""
    return "upgrade" if step.is_upgrade else "downgrade"


def _does_nothing(step: RevisionStep) -> bool:
    """Return whether the function calls and raises nothing, in a revision that joins no branches."""
    if step.revision.is_merge_point:
        return False
    try:
        tree = ast.parse(Path(step.revision.path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return False  # Alembic also runs compiled files.
    return has_empty_function(tree, direction_of(step))


def title_of(step: RevisionStep) -> str:
    """The first line of the revision's docstring, or its file's name where it has none."""
    lines = (step.revision.doc or "").splitlines()
    return lines[0].rstrip(".") if lines else Path(step.revision.path).name


def last_line(before: Sequence[str], after: Sequence[str], place: Place) -> str:
    """From which revision to which, on which database."""
    if set(before) == set(after):
        return f"nothing to do: {place} is already at {name_of(after)}"
    return f"{name_of(before)} -> {name_of(after)} on {place}"


def name_of(heads: Sequence[str]) -> str:
    """The revisions that a database is at, in words."""
    return ", ".join(sorted(heads)) or "base"
