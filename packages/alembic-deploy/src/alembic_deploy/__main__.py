"""`alembic-deploy`, which is `python -m alembic_deploy` too."""

from __future__ import annotations

import sys

from alembic_deploy.early_signals import exit_on_early_signals


def main() -> int:
    """Run alembic-deploy; return its exit code."""
    exit_on_early_signals()
    from alembic_deploy.cli import main as run  # it imports Alembic, which takes a while

    return run()


if __name__ == "__main__":
    sys.exit(main())
