"""The installed command boards-migrate; it imports the models only where their errors are caught."""

from __future__ import annotations

import sys

from alembic_proof.env import exit_code_of, explained_faults


def main() -> int:
    """The exit code, as of boards.database.migrate; 2 as well when a model cannot be imported."""
    return exit_code_of(_run)


def _run() -> int:
    with explained_faults():
        from boards.database.migrate import main as migrate
    return migrate()


if __name__ == "__main__":
    sys.exit(main())
