"""The entry: what takes time to import is imported where Control-C is told as one."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names; 0 clean, 1 findings, 2 broken, 130 interrupted."""
    try:
        from alembic_proof.cli.command_line import run
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return _INTERRUPTED
    return run(argv)
