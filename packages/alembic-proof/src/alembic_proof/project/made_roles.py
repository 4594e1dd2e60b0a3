"""The roles that a project's history makes: they go with its scratch databases.

A fresh database, and the next run, would meet them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from alembic.script import ScriptDirectory

from alembic_proof.history.load import directories
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.made_roles import drop_roles, role_names

_WORD = re.compile(r"[\w$]+")


@dataclass(slots=True)
class MadeRoles:
    """What is known of them; a role was made where it was not there before and a file names it."""

    project: AlembicProject
    server_url: str
    before: frozenset[str]
    made: frozenset[str] = frozenset()

    @classmethod
    def on(cls, server_url: str, *, project: AlembicProject) -> MadeRoles:
        """None yet.

        Raises:
            ServerError: no connection.
        """
        return cls(project, server_url, role_names(server_url))

    def look(self) -> None:
        """Ensures that it is known which there are; where the history lies may import the project."""
        if fresh := role_names(self.server_url) - self.before:
            self.made = fresh.intersection(_words(self.project))

    def drop(self, *, database: str = "") -> None:
        """Ensures that those seen at the last look are gone, unless somebody needs them.

        `database` is the scratch database that is there, empty.
        """
        drop_roles(self.server_url, self.made, database=database)
        self.made = frozenset()


def _words(project: AlembicProject) -> frozenset[str]:
    """Every word in the revisions' files, as it is written and as PostgreSQL folds names."""
    try:
        script = ScriptDirectory.from_config(alembic_config(project))
    except Exception:  # the project's own code, which has been told of where it failed first
        return frozenset()
    words: set[str] = set()
    for path in (found for place in directories(script) for found in place.rglob("*.py")):
        words.update(_WORD.findall(path.read_text(encoding="utf-8", errors="replace")))
    return frozenset((*words, *map(str.lower, words)))
