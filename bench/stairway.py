"""A stairway: every revision up, down and up again by Alembic's own commands; compares nothing.

Run it as `python -m bench.stairway ALEMBIC_INI`; it works in scratch databases of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from alembic import command
from alembic.config import Config

from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project, find_project
from alembic_proof.history.revisions import ChainRevision, load_history, read_chain
from alembic_proof.scratch import history_databases, scratch_server_url


@dataclass(slots=True)
class Stairway:
    """The climb so far."""

    project: Project
    open_database: Callable[[], str]
    elapsed_s: float = 0.0
    failed: int = 0

    def climb(self) -> None:
        """Take every revision up, down and up again, oldest first.

        Where one fails, the next goes on in a fresh database; leading it there is not timed. Where
        none can be led there, this one and those behind it have failed.
        """
        config = self._begin()
        start = perf_counter()
        chain = read_chain(load_history(config))
        for place, revision in enumerate(chain):
            try:
                _step(config, revision)
            except Exception:  # whatever a project's revision raises
                self.elapsed_s += perf_counter() - start
                self.failed += 1
                config = self._begin()
                if not _is_led(config, revision):
                    self.failed += len(chain) - place - 1
                    return
                start = perf_counter()
        self.elapsed_s += perf_counter() - start

    def _begin(self) -> Config:
        return alembic_config(self.project, url=self.open_database())


def _is_led(config: Config, revision: ChainRevision) -> bool:
    """Whether the fresh database could be upgraded to the revision."""
    try:
        command.upgrade(config, revision.revision_id)
    except Exception:  # whatever a project's revision raises
        return False
    return True


def _step(config: Config, revision: ChainRevision) -> None:
    command.upgrade(config, revision.revision_id)
    command.downgrade(config, (*revision.needs, "base")[0])
    command.upgrade(config, revision.revision_id)


def main(ini: Path) -> None:
    """Print how many revisions failed, and how long it took."""
    project = find_project(ini)
    server_url = scratch_server_url(project, os.environ)
    with history_databases(project, server_url, label="stairway") as open_database:
        stairway = Stairway(project, open_database)
        stairway.climb()
    print(f"failed: {stairway.failed} revisions")
    print(f"itself: {stairway.elapsed_s:.3f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
