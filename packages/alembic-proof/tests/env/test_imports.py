"""What a production image needs at run time."""

from __future__ import annotations

import subprocess
import sys

IMPORTED = """
import sys
import alembic_proof.env
from importlib.metadata import packages_distributions
names = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
print(*sorted({owner for name in names for owner in packages_distributions().get(name, [])}))
print(*sorted(name for name in sys.modules if name.startswith("alembic_proof.postgres.")))
"""
# Mako colours its tracebacks where Pygments is installed, and does without it elsewhere.
ALEMBICS_OWN = {"alembic", "mako", "markupsafe", "pygments", "sqlalchemy", "typing-extensions"}


def test_env_needs_alembic_and_sqlalchemy_only() -> None:
    """Neither a development tool nor the code of the embedded server is loaded."""
    command = [sys.executable, "-c", IMPORTED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    owners, modules = done.stdout.splitlines()
    assert {name.lower().replace("_", "-") for name in owners.split()} <= {
        *ALEMBICS_OWN,
        "alembic-proof",
        "greenlet",
    }
    assert "alembic_proof.postgres.url" in modules.split()
    assert "alembic_proof.postgres.server" not in modules.split()
