"""Reading the same database again and again: after the first time, only what was touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from alembic_proof.catalog.assemble import assemble
from alembic_proof.catalog.diff import diff
from alembic_proof.catalog.follow import Followed
from alembic_proof.catalog.model import Catalog
from alembic_proof.catalog.prepared import (
    FORGOTTEN,
    Prepared,
    sqlstate,
    without_transaction,
)
from alembic_proof.catalog.read import read_catalog, refused, server_major
from alembic_proof.catalog.session import Session, UnfollowableError
from alembic_proof.driver import driver_connection
from alembic_proof.errors import DatabaseError

VERIFY = "ALEMBIC_PROOF_VERIFY_READS"
"""The variable that has each reading held against a whole one."""


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
        is_following: bool = True,
    ) -> None:
        """A reader of one database; `is_verified` has each reading held against a whole one.

        By default it is when the environment has ALEMBIC_PROOF_VERIFY_READS. Where nothing is
        followed, everything is read each time, and no function is made in the session.
        """
        self._is_following = is_following
        self._is_verified = VERIFY in os.environ if is_verified is None else is_verified
        self._version_table = version_table
        self._version_schema = version_schema
        self._followed: Followed | None = None
        self._catalog: Catalog | None = None

    def read(self, connection: sa.Connection) -> Catalog:
        """The catalog of the connection's database as it is now, Alembic's table left out.

        In a transaction that runs, everything is read: whether it was touched may be taken back.
        The statements stay prepared in the session, and functions in its temporary schema.

        Raises:
            DatabaseError: as `read_catalog`.

        Locks: none beyond ACCESS SHARE on the system catalogs.
        """
        if connection.in_transaction():
            self._followed = self._catalog = None
            return self._read_within(connection)
        found = self._read_followed(connection)
        if self._is_verified:
            self._verify(found, self._ask(connection, self._whole))
        return found

    @property
    def lasting(self) -> str | None:
        """The session's settings at the last reading (`queries.lasting`), None in a transaction."""
        return self._followed.answer.lasting if self._followed is not None else None

    @property
    def has_temporary(self) -> bool:
        """Whether the session had temporary tables at the last reading; not in a transaction."""
        return self._followed is not None and bool(self._followed.answer.has_temporary)

    def verify(self, connection: sa.Connection) -> None:
        """Ensures that what was followed is the whole catalog, unless a transaction runs.

        Raises:
            DatabaseError: it is not; names what differs.

        Locks: as `read`.
        """
        if not connection.in_transaction():
            self._verify(self._read_followed(connection), self._ask(connection, self._whole))

    def _verify(self, found: Catalog, whole: Catalog) -> None:
        if found != whole:
            changes = "; ".join(map(str, diff(whole, found))) or "something that no diff shows"
            raise DatabaseError(
                f"what was touched does not tell the whole catalog: {changes}",
                todo="report this as a fault of alembic-proof",
            )

    def _read_within(self, connection: sa.Connection) -> Catalog:
        """Everything, in the transaction that runs."""
        return read_catalog(
            connection, version_table=self._version_table, version_schema=self._version_schema
        )

    def _read_followed(self, connection: sa.Connection) -> Catalog:
        """What was touched, put into the last reading; everything where that cannot be asked."""
        if self._is_following:
            try:
                return self._ask(connection, self._follow)
            except UnfollowableError:
                self._followed = None
        return self._ask(connection, self._whole)

    def _ask(
        self,
        connection: sa.Connection,
        read: Callable[[Session], Catalog],
        *,
        is_again: bool = False,
    ) -> Catalog:
        """The reading; what somebody discarded in the session is made again, once."""
        driver: Any = connection.dialect.dbapi
        major = server_major(connection)
        try:
            with without_transaction(connection):
                return read(Session(connection, major=major))
        except driver.Error as error:
            if is_again or sqlstate(error) not in FORGOTTEN:
                _let_go_if_lost(connection, error)
                raise refused(error) from error
        Prepared.forget(connection)
        return self._ask(connection, read, is_again=True)

    def _follow(self, session: Session) -> Catalog:
        followed, self._followed = self._followed, None  # unless all goes well: read all again
        session.begin()
        answer = session.touched(followed.answer if followed else None)
        if followed is None or not followed.follow(session, answer):
            followed = Followed.begin(
                session,
                answer,
                version_table=self._version_table,
                version_schema=self._version_schema,
            )
        self._followed = followed
        found = followed.kept.catalog()
        if self._catalog is None or self._catalog != found:
            self._catalog = found
        return self._catalog

    def _whole(self, session: Session) -> Catalog:
        return assemble(
            session.all(),
            major=session.major,
            version_table=self._version_table,
            version_schema=self._version_schema,
        )


def _let_go_if_lost(connection: sa.Connection, error: Any) -> None:
    """Ensures that nobody ends a transaction in a session that is gone: it would fail, aloud."""
    if connection.dialect.is_disconnect(error, driver_connection(connection), None):
        connection.invalidate(error)
