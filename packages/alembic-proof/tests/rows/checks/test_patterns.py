"""Texts that match a regular expression or a LIKE pattern."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.rows.checks.patterns import text_matching_like, text_matching_regex

PATTERNS = (
    r"^[A-Z]{3}-\d+$", r"^\+?[1-9]\d{1,14}$", r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"^.{5,}$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$", r"^#[0-9a-fA-F]{6}$", r"^https?://[\w.]+(/\S*)?$", r"^[a-z]*$",
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_texts_match_and_differ(pattern: str) -> None:
    """Fifty numbers give fifty texts, all of which match."""
    texts = [text_matching_regex(pattern, number) or "" for number in range(50)]

    assert all(re.search(pattern, text) for text in texts)
    assert len(set(texts)) == 50


def test_pattern_with_few_texts_repeats_them() -> None:
    """Two texts match, so there are two."""
    assert {text_matching_regex("^(yes|no)$", number) for number in range(9)} == {"yes", "no"}


@pytest.mark.parametrize("pattern", [r"^(a", r"[a", r"^\p{L}+$", "a\\", "[[:none:]]"])
def test_unsupported_pattern_gives_no_text(pattern: str) -> None:
    """No text is better than one that probably does not match."""
    assert text_matching_regex(pattern, 0) is None


CLASS = st.sampled_from(["a", "[a-c]", r"\d", "[^x]", "(b|cd)", "(?:e[0-9])", "[A-Z_]", r"\."])
COUNT = st.sampled_from(["", "+", "*", "?", "{2}", "{1,3}", "{2,}"])


@given(st.lists(st.tuples(CLASS, COUNT), min_size=1, max_size=5), st.integers(0, 10_000))
def test_text_matches_any_supported_pattern(parts: list[tuple[str, str]], number: int) -> None:
    """For any sequence of classes, groups and repetitions."""
    pattern = "^" + "".join(part + count for part, count in parts) + "$"

    text = text_matching_regex(pattern, number)

    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize("like", ["%@%.org", "sk-%", "a_c", r"100\%%", "plain"])
def test_text_matches_a_like_pattern(like: str) -> None:
    """Wildcards are replaced, escaped ones are literal characters."""
    pattern = re.sub(r"\\(.)", r"[\1]", like).replace("_", ".")
    pattern = re.sub(r"(?<!\[)%", ".*", pattern)

    assert re.fullmatch(pattern, text_matching_like(like, 7))
