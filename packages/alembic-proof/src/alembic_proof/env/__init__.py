"""run_env(): the whole of an async env.py; an env.py hands over its metadata and is done."""

from alembic_proof.env.bootstrap import Bootstrap, apply_bootstrap
from alembic_proof.env.ending import exit_code_of
from alembic_proof.env.local import local_database, local_database_url
from alembic_proof.env.run import run_env
from alembic_proof.errors import (
    ConfigError,
    DatabaseError,
    HistoryError,
    ProofError,
    ServerError,
)
from alembic_proof.history.fault import explained_faults
from alembic_proof.postgres.url import DatabaseUrl

__all__ = [
    "Bootstrap",
    "ConfigError",
    "DatabaseError",
    "DatabaseUrl",
    "HistoryError",
    "ProofError",
    "ServerError",
    "apply_bootstrap",
    "exit_code_of",
    "explained_faults",
    "local_database",
    "local_database_url",
    "run_env",
]
