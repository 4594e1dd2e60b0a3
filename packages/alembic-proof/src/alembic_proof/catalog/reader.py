"""Reading the same database again and again: after the first time, only what was touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.diff import diff
from alembic_proof.catalog.model import Catalog
from alembic_proof.catalog.patch import Kept
from alembic_proof.catalog.queries import (
    GIVEN,
    narrow_statement,
    small_statement,
    statement,
    touched_statement,
)
from alembic_proof.catalog.queries.moved import COUNTS
from alembic_proof.catalog.read import read_catalog, refused, server_major
from alembic_proof.catalog.touched import Touched, gone
from alembic_proof.errors import DatabaseError

VERIFY = "ALEMBIC_PROOF_VERIFY_READS"
"""The variable that has each reading held against a whole one."""
_NO_SUCH_STATEMENT = "26000"
_PREPARED = "alembic_proof_prepared"
_ROUND = "alembic_proof_round"


class CatalogReader:
    """Reads the catalog of one database, which nobody else changes in an open transaction.

    What `read` returns equals what `read_catalog` returns, always. Records of what was not
    touched in between are the same objects, so that comparing two catalogs is cheap.
    """

    def __init__(
        self,
        *,
        version_table: str = "alembic_version",
        version_schema: str | None = None,
        is_verified: bool | None = None,
    ) -> None:
        """A reader of one database; `is_verified` has each reading held against a whole one.

        By default it is when the environment has ALEMBIC_PROOF_VERIFY_READS.
        """
        self._is_verified = VERIFY in os.environ if is_verified is None else is_verified
        self._version_table = version_table
        self._version_schema = version_schema
        self._kept: Kept | None = None
        self._touched: Touched | None = None
        self._catalog: Catalog | None = None

    def read(self, connection: sa.Connection) -> Catalog:
        """The catalog of the connection's database as it is now, Alembic's table left out.

        In a transaction that runs, everything is read: whether it was touched may be taken back.
        The statements stay prepared in the session.

        Raises:
            DatabaseError: as `read_catalog`.

        Locks: none beyond ACCESS SHARE on the system catalogs.
        """
        if connection.in_transaction():
            self._kept = self._touched = self._catalog = None
            return self._read_all(connection)
        found = self._read_prepared(connection)
        if self._is_verified:
            self._verify(found, self._read_all(connection))
        return found

    def verify(self, connection: sa.Connection) -> None:
        """Ensures that what was followed is the whole catalog, unless a transaction runs.

        Raises:
            DatabaseError: it is not; names what differs.

        Locks: as `read`.
        """
        if not connection.in_transaction():
            self._verify(self._read_prepared(connection), self._read_all(connection))

    def _read_all(self, connection: sa.Connection) -> Catalog:
        return read_catalog(
            connection, version_table=self._version_table, version_schema=self._version_schema
        )

    def _verify(self, found: Catalog, whole: Catalog) -> None:
        if found != whole:
            changes = "; ".join(map(str, diff(whole, found))) or "something that no diff shows"
            raise DatabaseError(
                f"what was touched does not tell the whole catalog: {changes}",
                todo="report this as a fault of alembic-proof",
            )

    def _read_prepared(self, connection: sa.Connection) -> Catalog:
        """The reading; statements that somebody deallocated are prepared again."""
        major = server_major(connection)
        try:
            return self._read_touched(connection, major=major)
        except sa.exc.DBAPIError as error:
            if _state_of(error) != _NO_SUCH_STATEMENT:
                raise refused(error) from error
        _Session.forget(connection)
        return self._read_touched(connection, major=major)

    def _read_touched(self, connection: sa.Connection, *, major: int) -> Catalog:
        with _without_transaction(connection):
            session = _Session(connection, major)
            touched, told = session.touched(self._touched)
            before, self._touched = self._touched, None  # unless all goes well: read all again
            kept, self._kept = self._kept, None
            if kept is None or before is None or not _can_follow(before, touched):
                kept = Kept.of(
                    session.all(),
                    major=major,
                    version_table=self._version_table,
                    version_schema=self._version_schema,
                )
            else:
                _follow(kept, session, told, before=before, after=touched)
        self._kept, self._touched = kept, touched
        found = kept.catalog()
        if self._catalog is None or self._catalog != found:
            self._catalog = found
        return self._catalog


def _can_follow(before: Touched, after: Touched) -> bool:
    """Whether everything that is otherwise can be told row by row."""
    is_next = after.since == before.next and before.surroundings == after.surroundings
    return is_next and not after.is_beyond


@contextmanager
def _without_transaction(connection: sa.Connection) -> Iterator[None]:
    """Ensures that each statement is a transaction of its own: two round trips less.

    SQLAlchemy 1.4 leaves the driver in a transaction after a SELECT outside of one; that one ends
    here, and all is read in it.
    """
    driver: Any = connection.connection.dbapi_connection
    if _is_in_transaction(driver):
        with connection.begin():
            yield
        return
    before = driver.autocommit
    driver.autocommit = True
    try:
        with connection.begin():
            yield
    finally:
        driver.autocommit = before


def _is_in_transaction(driver: Any) -> bool:
    """Whether psycopg or psycopg2 says so; asyncpg's adapter begins none by itself."""
    info = getattr(driver, "info", None)
    return bool(getattr(info, "transaction_status", 0))


