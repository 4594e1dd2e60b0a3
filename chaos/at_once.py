"""`python -m chaos.at_once`: several migrators that begin at the same moment.

It reads a JSON list of [ini, argument …] from standard input, imports what they need once, forks one
process for each, and prints a JSON list of [exit code, output]. A blank ini means Boards' own.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import asyncpg  # noqa: F401  imported before the fork: the migrators reach the server together
import sqlalchemy.ext.asyncio  # noqa: F401

import alembic_deploy.env  # noqa: F401
from chaos.migrate import main as migrate


def main() -> None:
    """Run them, and print how each ended."""
    commands = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as place:
        outputs = [Path(place, str(number)) for number in range(len(commands))]
        children = [_fork(one, output) for one, output in zip(commands, outputs, strict=True)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        ended = [
            (code, output.read_text(encoding="utf-8", errors="replace"))
            for code, output in zip(codes, outputs, strict=True)
        ]
    print(json.dumps(ended))


def _fork(command: list[str], output: Path) -> int:
    child = os.fork()
    if child:
        return child
    code = 70
    try:
        target = os.open(output, os.O_CREAT | os.O_WRONLY, 0o600)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(target, stream.fileno())
        code = migrate(command)
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
