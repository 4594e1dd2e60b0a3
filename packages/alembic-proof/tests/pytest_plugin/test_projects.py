"""The project is the one that the command line finds, in rootdir."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .run import Runner

Open = Callable[[str], Path]


@pytest.fixture
def open_bare(open_case: Open) -> Open:
    """Return a function that opens a case without an alembic.ini and an env.py at its root."""

    def open_(name: str) -> Path:
        root = open_case(name)
        for file in ("alembic.ini", "env.py"):
            (root / file).unlink()
        return root

    return open_


@pytest.mark.parametrize("case", ["flask", "in_pyproject"])
def test_a_project_without_an_alembic_ini_is_found(open_bare: Open, run: Runner, case: str) -> None:
    """`[tool.alembic]` and Flask-Migrate's file are found; the settings are in rootdir."""
    done = run(open_bare(f"adopting/{case}"), "--alembic-proof", "-k", "not parity")

    assert done.code == 0, done.output
    assert set(done.outcomes.values()) == {"passed"}


def test_revisions_may_import_from_a_path_that_env_py_adds(open_case: Open, run: Runner) -> None:
    """They are collected with a scratch database, on which env.py runs first."""
    root = open_case("roundtrip/env_py/imports_once_env_has_set_the_path")

    done = run(root, "--alembic-proof", "-k", "not parity")

    assert done.code == 0, done.output
    assert done.outcomes["0001_users::upgrade"] == "passed"


def test_it_is_found_from_below_rootdir(open_bare: Open, run: Runner) -> None:
    """The directory in which pytest is called makes no difference."""
    root = open_bare("adopting/flask")
    (root / "tests").mkdir()

    done = run(root / "tests", "--rootdir=..", "-c", "../pyproject.toml", "--alembic-proof")

    assert done.code == 0, done.output
    assert done.outcomes["history"] == "passed"


def test_it_is_found_where_pytest_is_called(open_bare: Open, run: Runner) -> None:
    """Below a rootdir without a project it is found; a project of rootdir comes first."""
    root = open_bare("adopting/in_pyproject")
    (root.parent / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    arguments = ("--rootdir=..", "-c", "../pytest.ini", "--alembic-proof", "-k", "not parity")

    done = run(root, *arguments)
    (root.parent / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")
    other = run(root, *arguments)

    assert done.code == 0, done.output
    assert set(done.outcomes.values()) == {"passed"}
    assert other.code == 2
    assert "script_location" in other.output


def test_a_section_is_named(open_case: Open, run: Runner) -> None:
    """The default one is broken here."""
    root = open_case("adopting/in_a_section")

    named = run(root, "--alembic-proof", "-k", "not parity", "--alembic-proof-name=shop")
    default = run(root, "--alembic-proof", "-k", "not parity")

    assert named.code == 0, named.output
    assert default.code != 0


def test_an_env_takes_arguments(open_case: Open, run: Runner) -> None:
    """All arguments are passed on, as with Alembic's `-x`."""
    root = open_case("adopting/given_by_x")
    other, right = "--alembic-proof-x=tenant=other", "--alembic-proof-x=tenant=acme"

    given = run(root, "--alembic-proof", "-k", "not parity", other, right)
    missing = run(root, "--alembic-proof", "-k", "not parity")

    assert given.code == 0, given.output
    assert missing.code == 1


def test_alembics_own_variable_names_the_file(open_case: Open, run: Runner) -> None:
    """An option of pytest takes precedence."""
    root = open_case("adopting/given_by_ini_key")
    (root / "alembic.ini").rename(root / "other.ini")
    arguments = ("--alembic-proof", "-k", "not parity")

    done = run(root, *arguments, ALEMBIC_CONFIG="other.ini")
    overruled = run(root, *arguments, "--alembic-proof-config=a.ini", ALEMBIC_CONFIG="other.ini")

    assert done.code == 0, done.output
    assert "there is no a.ini here" in overruled.output
