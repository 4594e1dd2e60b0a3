"""Runs Prefect's own env.py where it wants to be run: in a worker thread of an event loop."""

import runpy
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import prefect.server.database

_ENV = Path(prefect.server.database.__file__).with_name("_migrations") / "env.py"

anyio.run(partial(anyio.to_thread.run_sync, partial(runpy.run_path, str(_ENV))))
