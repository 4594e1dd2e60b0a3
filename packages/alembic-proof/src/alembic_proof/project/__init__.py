"""A project as every entry finds it: its Alembic, its settings, and its scratch databases."""

from alembic_proof.project.find import Project, find_project, has_project
from alembic_proof.project.scratch import (
    history_databases,
    is_named_server,
    load_scratch_history,
    scratch_server_url,
)
from alembic_proof.project.supplied import supplied_rows

__all__ = [
    "Project",
    "find_project",
    "has_project",
    "history_databases",
    "is_named_server",
    "load_scratch_history",
    "scratch_server_url",
    "supplied_rows",
]
