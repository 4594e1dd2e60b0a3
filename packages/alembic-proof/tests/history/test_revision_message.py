"""Messages and slugs."""

from __future__ import annotations

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alembic_proof.errors import HistoryError
from alembic_proof.history.revision_message import LONGEST_SLUG, clean_message, slug_of


@pytest.mark.parametrize(
    ("message", "cleaned"),
    [
        ("add user preferences", "add user preferences"),
        ("  add\n\tuser \u2028 preferences\n", "add user preferences"),
        ('say "hi" and c:\\path', "say 'hi' and c:/path"),
        ("../../x", "../../x"),
        ("a\x00b\x1b[31mred\u202e", "ab[31mred"),
        ("größer 🎉", "größer 🎉"),
        ("half \udc80 a letter", "half a letter"),
        ("x" * 200, "x" * 200),
    ],
)
def test_message_becomes_one_harmless_line(message: str, cleaned: str) -> None:
    """White space is folded, what does not print goes, quotes and backslashes are replaced."""
    assert clean_message(message) == cleaned


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (None, "a revision needs a message"),
        ("", "a revision needs a message"),
        (" \n\t", "a revision needs a message"),
        ("🎉!", "the message has no letter and no digit"),
        ("\x00\x01", "the message has no letter and no digit"),
        ("y" * 201, "the message has 201 characters, 200 are allowed"),
    ],
)
def test_message_that_cannot_be_used(message: str | None, told: str) -> None:
    """One clear error says why."""
    with pytest.raises(HistoryError) as caught:
        clean_message(message)

    assert caught.value.what == told


@given(st.text(max_size=60))
def test_message_stays_within_its_docstring(message: str) -> None:
    """Whatever the message is, a docstring around it is a docstring and says the same."""
    try:
        line = clean_message(message)
    except HistoryError:
        return

    module = ast.parse(f'"""{line}\n\nRevision ID: x\n"""\n'.encode())

    assert len(module.body) == 1
    assert (ast.get_docstring(module) or "").splitlines()[0] == line
    assert clean_message(line) == line


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        ("Add user preferences", "add_user_preferences"),
        ("../../etc/passwd", "etc_passwd"),
        ("größer, naïve Straße", "grosser_naive_strasse"),
        ("добавить", "revision"),
        ("  a -- b__c  ", "a_b_c"),
        ("one two three four five six seven eight nine", "one_two_three_four_five_six_seven_eight"),
        ("z" * 60, "z" * 40),
        ("z" * 39 + " y", "z" * 39),
        ("z" * 38 + " y", "z" * 38 + "_y"),
    ],
)
def test_slug(message: str, slug: str) -> None:
    """Lower-case ASCII, cut at a word."""
    assert slug_of(message) == slug


@given(st.text())
def test_slug_is_always_a_safe_name(message: str) -> None:
    """Words of letters and digits with single underscores between, never longer than allowed."""
    slug = slug_of(message)

    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", slug)
    assert len(slug) <= LONGEST_SLUG
