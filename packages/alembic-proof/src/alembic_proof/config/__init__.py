"""What `[tool.alembic-proof]` of a project's pyproject.toml says, as one frozen value."""

from alembic_proof.config.model import DEFAULT_WAIT_TIMEOUT_S, KNOWN_KEYS, Config, Declaration
from alembic_proof.config.read import read_config

__all__ = ["DEFAULT_WAIT_TIMEOUT_S", "KNOWN_KEYS", "Config", "Declaration", "read_config"]
