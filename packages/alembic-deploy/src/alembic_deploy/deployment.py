"""How a program has run_env() run a command of Alembic, and the session that its functions get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection

from alembic_deploy.connect import DatabaseInfo
from alembic_deploy.errors import ConfigError
from alembic_deploy.limits import Limits
from alembic_deploy.progress import Progress
from alembic_deploy.steps import Steps

ATTRIBUTE = "deployment"
"""The key of `config.attributes`."""
TAKEN_UP = "deployment_taken_up"
"""The key of `config.attributes` that run_env() sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationSession:
    """The open session of a command that writes, while no other migration of the database runs."""

    connection: Connection
    """No transaction is open."""
    migration: MigrationContext
    database: DatabaseInfo
    steps: Steps
    """Fetched: `steps.remaining` is what the command will do."""
    limits: Limits
    progress: Progress
    url: str


Work = Callable[[MigrationSession], None]


class Preparation(Enum):
    """What is done before the steps run, or the work that is called in their place."""

    MIGRATION = "the migration's advisory lock is taken, and the bootstrap runs"
    DRY_RUN = "the lock is taken; nothing is committed, so that no bootstrap runs"
    BACKFILL = "the bootstrap runs; the work takes a lock of its own, and lets migrations run"
    NONE = "neither: the work only reads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """How to run a command: `config.attributes["deployment"]`."""

    limits: Mapping[str, str] = field(default_factory=dict)
    """The limits that the command line sets, by name; they win."""
    log_format: str = "text"
    """Or "json": one object per line on standard output."""
    before: tuple[Work, ...] = ()
    """Called in order before the first step. What they raise ends the command."""
    work: Work | None = None
    """Called instead of running the steps."""
    preparation: Preparation = Preparation.MIGRATION
    is_backfill_skipped: bool = False
    """Whether an upgrade leaves backfills to the command `backfill`."""


def deployment_of(config: Config) -> Deployment:
    """Return the deployment of a command; the default one for Alembic's own command line.

    :raises ConfigError: Something else has the attribute's name.
    """
    found = config.attributes.get(ATTRIBUTE, Deployment())
    if not isinstance(found, Deployment):
        raise ConfigError(f'config.attributes["{ATTRIBUTE}"] is not a Deployment')
    return found
