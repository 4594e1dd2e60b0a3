"""An env.py that leaves the directory that the configuration's paths are relative to."""

import os
import tempfile

from models import metadata  # type: ignore[import-not-found]  # each case brings its own

from alembic_deploy.env import run_env

os.chdir(tempfile.gettempdir())
run_env(target_metadata=metadata)
