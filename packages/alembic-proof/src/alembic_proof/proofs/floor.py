"""How far down a history can be taken."""

from __future__ import annotations

from dataclasses import dataclass

from alembic.config import Config
from alembic.script import ScriptDirectory


@dataclass(frozen=True, slots=True)
class Floor:
    """Where a round trip turns round, and why not everything can be taken to base."""

    revision: str
    irreversible: str = ""

    @property
    def is_base(self) -> bool:
        """Whether the whole history is taken down."""
        return self.revision == "base"


def find_floor(config: Config) -> Floor:
    """The newest revision that is declared irreversible; base where there is none.

    A branched history is taken to base all the same, and the declared refusal ends it: beside
    a branch no single revision says where everything is.
    """
    revisions = tuple(ScriptDirectory.from_config(config).walk_revisions())
    for revision in revisions:
        reason = getattr(revision.module, "irreversible", None)
        if isinstance(reason, str) and reason:
            is_linear = not any(one.is_branch_point or one.is_merge_point for one in revisions)
            return Floor(revision.revision if is_linear else "base", reason)
    return Floor("base")
