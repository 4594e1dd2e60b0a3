"""What the command writes for objects of all kinds; the whole text is beside each case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("case", ["kept", "foundations", "rebuilt"])
def test_the_revision_is_the_expected_one_and_proved(
    open_case: Open, run: Run, expected: Callable[[Path, str], str], case: str
) -> None:
    """What the models do not declare stays; types come first; dependents go and come back."""
    root = open_case(f"authoring/{case}")

    code, out, err = run("revision", "Add things", "--plain", "--no-rename")

    assert code == 0, f"{out}\n{err}"
    [path] = (root / "versions").glob("2*_add_things.py")
    text = path.read_text(encoding="utf-8")
    text = text[text.index("down_revision") :]
    assert text == expected(root, text)
    assert run("revision", "Add more")[1].startswith("nothing to change")
