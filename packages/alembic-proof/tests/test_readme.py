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
