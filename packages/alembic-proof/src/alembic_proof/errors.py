"""What stops a command: broken surroundings, said in one clear message."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r"<(?:[\w.]*\.)?(?P<type>\w+)(?: object)? at 0x[0-9a-fA-F]+>")
_BARE_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


class ProofError(Exception):
    """What happened, where, and what to do next; a CLI prints it and exits with 2."""

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(what, where, todo)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        """One sentence, then a line each for the place and for the next step."""
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.todo:
            lines.append(f"  do: {self.todo}")
        return "\n".join(lines)


class ConfigError(ProofError):
    """A setting, an URL or an argument that cannot be used."""


class ServerError(ProofError):
    """A PostgreSQL server that cannot be fetched, started or reached."""


class DatabaseError(ProofError):
    """A database that refuses what it was asked to do."""


class HistoryError(ProofError):
    """A migration history that cannot be loaded or walked."""


class Terminated(SystemExit):
    """The end that a signal asked for; never mistaken for a revision that ends the process."""


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error, then what it was raised from or while handling."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def without_addresses(text: str) -> str:
    """Return the text with each object's type in place of its address, the same in every run."""
    return _BARE_ADDRESS.sub("at …", _ADDRESS.sub(r"<\g<type>>", text))
