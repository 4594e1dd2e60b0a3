"""The generated pages of docs/reference are those that the code writes."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_deploy.doctor.check import IDS
from alembic_proof.config import SETTINGS, TABLE, Settings, read_settings
from tests.checkout import ROOT
from tests.reference import COMMANDS_PAGE, SETTINGS_PAGE, commands_page, settings_page

REWRITE = "ALEMBIC_PROOF_WRITE_PAGES"
"""The environment variable that has the pages written instead of compared."""


@pytest.mark.parametrize(
    ("path", "page"), [(SETTINGS_PAGE, settings_page), (COMMANDS_PAGE, commands_page)]
)
def test_a_page_is_up_to_date(path: str, page: Callable[[], str]) -> None:
    """Each page is generated and never edited."""
    if os.environ.get(REWRITE):
        (ROOT / path).write_text(page(), encoding="utf-8")

    assert (ROOT / path).read_text(encoding="utf-8") == page(), f"run this with {REWRITE}=1"


def test_the_doctors_page_has_every_id() -> None:
    """In the order of the code."""
    page = (ROOT / "docs" / "reference" / "doctor.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE) == list(IDS)


@pytest.mark.parametrize("key", SETTINGS)
def test_the_example_of_a_setting_sets_it(tmp_path: Path, key: str) -> None:
    """An example can be pasted below the header of the table, and differs from the default."""
    (tmp_path / "pyproject.toml").write_text(f"{TABLE}\n{SETTINGS[key].example}\n", "utf-8")

    settings = read_settings(tmp_path)

    assert getattr(settings, key) != getattr(Settings(directory=tmp_path), key)
