"""The errors of alembic_deploy and of the packages on top of it: one base, one format."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ADDRESS = re.compile(r"<(?:[\w.]*\.)?(?P<type>\w+)(?: object)? at 0x[0-9a-fA-F]+>")
_BARE_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")


class DeployError(Exception):
    """An error with a clear message: what happened, where, and what to do; exit code 2.

    >>> print(DeployError("the port is not a number", where="SHOP_URL", todo="correct it"))
    the port is not a number
      where: SHOP_URL
      help: correct it
    """

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(what, where, todo)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        return message_text(self.what, where=self.where, todo=self.todo)


class ConfigError(DeployError):
    """A setting, a URL or an argument that cannot be used."""


class ServerError(DeployError):
    """A PostgreSQL server that cannot be reached."""

    is_temporary = False
    """Whether the server may answer in a moment, as one does that starts or restarts."""


class DatabaseError(DeployError):
    """A statement or a commit that the database rejects."""


class HistoryError(DeployError):
    """A migration history that cannot be loaded or run."""


class Terminated(SystemExit):
    """The exit that a signal requests; a `sys.exit()` in a revision is never one."""


def message_text(what: str, *, where: str, todo: str) -> str:
    """Return one sentence, then a line each for the place and for the next step."""
    labelled = (("  where: ", where), ("  help: ", todo))
    return "\n".join((what, *(label + part for label, part in labelled if part)))


def causes_of(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, then what it was raised from or while handling, down to the first one."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def without_addresses(text: str) -> str:
    """Return the text with each object's type instead of its memory address.

    >>> without_addresses("<shop.Price object at 0x7f3a91c0>")
    '<Price>'
    """
    return _BARE_ADDRESS.sub("at …", _ADDRESS.sub(r"<\g<type>>", text))
