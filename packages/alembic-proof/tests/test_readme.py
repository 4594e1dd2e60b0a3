"""The examples of settings in the documents are real, and every finding is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_proof.config import read_settings

ROOT = Path(__file__).parents[3]
_EXAMPLE = re.compile(r"```toml\n(\[tool\.alembic-(?:deploy|proof)\].*?)```", re.DOTALL)
_EXAMPLES = [
    example
    for name in ("packages/alembic-proof/README.md", "docs/howto/adopt.md")
    for example in _EXAMPLE.findall((ROOT / name).read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("example", _EXAMPLES)
def test_each_example_works_verbatim(tmp_path: Path, example: str) -> None:
    """What is shown is read without a complaint."""
    (tmp_path / "pyproject.toml").write_text(example, encoding="utf-8")

    assert read_settings(tmp_path) is not None
