"""Parity of tiny projects whose models and history differ in one thing, or in nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_proof.cli import main


def test_parity(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]], parity_case: str
) -> None:
    """Whatever one side has alone, and what both have otherwise, is found and told of its side."""
    root = open_case(f"parity/{parity_case}")

    code, out, _ = run("parity")

    expected = (root / "expected.txt").read_text(encoding="utf-8")
    assert out == expected
    assert code == (1 if re.search("^(error|warning): ", expected, re.MULTILINE) else 0)


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
    assert "several metadatas have the table users\n  where: target_metadata\n  do: " in err
