"""An env.py that is gone, and what Python keeps of it."""

from __future__ import annotations

import py_compile
from collections.abc import Callable
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("command", ["roundtrip", "parity"])
def test_the_bytecode_of_a_deleted_env_is_not_used(open_case: Open, run: Run, command: str) -> None:
    """Alembic would run it, but a fresh checkout does not have it."""
    root = open_case("parity/equal")
    env = root / "env.py"
    py_compile.compile(str(env))
    env.unlink()

    code, out, err = run(command)

    assert (code, out) == (2, "")
    assert err.startswith("there is no env.py\n")
    assert f"where: {env}\n" in err


def test_one_that_is_shipped_compiled_is_one(open_case: Open, run: Run) -> None:
    """In its place, not in `__pycache__`: Alembic's `sourceless`."""
    env = open_case("parity/equal") / "env.py"
    py_compile.compile(str(env), cfile=str(env.with_suffix(".pyc")))
    env.unlink()

    assert run("parity")[:2] == (0, "parity: no findings\n")
