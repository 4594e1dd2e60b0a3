"""Objects that alembic_utils and sqlalchemy-declarative-extensions declare are the models'.

Both change Alembic for the whole process, so each test runs in one of its own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("alembic_utils")
pytest.importorskip("sqlalchemy_declarative_extensions")

_RUN = """\
import sys
from pathlib import Path
from alembic_proof.cli import main

def run(command):
    print(f"$ {command}", flush=True)
    if command == "edit":
        models = Path("models.py")
        models.write_text(models.read_text().replace("BEGIN RETURN new", "BEGIN RETURN NULL"))
        del sys.modules["models"]
    else:
        print(main(command.split()), flush=True)

for command in sys.argv[1:]:
    run(command)
"""
_NOTHING = "nothing to change: the models and the history build the same database\n0\n"


@pytest.mark.parametrize("library", ["alembic_utils", "declarative_extensions"])
def test_what_other_libraries_declare_belongs_to_the_models(
    open_case: Callable[[str], Path], library: str
) -> None:
    """The order of declaration does not matter, and Alembic writes the whole change."""
    root = open_case(f"registries/{library}")
    commands = ("parity", "revision first", "edit", "parity", "revision change")

    done = subprocess.run(
        [sys.executable, "-c", _RUN, *commands],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )

    equal, nothing, _, changed, written = done.stdout.split("\n$ ")
    assert equal.endswith("parity: no findings\n0"), equal
    assert nothing.endswith(_NOTHING.rstrip()), nothing
    assert "error: parity\n  models -> history: function public.stamp(): changed\n" in changed
    assert changed.endswith("parity: 1 error\n1"), changed
    assert "by hand" not in written
    assert written.endswith("\n0\n"), written
