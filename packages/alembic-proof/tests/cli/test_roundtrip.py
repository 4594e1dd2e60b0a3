"""The round trip of tiny histories, each with one fault or none."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path


def test_roundtrip(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    roundtrip_case: str,
) -> None:
    """What the history gets wrong, and nothing else, is found; a clean one is clean."""
    root = open_case(f"roundtrip/{roundtrip_case}")
    expected = (root / "expected.txt").read_text(encoding="utf-8")

    code, out, _ = run("roundtrip")

    assert out == expected
    assert code == (1 if re.search("^(error|warning): ", expected, re.MULTILINE) else 0)
