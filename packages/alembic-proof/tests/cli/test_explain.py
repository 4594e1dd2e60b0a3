"""`alembic-proof explain`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from alembic_proof.cli import main
from alembic_proof.report.explain import all_entries, page

_LOADED = """
import sys
from alembic_proof.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
heavy = ("sqlalchemy", "alembic", "rich", "alembic_proof.proofs", "local_postgres")
print(sorted(set(heavy) & set(sys.modules)))
"""


def test_an_id_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """With a bad and a good example, in no project."""
    assert main(["explain", "rows-lost"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith("# rows-lost\n")
    assert shown.index("\nWhat to do: ") < shown.index("\nBad: ") < shown.index("\nGood: ")


def test_all_ids_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line each, sorted; lint rules are among them."""
    assert main(["explain"]) == 0

    ids = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert ids == sorted(entry.id for entry in all_entries())
    assert {"rows-lost", "empty-downgrade", "drift"} <= set(ids)


def test_the_page_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """As it is in the documentation."""
    assert main(["explain", "--markdown"]) == 0
    assert capsys.readouterr().out == page(all_entries())


@pytest.mark.parametrize(
    ("id_", "hint"),
    [
        ("rows-lots", "did you mean rows-lost?"),
        ("xyz", "`alembic-proof explain` lists all of them"),
    ],
)
def test_an_unknown_id_exits_with_2(
    id_: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest one is named, else all."""
    assert main(["explain", id_]) == 2

    err = capsys.readouterr().err
    assert err.startswith(f"there is no finding '{id_}'\n")
    assert hint in err


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], []),
        (["lint", "--help"], ["alembic", "sqlalchemy"]),
        (["explain", "not-restored"], []),
    ],
    ids=["help", "lint", "explain"],
)
def test_a_command_imports_no_more_than_it_needs(arguments: list[str], loaded: list[str]) -> None:
    """A start takes a moment, without a database or a project."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == str(loaded)
