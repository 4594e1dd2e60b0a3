"""run_env() with the hook."""

from models import metadata

from alembic_deploy.env import run_env
from alembic_proof.authoring import complete_revision

run_env(target_metadata=metadata, process_revision_directives=complete_revision)
