"""The errors of this package: each says what happened, where, and what to do."""

from __future__ import annotations


class LocalPostgresError(Exception):
    """The base of every error that this package raises on purpose.

    :param what: One sentence: what happened.
    :param where: The file, directory, variable or role that it happened to.
    :param todo: What the user can do about it.
    """

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        super().__init__(what, where, todo)
        self.what = what
        self.where = where
        self.todo = todo

    def __str__(self) -> str:
        """Return the sentence, then a line each for the place and for what to do."""
        lines = [self.what]
        if self.where:
            lines.append(f"  where: {self.where}")
        if self.todo:
            lines.append(f"  help: {self.todo}")
        return "\n".join(lines)


class SettingsError(LocalPostgresError):
    """A setting, an environment variable or an argument that cannot be used."""


class ServerError(LocalPostgresError):
    """A PostgreSQL server that cannot be fetched, started or reached."""


class FetchError(ServerError):
    """The embedded PostgreSQL could not be fetched, verified or unpacked."""


class UntrustedArchiveError(ServerError):
    """An archive that is not the pinned one: unlike for a `FetchError`, nothing is used in its place."""


class DatabaseError(LocalPostgresError):
    """PostgreSQL refuses a statement, or to create a database or a role."""


class SqlError(DatabaseError):
    """A statement that PostgreSQL refuses.

    :param message: PostgreSQL's own message.
    :param sqlstate: Its code of five characters; empty where the driver has none.
    """

    def __init__(self, message: str, *, sqlstate: str) -> None:
        super().__init__(f"{message}; SQLSTATE {sqlstate}")
        self.sqlstate = sqlstate
