"""What a revision lets pass: the error that ended its transaction, where only what followed is raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic.util import CommandError
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from alembic_proof.errors import ProofError
from alembic_proof.postgres.sqlstate import sqlstate_of

_ABORTED = "25P02"
"""Every statement fails so in a transaction that another one has ended (errcodes-appendix)."""


@dataclass(slots=True, eq=False)
class LetPass:
    """The last error of a step that was no consequence of another one."""

    error: Exception | None = None
    _engine: Engine | None = None

    def cause_of(self, error: Exception) -> Exception:
        """What ended the transaction, where the error says only that something has."""
        return self.error if self.error is not None and _is_consequence(error) else error

    def listen(self, connection: Connection) -> None:
        """Take note of what fails on the connection's engine, whoever catches it."""
        self._engine = connection.engine
        event.listen(self._engine, "handle_error", self._note)

    def end(self) -> None:
        """Take note of nothing any more: the engine may be the project's own."""
        if self._engine is not None and event.contains(self._engine, "handle_error", self._note):
            event.remove(self._engine, "handle_error", self._note)

    def _note(self, context: Any) -> None:
        error = context.sqlalchemy_exception
        if error is not None and not _is_consequence(error):
            self.error = error


def _is_consequence(error: BaseException | None) -> bool:
    """Whether the error, or what env.py's wrapping has in it, says only that something has failed."""
    while isinstance(error, (ProofError, CommandError)):
        error = error.__cause__
    return isinstance(error, DBAPIError) and sqlstate_of(error) == _ABORTED
