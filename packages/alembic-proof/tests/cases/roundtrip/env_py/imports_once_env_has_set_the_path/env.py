"""Puts a directory on sys.path, which its revisions import from: they are loaded after it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from models import metadata  # type: ignore[import-not-found]

from alembic_deploy.env import run_env

run_env(target_metadata=metadata)
