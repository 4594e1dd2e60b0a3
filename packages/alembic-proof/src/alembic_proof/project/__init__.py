"""A project as every entry finds it: its Alembic, its settings, and its server for scratch databases."""

from alembic_proof.project.find import Project, find_project
from alembic_proof.project.scratch import scratch_server_url

__all__ = ["Project", "find_project", "scratch_server_url"]
