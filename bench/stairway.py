"""A stairway: every revision up, down and up again by Alembic's own commands; compares nothing.

Run it as `python -m bench.stairway ALEMBIC_INI`; it works in a scratch database of its own.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from time import perf_counter

from alembic import command

from alembic_proof.history.chain import load_history, read_chain
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.scratch import scratch_database
from alembic_proof.project import find_project, scratch_server_url


def climb(ini: Path) -> None:
    """Take every revision up, down and up again, oldest first."""
    project = find_project(ini)
    server_url = scratch_server_url(project, os.environ)
    with scratch_database(server_url, label="stairway") as url:
        config = alembic_config(project.alembic, url=url)
        start = perf_counter()
        for revision in read_chain(load_history(config)):
            command.upgrade(config, revision.revision_id)
            command.downgrade(config, (*revision.needs, "base")[0])
            command.upgrade(config, revision.revision_id)
        print(f"itself: {perf_counter() - start:.3f} s")


if __name__ == "__main__":
    climb(Path(sys.argv[1]))
