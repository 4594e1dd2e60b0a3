"""The settings that the documents show are real, and all that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_proof.config import KNOWN_KEYS, read_config

ROOT = Path(__file__).parents[3]
_EXAMPLE = re.compile(r"```toml\n(\[tool\.alembic-proof\].*?)```", re.DOTALL)
_EXAMPLES = [
    example
    for name in ("packages/alembic-proof/README.md", "docs/adopting.md")
    for example in _EXAMPLE.findall((ROOT / name).read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("example", _EXAMPLES)
def test_each_example_can_be_used_word_for_word(tmp_path: Path, example: str) -> None:
    """What is shown is read without a complaint."""
    (tmp_path / "pyproject.toml").write_text(example, encoding="utf-8")

    assert read_config(tmp_path) is not None


def test_every_setting_is_shown() -> None:
    """The README and the page about old histories show all keys that there are."""
    shown = set(re.findall(r"^(\w+) = ", "".join(_EXAMPLES), re.MULTILINE))
    shown |= set(re.findall(r"^\[tool\.alembic-proof\.(\w+)\]", "".join(_EXAMPLES), re.MULTILINE))

    assert set(KNOWN_KEYS) - shown == set()


def test_every_setting_has_a_line_of_its_own() -> None:
    """One page has a table of all keys."""
    page = (ROOT / "docs" / "adopting.md").read_text(encoding="utf-8").partition("## All keys")[2]
    lines = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]

    assert sorted(re.findall(r"`(\w+)`", " ".join(lines))) == sorted(KNOWN_KEYS)


def test_every_finding_of_a_case_is_explained() -> None:
    """What a command prints in brackets has a line in a table, that of a proof or of lint."""
    cases = ROOT / "packages" / "alembic-proof" / "tests" / "cases"
    printed = {
        rule
        for path in cases.rglob("expected.txt")
        for rule in re.findall(r" \[([a-z-]+)\]$", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    page = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")

    assert len(printed) > 15
    assert {rule for rule in printed if f"`{rule}`" not in page} == set()
