"""`alembic-deploy`, which is `python -m alembic_deploy` too."""

from __future__ import annotations

import sys

from alembic_deploy.entry_point import run_entry_point


def main() -> int:
    """Run alembic-deploy; return its exit code."""
    return run_entry_point(_run)


def _run() -> int:
    from alembic_deploy.cli import main as run  # it imports Alembic, which takes a while

    return run()


if __name__ == "__main__":
    sys.exit(main())
