"""The installed command boards-migrate: errors in models are messages, not tracebacks."""

from __future__ import annotations

import sys

from alembic_deploy.entry_point import run_entry_point


def main() -> int:
    """Run boards-migrate; return 2 when a model cannot be imported, else its exit code."""
    return run_entry_point(_run)


def _run() -> int:
    from alembic_deploy.process_exit import exit_code_of  # the imports take a while

    return exit_code_of(_import_models) or _migrate()


def _import_models() -> int:
    from alembic_deploy.python_errors import explained_import_errors

    with explained_import_errors():
        import boards.database.migrate
        import boards.dbmodels  # noqa: F401 - every command reports a fault in a model
    return 0


def _migrate() -> int:
    from boards.database.migrate import main as migrate

    return migrate()


if __name__ == "__main__":
    sys.exit(main())
