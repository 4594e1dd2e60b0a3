"""One process at a time adds to a directory."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from alembic_proof.history.directory_lock import directory_lock

TRY = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


def is_free(directory: Path) -> bool:
    """Whether another process gets the lock at once."""
    command = [sys.executable, "-c", TRY, str(directory)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_lock_keeps_others_out(tmp_path: Path) -> None:
    """Inside of the block nobody else gets it; afterwards, also after an error, everybody does."""
    with suppress(ZeroDivisionError), directory_lock(tmp_path):
        is_free_inside = is_free(tmp_path)
        raise ZeroDivisionError

    assert not is_free_inside
    assert is_free(tmp_path)
