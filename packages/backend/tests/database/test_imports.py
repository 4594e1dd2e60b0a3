"""What an application imports with boards.database."""

from __future__ import annotations

import subprocess
import sys

import pytest

MOST = 14
"""The most modules of this repository that boards.database may import; today it is 13."""
IMPORTED = """
import sys
import {}
ours = ("alembic", "alembic_deploy", "alembic_proof", "boards", "local_postgres")
print(*(name for name in sys.modules if name.partition(".")[0] in ours))
"""


@pytest.mark.parametrize(
    ("module", "is_small"), [("boards.database", True), ("alembic_proof.scratch", False)]
)
def test_boards_database_imports_neither_proofs_nor_server(
    module: str,
    is_small: bool,  # noqa: FBT001
) -> None:
    """Of ours only alembic_deploy's URLs and errors are imported: no models, and not Alembic itself."""
    command = [sys.executable, "-c", IMPORTED.format(module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    names = done.stdout.split()
    packages = {name.partition(".")[0] for name in names}
    assert (packages == {"alembic_deploy", "boards"}) is is_small
    assert (len(names) <= MOST) is is_small
