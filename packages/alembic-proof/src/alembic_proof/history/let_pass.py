"""What a revision lets pass: the error that ended its transaction, where only what followed is raised."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.errors import ProofError
from alembic_proof.postgres.sqlstate import sqlstate_of

_ABORTED = "25P02"
"""Every statement fails so in a transaction that another one has ended (errcodes-appendix)."""


@dataclass(slots=True)
class LetPass:
    """The last error of a step that was no consequence of another one."""

    error: Exception | None = None

    def cause_of(self, error: Exception) -> Exception:
        """What ended the transaction, where the error says only that something has."""
        return self.error if self.error is not None and _is_consequence(error) else error

    @contextmanager
    def listening(self, connection: Connection) -> Iterator[None]:
        """Take note of what fails on the connection's engine, whoever catches it."""

        def note(context: Any) -> None:
            error = context.sqlalchemy_exception
            if error is not None and not _is_consequence(error):
                self.error = error

        event.listen(connection.engine, "handle_error", note)
        try:
            yield
        finally:
            event.remove(connection.engine, "handle_error", note)


def _is_consequence(error: BaseException | None) -> bool:
    """Whether the error, or what env.py's wrapping has in it, says only that something has failed."""
    while isinstance(error, (ProofError, CommandError)):
        error = error.__cause__
    return isinstance(error, DBAPIError) and sqlstate_of(error) == _ABORTED
