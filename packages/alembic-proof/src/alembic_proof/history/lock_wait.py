"""Waits for a lock that nobody releases: another connection of the same process holds it.

PostgreSQL ends deadlocks between its sessions. It cannot know that a session which is idle in a
transaction belongs to the code that waits for the other one.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DeployError, HistoryError, causes_of
from alembic_deploy.server_message import sqlstate_of
from alembic_proof.config import DEFAULT_WAIT_TIMEOUT_S
from alembic_proof.sql import Sqlstate

WAIT_TIMEOUT_S = "wait_timeout_s"
"""The key of `Config.attributes` with the seconds that a step may wait."""
USE_ONE_CONNECTION = (
    "use op.get_bind() for both, or commit and close the other connection before this statement "
    "(wait_timeout_s in [tool.alembic-proof] is how long a step may wait)"
)
_LOOK_EVERY_S = 1.0
_STATEMENT_CHARACTERS = 200

_CANCEL = """\
SELECT *, pg_catalog.pg_cancel_backend(pid) AS is_cancelled
FROM (SELECT w.pid, w.application_name AS application, w.query AS statement, h.state,
  h.pid AS holder, h.application_name AS holder_application, h.query AS holder_statement,
  CASE WHEN l.relation IS NULL THEN '' ELSE l.relation::pg_catalog.regclass::text END AS relation
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS w ON w.pid = l.pid
CROSS JOIN LATERAL pg_catalog.unnest(pg_catalog.pg_blocking_pids(l.pid)) AS b (pid)
JOIN pg_catalog.pg_stat_activity AS h ON h.pid = b.pid
WHERE NOT l.granted
  AND w.datname = pg_catalog.current_database() AND h.datname = pg_catalog.current_database()
  AND w.backend_type = 'client backend' AND h.backend_type = 'client backend'
  AND l.waitstart < pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => :timeout_s)
  AND (h.state <> 'active' OR h.wait_event_type = 'Lock')
ORDER BY l.waitstart, w.pid, h.pid LIMIT 1) AS waiting"""
"""Cancels a session that has waited for so long for a session that does nothing, or waits as well.

Source: view-pg-locks; functions-info, "Session Information Functions" (pg_blocking_pids);
functions-admin, "Server Signaling Functions" (pg_cancel_backend).
"""


@dataclass(frozen=True, slots=True)
class WaitingSession:
    """One session of the server, and its current or last statement."""

    pid: int
    application: str
    statement: str

    def __str__(self) -> str:
        name = f" ({self.application})" if self.application else ""
        return f"pid {self.pid}{name}"


@dataclass(slots=True, eq=False)
class LockWaitError(Exception):
    """A step was cancelled because it waited for another connection that does nothing."""

    waiter: WaitingSession
    holder: WaitingSession
    state: str
    """The state of the holder in pg_stat_activity: `idle in transaction`."""
    timeout_s: float
    relation: str = ""
    """The locked table or index; empty for another lock."""

    def __str__(self) -> str:
        """Return who waited for whom, and how long."""
        return (
            f"{self.waiter} waited {self.timeout_s:g} s for a lock of {self.holder}, another "
            f"connection to this database that is {self.state}"
        )

    def of_own_work(self, place: str) -> HistoryError:
        """Return the error if no step waited, but a reading of the proof between two steps."""
        relation = f" on {self.relation}" if self.relation else ""
        return HistoryError(
            f"the proof cannot read the database between two steps: {self.waiter} waited "
            f"{self.timeout_s:g} s for the lock{relation} of {self.holder}, another connection to "
            f"this database that is {self.state}; its last statement: {self.holder.statement}",
            where=place,
            todo="let env.py (or the revision before) hold no lock of a table in another "
            "transaction: pg_advisory_lock() keeps two migrations apart as well",
        )


class LockWatch:
    """Watch steps, and the proof's work between them, from a second connection; cancel endless lock waits.

    A look at the server, and the begin or end of a watched part, exclude one another.
    """

    def __init__(self, url: str | None, *, timeout_s: float = DEFAULT_WAIT_TIMEOUT_S) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._started_s: float | None = None
        self._is_over = threading.Event()
        self._found: LockWaitError | None = None
        self._is_own_work = False

    @classmethod
    def of(cls, config: Config) -> LockWatch:
        """Return the watch on the configuration's database; without a URL nothing is watched."""
        timeout_s = config.attributes.get(WAIT_TIMEOUT_S, DEFAULT_WAIT_TIMEOUT_S)
        return cls(config.attributes.get("url"), timeout_s=timeout_s)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch in a thread that ends with the block."""
        if self._url is None:
            yield
            return
        thread = threading.Thread(target=self._watch, name="lock watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            thread.join()

    def begin(self) -> None:
        """Record that a step begins, or the proof's own work."""
        with self._lock:
            self._found, self._started_s = None, time.monotonic()

    def end(self) -> None:
        """Record that it has ended."""
        with self._lock:
            self._started_s = None

    @contextmanager
    def bounding(self, place: str) -> Iterator[None]:
        """Limit the proof's own waits for a lock as a step's are limited.

        :param place: the env.py through which the proof is connected.
        :raises HistoryError: a wait was cancelled, whatever the statement that waited did then.
        """
        self.begin()
        cause: Exception | None = None
        self._is_own_work = True
        try:
            yield
        except Exception as error:
            cause = error
        finally:
            self._is_own_work = False
            self.end()
        if self._found is not None:
            raise self._found.of_own_work(place) from cause
        if cause is not None:
            raise cause

    def explain(self, error: BaseException) -> BaseException:
        """Return the lock wait that the step was cancelled for; any other error as it is."""
        with self._lock:
            found = self._found
        if found is None or not _is_cancelled(error):
            return error
        found.__cause__ = error
        for cause in causes_of(error):
            # The frames refer to the other connection; clearing them lets it be closed.
            traceback.clear_frames(cause.__traceback__)
        return found.with_traceback(error.__traceback__)

    def _watch(self) -> None:
        every_s = min(_LOOK_EVERY_S, self._timeout_s)
        while not self._is_over.wait(every_s):
            started_s = self._started_s
            if started_s is None or time.monotonic() - started_s < every_s:
                continue
            try:
                run_on(self._url or "", self._look, autocommit=True)
            except (DBAPIError, DeployError, OSError):
                continue  # the step itself reports a server that does not answer

    def _look(self, connection: Connection) -> None:
        """Cancel the first endless wait; nothing where no step and no work of the proof runs."""
        with self._lock:
            if self._started_s is None:
                return
            # The proof repeats its own statements when they fail; after the first wait, cancel at once.
            is_known = self._is_own_work and self._found is not None
            timeout_s = 0.0 if is_known else self._timeout_s
            found = connection.execute(text(_CANCEL), {"timeout_s": timeout_s}).first()
            if found is None or not found.is_cancelled or is_known:
                return
            self._found = LockWaitError(
                WaitingSession(found.pid, found.application, _one_line(found.statement)),
                WaitingSession(
                    found.holder, found.holder_application, _one_line(found.holder_statement)
                ),
                found.state if found.state != "active" else "waiting as well",
                self._timeout_s,
                found.relation,
            )


def _is_cancelled(error: BaseException) -> bool:
    return any(
        isinstance(cause, DBAPIError) and sqlstate_of(cause) == Sqlstate.QUERY_CANCELED
        for cause in causes_of(error)
    )


def _one_line(statement: str | None) -> str:
    line = " ".join((statement or "").split())
    return line if len(line) <= _STATEMENT_CHARACTERS else f"{line[:_STATEMENT_CHARACTERS]} …"
