"""The server that a project's scratch databases are made on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from alembic_proof.postgres.download import cache_directory
from alembic_proof.postgres.scratch import scratch_server
from alembic_proof.project.find import Project


def scratch_server_url(project: Project, environ: Mapping[str, str]) -> str:
    """The URL of the server for scratch databases: the one that the environment names, or ours.

    Raises:
        ServerError: our own server cannot be had or started.
    """
    variable = project.config.scratch_url_env
    named = environ.get(variable, "").strip() if variable else ""
    return named or scratch_server(environ, state=_state(project, environ))


def _state(project: Project, environ: Mapping[str, str]) -> Path:
    """Where the server keeps its data: the checkout's own place, else the user's cache."""
    return project.config.local_state or cache_directory(environ).parent / "servers"
