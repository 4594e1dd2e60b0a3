"""What the step that runs has sent to the server and committed, seen on its connection."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection

from alembic_deploy.concurrently import is_autocommit, is_restartable
from alembic_deploy.statements import match_start, split_statements, tokenize

_REPEATABLE = re.compile(
    r"(?:(?:SET|SHOW)\b|(?:ALTER|CREATE|DROP)\b.*\bIF\s+(?:NOT\s+)?EXISTS\b)",
    re.IGNORECASE | re.DOTALL,
)
_READ = re.compile(r"SELECT\b", re.IGNORECASE)
_BEFORE_PARENTHESIS = re.compile(
    "all|and|any|array|as|avg|between|by|case|cast|coalesce|count|distinct|else|except|exists|from"
    "|greatest|having|in|intersect|join|lateral|least|limit|max|min|not|nullif|on|or|over|partition"
    "|row|select|some|sum|then|union|using|values|when|where"
)
"""Words that a parenthesis may follow and that call no function which could write."""
_ENDS = "{ COMMIT | END | ABORT | ROLLBACK | PREPARE TRANSACTION }"
_TO_SAVEPOINT = "ROLLBACK [ { WORK | TRANSACTION } ] TO"


class StepEffects:
    """The effects of one step at a time, the one that runs now or that failed."""

    def __init__(self) -> None:
        self.next_heads: tuple[str, ...] | None = None
        """The revisions that the database is at when the step is committed, once its work is done."""
        self.is_commit_sent = False
        """Whether the server may have committed the whole step."""
        self.has_committed = False
        """Whether the step has committed a part of itself that cannot run again."""
        self.has_built = False
        """Whether the step has built or dropped an index CONCURRENTLY, which may run again."""
        self.has_sent = False
        """Whether the step's open transaction has such a part."""
        self.is_running = False
        """Whether the step has begun and is not committed."""
        self.attempts = 0
        """How many steps have begun; one that is tried again counts again."""
        self.statement = ""
        """The statement that runs, or that failed; empty where the last one has succeeded."""
        self.idle_s = 0.0
        """For how long the step had sent nothing before that statement."""
        self._last_s = 0.0

    def begin(self) -> None:
        """Forget the step before."""
        self.next_heads = None
        self.is_commit_sent = self.has_committed = self.has_built = self.has_sent = False
        self.is_running = True
        self.attempts += 1
        self.statement, self.idle_s, self._last_s = "", 0.0, time.monotonic()

    def end(self) -> None:
        """Note that the step is committed."""
        self.is_running = False

    def note_rollback(self) -> None:
        """Note that the step's open transaction is rolled back; it runs again after `begin` only."""
        self.next_heads = None
        self.is_commit_sent = self.has_sent = self.is_running = False

    def note_version(self, heads: Collection[str]) -> None:
        """Record that the step's own work is done, after which the database is at these heads."""
        self.next_heads = tuple(sorted(heads))

    @contextmanager
    def watching(self, connection: Connection) -> Iterator[None]:
        """Record what is sent and committed inside of this block."""
        event.listen(connection, "commit", self._note_commit)
        event.listen(connection, "before_cursor_execute", self._note_start)
        event.listen(connection, "after_cursor_execute", self._note_statement)
        try:
            yield
        finally:
            event.remove(connection, "commit", self._note_commit)
            event.remove(connection, "before_cursor_execute", self._note_start)
            event.remove(connection, "after_cursor_execute", self._note_statement)

    def _note_commit(self, _connection: Connection) -> None:
        if not self.is_running:
            return
        # Before the version is recorded, it is a part of the step that commits.
        if self.next_heads is not None:
            self.is_commit_sent = True
        elif self.has_sent:
            self.has_committed = True

    def _note_start(self, _connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
        self.statement, self.idle_s = statement, time.monotonic() - self._last_s

    def _note_statement(
        self, connection: Connection, _cursor: Any, statement: str, *_: Any
    ) -> None:
        self.statement, self._last_s = "", time.monotonic()
        if self.is_running and is_autocommit(connection) and is_restartable(statement):
            self.has_built = True
        elif self.is_running and not is_repeatable(statement):
            self.has_sent = True
            # Behind a COMMIT or ROLLBACK of its own, each statement of the step commits itself.
            has_left = is_autocommit(connection) or ends_transaction(statement)
            self.has_committed = self.has_committed or has_left


def is_repeatable(statement: str) -> bool:
    """Return whether the statement may run a second time: it has IF EXISTS, or changes nothing.

    An IF EXISTS in the body of a DO guards a part of it only. A SELECT may call a function that
    writes, unless that is one of pg_catalog.
    """
    return all(
        _REPEATABLE.match(one.text) or (_READ.match(one.text) and _only_reads(one.text))
        for one in split_statements(statement)
    )


def _only_reads(select: str) -> bool:
    """Return whether a SELECT makes no table and calls no function that could write."""
    words = ["", "", *(token.text.lower() for token in tokenize(select))]
    called = (
        (schema, dot, name)
        for schema, dot, name, parenthesis in zip(
            words, words[1:], words[2:], words[3:], strict=False
        )
        if parenthesis == "(" and (name[0].isalpha() or name[0] in '_"')
    )
    return "into" not in words and all(
        (schema, dot) == ("pg_catalog", ".") or (dot != "." and _BEFORE_PARENTHESIS.fullmatch(name))
        for schema, dot, name in called
    )


def ends_transaction(statement: str) -> bool:
    """Return whether the statement ends the transaction that it runs in, unseen by SQLAlchemy."""
    return any(
        match_start(one.text, _ENDS) and not match_start(one.text, _TO_SAVEPOINT)
        for one in split_statements(statement)
    )
