"""The SQL of one step, as `--sql` would write it, without running it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from alembic import context
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext, RevisionStep

from alembic_deploy.process_exit import refused_exits
from alembic_deploy.python_errors import describe
from alembic_deploy.statements import split_statements


def offline_statements(step: RevisionStep) -> tuple[str, ...]:
    """Return the statements of a step; its Python code runs, and nothing reaches the database.

    What `op`, `context` and `op.get_bind()` give to the revision is a context of `--sql`. What it
    prints is discarded: it prints it again when it runs.

    :raises Exception: Whatever the revision raises, as where it reads the database first.
    """
    script = io.StringIO()
    migration = MigrationContext.configure(
        dialect_name="postgresql",
        # With named parameters a per cent sign is not doubled.
        dialect_opts={"paramstyle": "named"},
        opts={"as_sql": True, "literal_binds": True, "output_buffer": script},
    )
    with (
        _offline_environment(migration),
        Operations.context(migration),
        refused_exits(),
        redirect_stdout(io.StringIO()),
    ):
        step.migration_fn()
    return tuple(statement.text for statement in split_statements(script.getvalue()))


def why_unknown(error: Exception) -> str:
    """Return why the SQL of a step is not known before it runs: what `offline_statements` raised."""
    return "it reads the database" if _reads(error) else describe(error)


def _reads(error: Exception) -> bool:
    """Return whether it is an error of `op.get_bind()`, which has no results without a database."""
    is_of_bind = any(name in str(error) for name in ("'NoneType'", "MockConnection"))
    return is_of_bind and isinstance(error, (AttributeError, TypeError))


@contextmanager
def _offline_environment(migration: MigrationContext) -> Iterator[None]:
    """Let `alembic.context` be that of `--sql` inside of the block.

    Otherwise `context.execute()` in a revision would run on the database, and
    `context.is_offline_mode()` would say that it is online.
    """
    environment: Any = getattr(context, "_proxy", None)
    if environment is None:  # outside of every env.py
        yield
        return
    options, before = environment.context_opts, environment._migration_context
    environment.context_opts = {**options, "as_sql": True}
    environment._migration_context = migration
    try:
        yield
    finally:
        environment.context_opts, environment._migration_context = options, before
