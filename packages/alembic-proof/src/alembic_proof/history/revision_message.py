"""A revision's message: one harmless line, and the slug that its file's name ends with."""

from __future__ import annotations

import re
import unicodedata

from alembic_proof.errors import HistoryError

LONGEST_MESSAGE = 200
LONGEST_SLUG = 40

_TODO = 'say what changes: -m "add user preferences"'
_FALLBACK_SLUG = "revision"


def clean_message(message: str | None) -> str:
    """The message in one line that cannot end a docstring.

    White space is folded, control and format characters go, a double quote becomes a single one
    and a backslash a slash.

    Raises:
        HistoryError: no message, no letter or digit in it, or more than 200 characters.
    """
    if message is None or not message.strip():
        raise HistoryError("a revision needs a message", todo=_TODO)
    printable = "".join(" " if c.isspace() else c for c in message if _is_harmless(c))
    line = " ".join(printable.split()).replace('"', "'").replace("\\", "/")
    if not any(character.isalnum() for character in line):
        raise HistoryError("the message has no letter and no digit", todo=_TODO)
    if len(line) > LONGEST_MESSAGE:
        raise HistoryError(
            f"the message has {len(line)} characters, {LONGEST_MESSAGE} are allowed",
            todo="shorten it, and write the rest into the revision's docstring",
        )
    return line


def _is_harmless(character: str) -> bool:
    """White space, or neither control, format (it may turn the direction of text) nor surrogate."""
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cf", "Cs")


def slug_of(message: str, *, longest: int = LONGEST_SLUG) -> str:
    """Lower-case ASCII words joined by _, as many as fit; `revision` where no word is ASCII."""
    ascii_text = unicodedata.normalize("NFKD", message.casefold()).encode("ascii", "ignore")
    words: list[str] = re.findall("[a-z0-9]+", ascii_text.decode().lower())
    if not words:
        return _FALLBACK_SLUG
    slug = words[0][:longest]
    for word in words[1:]:
        if len(slug) + 1 + len(word) > longest:
            break
        slug = f"{slug}_{word}"
    return slug
