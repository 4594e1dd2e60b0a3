"""Parity of tiny projects whose models and history differ in one thing, or in nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_proof.cli import main


def test_parity(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    expected: Callable[[Path, str], str],
    parity_case: str,
) -> None:
    """Every object that one side lacks or has in another form is found, with its side."""
    root = open_case(f"parity/{parity_case}")

    code, out, _ = run("parity")

    assert out == expected(root, out)
    assert code == (1 if re.search("^(error|warning): ", out, re.MULTILINE) else 0)


def test_the_outcome_is_one_document(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """As of every other proof."""
    open_case("parity/differs")

    code = main(["parity", "--format", "json"])

    document = json.loads(capsys.readouterr().out)
    assert (code, document["proof"]) == (1, "parity")
    assert [finding["rule"] for finding in document["findings"]] == ["parity"]


def test_a_table_of_two_metadatas_is_refused(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """Whatever the second one says of it would not be compared."""
    models = open_case("parity/several_metadatas_share") / "models.py"
    text = models.read_text(encoding="utf-8").replace('_things("pets")', '_things("users")')
    models.write_text(text, encoding="utf-8")

    code, out, err = run("parity")

    assert (code, out) == (2, "")
    assert "several metadatas have the table users\n  where: target_metadata\n  help: " in err


def test_sql_makes_the_history_like_the_models(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """In an order that runs; without a difference there is none."""
    open_case("parity/differs")

    code, script, _ = run("parity", "--sql")

    assert code == 1
    assert script.splitlines() == [
        "ALTER TABLE public.users DROP CONSTRAINT ck_users_name;",
        "ALTER TABLE public.users ADD CONSTRAINT ck_users_name CHECK ((char_length(name) <= 100));",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--allow-drops"], "--allow-drops is for --sql"),
        (["--sql", "--format", "json"], "--sql prints statements: leave --format"),
    ],
)
def test_options_that_contradict_sql_are_refused(
    open_case: Callable[[str], Path],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    """Before a database is created."""
    open_case("parity/equal")

    with pytest.raises(SystemExit):
        main(["parity", *options])

    assert message in capsys.readouterr().err


def test_models_without_a_table_are_refused(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]]
) -> None:
    """A linter may have removed the import of the models; parity and revision say so."""
    models = open_case("parity/differs") / "models.py"
    models.write_text("import sqlalchemy as sa\n\nmetadata = sa.MetaData()\n", encoding="utf-8")
    said = "target_metadata has no table, but the history creates 1, public.users among them"

    for arguments in (("parity",), ("revision", "Drop all")):
        code, out, err = run(*arguments)

        assert (code, out) == (2, "")
        assert said in err
