"""`python -m chaos.migrate INI COMMAND …`: boards-migrate on another history than its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from boards.database import migrate


def main(argv: Sequence[str]) -> int:
    """Run boards-migrate on the history of that alembic.ini; a blank one means its own."""
    ini, *arguments = argv
    if ini:
        migrate.alembic_ini = lambda: Path(ini)
    return migrate.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
