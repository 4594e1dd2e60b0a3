"""The README's settings are real."""

from __future__ import annotations

import re
from pathlib import Path

from alembic_proof.config import KNOWN_KEYS, read_config

_README = Path(__file__).parents[1] / "README.md"


def test_the_settings_of_the_readme_are_all_that_there_are(tmp_path: Path) -> None:
    """Its example can be used word for word, and shows every key."""
    (example,) = re.findall(r"```toml\n(.*?)```", _README.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(example, encoding="utf-8")

    config = read_config(tmp_path)

    assert config is not None
    assert all(re.search(f"^{key} = ", example, re.MULTILINE) for key in KNOWN_KEYS)
