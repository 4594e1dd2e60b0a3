"""Commands without a database: SQL for somebody else to run, and revisions written by hand."""

from __future__ import annotations

import io
from collections.abc import Iterator

from alembic import context
from alembic.runtime.migration import MigrationStep

from alembic_proof.env.request import Request
from alembic_proof.env.session import SEARCH_PATH


def run_offline(request: Request) -> None:
    """Ensures that the command is done without a connection; `--sql` writes a script."""
    is_script = request.command.is_offline and request.command.is_writing
    migration = request.configure(
        dialect_name="postgresql",
        # Named parameters keep a per cent sign single.
        dialect_opts={"paramstyle": "named"},
        as_sql=True,
        literal_binds=True,
        # Alembic before 1.20 ends even a script of nothing with a DROP TABLE.
        output_buffer=None if is_script else io.StringIO(),
    )
    if is_script:
        first = request.steps.fetch(migration.get_current_heads(), migration)
        if first is not None:
            for text in _first_lines(request, first):
                migration.impl.static_output(text)
    context.run_migrations()


def _first_lines(request: Request, first: MigrationStep) -> Iterator[str]:
    """What comes before the first revision: roles, then the session's settings."""
    bootstrap = request.bootstrap_for(first, is_local=False)
    if bootstrap is not None and not request.steps.start:
        yield bootstrap.script
    quoted = request.lock_timeout.replace("'", "''")
    yield f"SET lock_timeout = '{quoted}';"
    yield f"{SEARCH_PATH};"