def _follow(kept: Kept, session: _Session, told: Told, *, before: Touched, after: Touched) -> None:
    """Ensures that what is kept is as the database is now."""
    lost = gone(before, after)
    left = lost.said | kept.holders(lost.objects)
    if lost.objects:
        kept.drop(lost.objects)
    if told.oids:
        kept.renew(told.oids, text=told.text)
    if left := left - frozenset(told.oids):
        more = session.narrow(left)
        kept.renew(more.oids, text=more.text)
    if after.is_small or lost.is_small or before.stamps != after.stamps:
        kept.renew_small(session.small())


@dataclass(frozen=True, slots=True)
class Told:
    """What the server says of some objects."""

    oids: tuple[int, ...]
    """Of all of them, of any catalog."""
    text: str
    """JSON."""

    @classmethod
    def of(cls, text: object, oids: object) -> Told:
        """The two columns of a row."""
        return cls(tuple(map(int, str(oids).split(","))) if oids else (), str(text))


class _Session:
    """The prepared statements of one session."""

    def __init__(self, connection: sa.Connection, major: int) -> None:
        self._connection = connection
        self._major = major
        self._round: int = connection.info.setdefault(_ROUND, 0)
        self._prepared: set[str] = connection.info.setdefault(_PREPARED, set())
        _keep_prepared(connection)

    @staticmethod
    def forget(connection: sa.Connection) -> None:
        """Ensures that everything is prepared again, under names that no driver remembers."""
        connection.info[_ROUND] = connection.info.get(_ROUND, 0) + 1
        connection.info.pop(_PREPARED, None)

    def touched(self, before: Touched | None) -> tuple[Touched, Told]:
        """What was touched since that answer, and what is there instead.

        All there is, where the session's last answer was another one.
        """
        if before is not None:
            touched, told = self._touched()
            if touched.since == before.next:
                return touched.over(before), told
        self._connection.exec_driver_sql(f"SELECT set_config('{COUNTS}', '', false)")
        return self._touched()

    def _touched(self) -> tuple[Touched, Told]:
        row = tuple(self._row("touched", touched_statement(major=self._major)))
        text, oids, *answer = row[:10]
        return Touched.of(answer), Told.of(text, oids)

    def all(self) -> str:
        """Everything, as JSON text."""
        return str(self._row("all", statement(major=self._major))[0])

    def narrow(self, oids: frozenset[int]) -> Told:
        """What there is of these objects and all that hangs on them."""
        array = ",".join(map(str, sorted(oids)))
        given = f"SELECT set_config('{GIVEN}', '{{{array}}}', false)"
        self._connection.exec_driver_sql(given)
        text, told, *_ = tuple(self._row("narrow", narrow_statement(major=self._major)))
        return Told.of(text, told)

    def small(self) -> str:
        """The small catalogs, as JSON text."""
        return str(self._row("small", small_statement(major=self._major))[0])

    def _row(self, label: str, sql: str) -> sa.Row[Any]:
        """The one row of the statement, which is prepared where it is not yet."""
        name = f"alembic_proof_{self._round}_{label}"
        if name not in self._prepared:
            self._connection.exec_driver_sql(f"PREPARE {name} AS {sql}")
            self._prepared.add(name)
        return self._connection.exec_driver_sql(f"EXECUTE {name}").one()


def _keep_prepared(connection: sa.Connection) -> None:
    """Ensures that the driver leaves what is prepared here alone.

    psycopg sends DEALLOCATE ALL after a DROP once it has prepared something by itself.
    Source: psycopg's manual, "Prepared statements".
    """
    driver = connection.connection.dbapi_connection
    if getattr(driver, "prepare_threshold", None) is not None:
        setattr(driver, "prepare_threshold", None)  # noqa: B010  only psycopg's connection has it


def _state_of(error: sa.exc.DBAPIError) -> str:
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None) or "")
