"""What a production image imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

IMPORTED = """
import sys
import {}
from importlib.metadata import packages_distributions
names = {{name.partition(".")[0] for name in sys.modules}} - set(sys.stdlib_module_names)
print(*sorted({{owner for name in names for owner in packages_distributions().get(name, [])}}))
print(*sorted(names & {{"alembic_deploy", "alembic_proof", "local_postgres"}}))
"""
# Mako colours its tracebacks where Pygments is installed, and does without it elsewhere.
OTHERS = {
    "alembic",
    "greenlet",
    "mako",
    "markupsafe",
    "pygments",
    "sqlalchemy",
    "typing-extensions",
}


@pytest.mark.parametrize(
    ("module", "ours"),
    [
        ("alembic_deploy.env", ["alembic_deploy"]),
        ("alembic_proof.scratch", ["alembic_deploy", "alembic_proof", "local_postgres"]),
    ],
)
def test_run_env_imports_alembic_and_sqlalchemy_only(module: str, ours: list[str]) -> None:
    """Neither the proofs nor the local server is imported; the control is what imports both."""
    command = [sys.executable, "-c", IMPORTED.format(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    owners, packages = done.stdout.splitlines()
    names = {name.lower().replace("_", "-") for name in owners.split()}
    assert packages.split() == ours
    assert names - {"alembic-deploy", "alembic-proof", "local-postgres", "sqlglot"} <= OTHERS
