"""A fault in a project's own Python: every command names the file and the line that has it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command as alembic_command
from alembic.util import CommandError

from alembic_deploy.error_location import project_location
from alembic_deploy.python_errors import explained_import_errors
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
_NAME = ("first = 1\nx = no_such_name\n", "NameError: name 'no_such_name' is not defined")
_FAULTS = (
    _NAME,
    ("first = 1\ndef second(:\n", "SyntaxError: invalid syntax"),
    ("first = 1\nimport no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
)
_COMMANDS = (("roundtrip",), ("parity",), ("revision", "Add x"), ("drift", "--url", "{url}"))
_COMBINATIONS = [
    *((_COMMANDS[0], fault) for fault in _FAULTS),
    *((command, _NAME) for command in _COMMANDS[1:]),
]


@pytest.mark.parametrize(("command", "fault"), _COMBINATIONS)
@pytest.mark.parametrize("name", ["models.py", "versions/0001_users.py"])
def test_the_file_and_the_line_of_the_fault_are_named(
    open_case: Open,
    run: Run,
    scratch_url: str,
    name: str,
    command: tuple[str, ...],
    fault: tuple[str, str],
) -> None:
    """Neither env.py, which imports the models, nor a traceback."""
    root = open_case("parity/equal")
    text, message = fault
    (root / name).write_text(text, encoding="utf-8")

    code, out, err = run(*(argument.format(url=scratch_url) for argument in command))

    assert (code, out) == (2, "")
    assert message in err
    assert f"  where: {root / name}:2\n" in err
    assert "Traceback" not in err


def test_a_fault_deeper_than_the_models_is_named_where_it_is(open_case: Open, run: Run) -> None:
    """A module that the models import counts as the project's own, installed packages do not."""
    root = open_case("parity/equal")
    (root / "columns.py").write_text("import sqlalchemy as sa\n\nsa.Column(1, 2, 3)\n")
    text = (root / "models.py").read_text(encoding="utf-8")
    (root / "models.py").write_text(f"import columns\n{text}", encoding="utf-8")

    code, _, err = run("parity")

    assert code == 2
    assert err.startswith("columns.py cannot run: ")
    assert f"  where: {root / 'columns.py'}:3\n" in err


def test_sound_models_are_not_blamed(open_case: Open, run: Run) -> None:
    """The same project as it is."""
    open_case("parity/equal")

    assert run("parity") == (0, "parity: no findings\n", "")


def test_plain_alembic_names_the_place_too(open_case: Open, scratch_url: str) -> None:
    """Where env.py imports the models inside of `explained_import_errors()`."""
    root = open_case("parity/equal")
    (root / "models.py").write_text(_NAME[0], encoding="utf-8")
    env = "from alembic_deploy.python_errors import explained_import_errors\nwith explained_import_errors():\n    import models\n"
    (root / "env.py").write_text(env, encoding="utf-8")
    config = alembic_config(Project(file=root / "alembic.ini"), url=scratch_url)

    with pytest.raises(CommandError, match=r"models\.py cannot run: NameError") as caught:
        alembic_command.current(config)

    assert f"where: {root / 'models.py'}:2\n" in str(caught.value)


def test_a_fault_outside_of_a_module_keeps_its_traceback() -> None:
    """What a function raises that is called inside of the block is not dressed up."""
    with pytest.raises(ZeroDivisionError), explained_import_errors():
        _ = 1 / 0


def test_no_file_of_the_project_is_no_place() -> None:
    """An error that never came through a file of the project has none."""
    assert project_location(ValueError("never raised")) == ""
