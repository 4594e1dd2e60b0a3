"""boards-migrate as a process of its own: its exit code, what it prints, and eight at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from shlex import quote

import pytest

import boards
from packages.backend.tests.database.migrate.running import CHAIN

PROGRAM = "from boards.database.migrate import main; raise SystemExit(main())"


@pytest.mark.parametrize("command", ["sql", "--help"])
def test_reader_that_stops(command: str) -> None:
    """A closed pipe, as behind `head`, is no error."""
    pipe = f"set -o pipefail; {quote(sys.executable)} -c '{PROGRAM}' {command} | head -n 1"

    done = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_error_that_nobody_reads(tmp_path: Path) -> None:
    """With standard error closed as well, an error still exits with 2."""
    program = f"{quote(sys.executable)} -c '{PROGRAM}' bootstrap --login '' --sql"

    done = subprocess.run(
        ["bash", "-c", f"(sleep 0.2; {program}) 2>&1 | true; exit ${{PIPESTATUS[0]}}"], check=False
    )

    assert done.returncode == 2


def test_models_that_cannot_be_imported() -> None:
    """A broken model exits with 2, with its file and Python's message."""
    command = "import sys; from boards.__main__ import main; {} raise SystemExit(main())"
    broken = command.format("sys.modules['boards.dbmodels.tags'] = None;")

    whole, done = (
        subprocess.run(
            [sys.executable, "-c", program, "history"], capture_output=True, text=True, check=False
        )
        for program in (command.format(""), broken)
    )

    assert (whole.returncode, whole.stderr) == (0, "")
    assert (done.returncode, done.stdout) == (2, "")
    assert "import of boards.dbmodels.tags halted" in done.stderr
    assert re.search(r"  where: .*/boards/dbmodels/__init__\.py:\d+\n", done.stderr)
    assert "Traceback" not in done.stderr


BROKEN = """
import os, sys
import alembic.command, alembic_deploy.cli, alembic_deploy.env, sqlalchemy.ext.asyncio
from boards.__main__ import main
for command in ("upgrade", "downgrade", "current", "history", "check", "sql"):
    sys.argv = ["boards-migrate", command]
    if (child := os.fork()) == 0:
        os._exit(main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), end=" ", flush=True)
"""


def test_a_fault_in_a_model_is_named_by_every_command(tmp_path: Path) -> None:
    """The model's file and line, before any database is asked; no traceback."""
    package = tmp_path / "boards"
    shutil.copytree(Path(boards.__file__).parent, package)
    tags = package / "dbmodels" / "tags.py"
    lines = tags.read_text(encoding="utf-8").count("\n")
    with tags.open("a", encoding="utf-8") as file:
        file.write("x = mapped_colum()\n")

    done = subprocess.run(
        [sys.executable, "-c", BROKEN],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "BOARDS_DATABASE_URL": "postgresql:///x"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "2 2 2 2 2 2 ", done.stderr
    assert done.stderr.count("tags.py cannot run: NameError: name 'mapped_colum'") == 6
    assert done.stderr.count(f"  where: {tags}:{lines + 1}\n") == 6
    assert "Traceback" not in done.stderr


SIGNALLED = """
import os, signal, sys
import alembic.command, alembic_deploy.env, boards.database.migrate, boards.dbmodels
from boards.__main__ import main

def end(name):
    alembic.command.upgrade = lambda *_, **__: os.kill(os.getpid(), getattr(signal, name))
    return main()

for name in ("SIGTERM", "SIGHUP", "SIGINT"):
    if (child := os.fork()) == 0:
        os._exit(end(name))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_a_signal_has_one_message() -> None:
    """The installed command says once that it was ended; with --log-format json as an event alone."""
    environ = {**os.environ, "BOARDS_DATABASE_URL": "postgresql:///x"}
    program = [sys.executable, "-c", SIGNALLED, "upgrade"]
    ends = {143: "terminated", 129: "terminated", 130: "interrupted"}

    as_text, as_json = (
        subprocess.run(
            [*program, *options], env=environ, capture_output=True, text=True, check=False
        )
        for options in ([], ["--log-format", "json"])
    )

    assert as_text.stdout == "".join(f"{code}\n" for code in ends)
    assert as_text.stderr == "".join(f"boards-migrate: {word}\n" for word in ends.values())
    assert as_json.stderr == ""
    assert [json.loads(line) for line in as_json.stdout.splitlines()] == [
        one
        for code, word in ends.items()
        for one in ({"event": "error", "exit_code": code, "message": word}, code)
    ]


IMPORTING = """
import importlib, os, signal, sys

class Signalling:
    def find_spec(self, name, *_):
        if name == "alembic_deploy.errors":
            os.kill(os.getpid(), getattr(signal, sys.argv[2]))

sys.meta_path.insert(0, Signalling())
sys.exit(importlib.import_module(sys.argv[1]).main())
"""


@pytest.mark.parametrize(
    ("module", "number", "code"),
    [("boards.__main__", "SIGTERM", 143), ("alembic_deploy.__main__", "SIGINT", 130)],
)
def test_a_signal_during_the_imports(module: str, number: str, code: int) -> None:
    """The exit code is the same as later, and there is no traceback."""
    program = [sys.executable, "-c", IMPORTING, module, number]

    done = subprocess.run(program, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


EIGHT = """
import os, sys
import alembic_deploy.env, asyncpg, boards.dbmodels, sqlalchemy.ext.asyncio
from boards.database.migrate import main

def upgrade(number):
    with open(f"{number}.txt", "w", encoding="utf-8") as sys.stdout:
        return main(["upgrade"])

children = []
for number in range(8):
    children.append(os.fork())
    if children[-1] == 0:
        os._exit(upgrade(number))
print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def test_eight_at_once(scratch_url: str, tmp_path: Path) -> None:
    """Eight upgrades of one empty database all succeed, and each revision is applied once."""
    environ = {**os.environ, "BOARDS_DATABASE_URL": scratch_url}

    done = subprocess.run(
        [sys.executable, "-c", EIGHT],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.split() == ["0"] * 8, done.stderr
    outputs = [path.read_text(encoding="utf-8") for path in sorted(tmp_path.glob("?.txt"))]
    applied = [sum(f"upgrade  {revision}" in out for out in outputs) for revision in CHAIN]
    assert (len(outputs), applied) == (8, [1] * len(CHAIN))
