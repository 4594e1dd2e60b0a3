"""Parity of tiny projects whose models and history differ in one thing, or in nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path


def test_parity(
    open_case: Callable[[str], Path], run: Callable[..., tuple[int, str, str]], parity_case: str
) -> None:
    """Whatever one side has alone, and what both have otherwise, is found and told of its side."""
    root = open_case(f"parity/{parity_case}")

    code, out, _ = run("parity")

    expected = (root / "expected.txt").read_text(encoding="utf-8")
    assert out == expected
    assert code == (1 if re.search("^(error|warning): ", expected, re.MULTILINE) else 0)
