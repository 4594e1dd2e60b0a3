"""The roles that a project's history makes: they go with its scratch databases.

A fresh database, and the next run, would meet them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from alembic.script import ScriptDirectory

from alembic_proof.history.load import directories
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.made_roles import drop_left_roles, drop_roles, role_names

_CREATE = r"\bCREATE\s+(?:ROLE|USER|GROUP)\s+[\\\"']*"
"""Then the name, in quotes that may be escaped in a string."""


@dataclass(slots=True)
class MadeRoles:
    """What is known of them; a role was made where it was not there before and a file creates it."""

    project: AlembicProject
    server_url: str
    keep: tuple[str, ...] | None
    """The roles to keep on a server that nobody named; None where all of them may be somebody's."""
    before: frozenset[str]
    made: frozenset[str] = frozenset()

    @classmethod
    def on(
        cls, server_url: str, *, project: AlembicProject, keep: tuple[str, ...] | None = None
    ) -> MadeRoles:
        """None yet; what earlier runs left on a server of our own is gone.

        Raises:
            ServerError: no connection.
        """
        if keep is not None:
            drop_left_roles(server_url, keep=keep)
        return cls(project, server_url, keep, role_names(server_url))

    def look(self) -> None:
        """Ensures that it is known which there are; where the history lies may import the project."""
        if fresh := role_names(self.server_url) - self.before:
            self.made = _named(self.project, fresh)

    def drop(self, *, database: str = "") -> None:
        """Ensures that those seen at the last look are gone, unless somebody needs them.

        On a server of our own all are, whatever made them. `database` is the scratch database that is
        there, empty.
        """
        drop_roles(self.server_url, self.made, database=database)
        self.made = frozenset()
        if self.keep is not None:
            drop_left_roles(self.server_url, keep=self.keep, database=database)


def _named(project: AlembicProject, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that a revision's file has behind CREATE ROLE, USER or GROUP."""
    texts = tuple(_texts(project))
    return frozenset(name for name in names if any(_creates(name, text) for text in texts))


def _creates(name: str, text: str) -> bool:
    return re.search(_CREATE + re.escape(name) + r"(?![\w$-])", text, re.IGNORECASE) is not None


def _texts(project: AlembicProject) -> Iterator[str]:
    try:
        places = directories(ScriptDirectory.from_config(alembic_config(project)))
    except Exception:  # the project's own code, which has been told of where it failed first
        return
    for path in (found for place in places for found in place.rglob("*.py")):
        with suppress(OSError):
            yield path.read_text(encoding="utf-8", errors="replace")
