"""Texts that match a regular expression or a LIKE pattern, a different one for each number.

What CHECK constraints use is supported: literals, classes, groups, alternation, repetition and
anchors. A regular expression with anything else gives no text; PostgreSQL decides whether a text
that was made here matches.

Source: https://www.postgresql.org/docs/current/functions-matching.html#POSIX-SYNTAX-DETAILS
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

ALNUM = string.digits + string.ascii_lowercase + string.ascii_uppercase
CLASSES = {
    "d": string.digits, "w": string.ascii_lowercase + string.digits + "_", "s": " ",
    "D": string.ascii_lowercase, "W": "-", "S": string.ascii_lowercase + string.digits,
}  # fmt: skip
NAMED_CLASSES = {
    "alpha": string.ascii_lowercase, "digit": string.digits, "space": " ", "punct": "-",
    "alnum": string.ascii_lowercase + string.digits, "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase, "xdigit": string.digits + "abcdef", "word": "abc_",
    "print": string.ascii_lowercase, "graph": string.ascii_lowercase, "blank": " ",
}  # fmt: skip
ANY_CHARACTER = string.ascii_lowercase + string.digits
MAX_EXTRA_REPETITIONS = 6
"""How often more than its minimum a part is repeated, so that the number has room."""
UNBOUNDED = 255
_NAMED_CLASS = re.compile(r"\[:(\w+):\]")
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??")
_QUANTIFIERS = {"*": (0, UNBOUNDED), "+": (1, UNBOUNDED), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these characters."""

    characters: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part that is repeated between `least` and `most` times."""

    part: Part
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Group:
    """One of several sequences of parts."""

    branches: tuple[tuple[Part, ...], ...]


Part = Choice | Repeat | Group


class _Digits:
    """A number whose digits select among the choices that a pattern leaves."""

    def __init__(self, number: int) -> None:
        self.rest = number

    def take(self, base: int) -> int:
        self.rest, digit = divmod(self.rest, base)
        return digit


def text_matching_regex(pattern: str, number: int, *, min_length: int = 0) -> str | None:
    """Return a text that matches, None when the pattern is not supported.

    Different numbers give different texts as far as the pattern has room for them.

    >>> text_matching_regex("^[a-z]{3}$", 1)
    'aab'
    """
    body = re.sub(r"^\(\?[a-z]+\)", "", pattern)
    try:
        group, end = _parse_group(body, 0)
    except (IndexError, KeyError, ValueError):
        return None
    if end != len(body):
        return None
    for extra in (0, 1, MAX_EXTRA_REPETITIONS, max(min_length, 40)):
        digits = _Digits(number)
        text = _text(group, digits, extra)
        if len(text) >= min_length and digits.rest == 0:
            return text
    has_open_end = not body.endswith(("$", r"\Z"))
    return f"{text}{number}" if has_open_end else text


def text_matching_like(pattern: str, number: int) -> str:
    r"""Return a text that matches the LIKE pattern, with the number in place of the first %.

    >>> text_matching_like(r"100\%_%", 7)
    '100%aa7'
    """
    found: list[str] = []
    is_numbered = False
    characters = iter(pattern)
    for character in characters:
        match character:
            case "\\":
                found.append(next(characters, "\\"))
            case "%":
                found.append("" if is_numbered else f"a{number}")
                is_numbered = True
            case "_":
                found.append("a")
            case _:
                found.append(character)
    return "".join(found)


def _text(group: Group, digits: _Digits, extra: int) -> str:
    """Return a text that matches the group.

    :param extra: how often more than its minimum a part is repeated, where it may.
    """
    branch = group.branches[digits.take(len(group.branches))]
    found = []
    # From the right, so that consecutive numbers differ in the last characters, as in counting.
    for part in reversed(branch):
        match part:
            case Choice(characters):
                found.append(characters[digits.take(len(characters))])
            case Group():
                found.append(_text(part, digits, extra))
            case Repeat(repeated, least, most):
                times = min(most, least + extra)
                one = Group(((repeated,),))
                found.append("".join(reversed([_text(one, digits, extra) for _ in range(times)])))
    return "".join(reversed(found))


def _parse_group(text: str, start: int) -> tuple[Group, int]:
    """Return the alternatives up to the closing parenthesis or the end, and where that is.

    :raises ValueError: the syntax is not supported, as do IndexError and KeyError.
    """
    place = start
    branches: list[tuple[Part, ...]] = []
    parts: list[Part] = []
    while place < len(text) and text[place] != ")":
        if text[place] == "|":
            branches.append(tuple(parts))
            parts = []
            place += 1
            continue
        part, place = _parse_atom(text, place)
        if part is not None:
            part, place = _parse_quantifier(text, place, part)
            parts.append(part)
    return Group((*branches, tuple(parts))), place


def _parse_atom(text: str, place: int) -> tuple[Part | None, int]:
    """Return the next part and the place behind it; an anchor is no part."""
    match text[place]:
        case "^" | "$":
            return None, place + 1
        case ".":
            return Choice(ANY_CHARACTER), place + 1
        case "[":
            return _parse_bracket(text, place + 1)
        case "\\":
            return _escape(text[place + 1]), place + 2
        case "(":
            return _parse_parenthesis(text, place + 1)
        case character:
            return Choice(character), place + 1


def _escape(character: str) -> Part | None:
    if character in "mMyYAZ":
        return None
    if character in CLASSES:
        return Choice(CLASSES[character])
    if character.isalnum():
        raise ValueError(character)
    return Choice(character)


def _parse_parenthesis(text: str, start: int) -> tuple[Part | None, int]:
    """Return the group and the place behind it; a lookaround constraint is no part."""
    place = start
    is_lookaround = text.startswith(("?=", "?!", "?<"), place)
    if text.startswith("?:", place):
        place += 2
    elif is_lookaround:
        place += 3 if text.startswith("?<", place) else 2
    group, end = _parse_group(text, place)
    if text[end] != ")":
        raise ValueError(text)
    return (None if is_lookaround else group), end + 1


def _parse_bracket(text: str, start: int) -> tuple[Part, int]:
    """Return the choice of a bracket expression and the place behind it."""
    is_negated = text[start] == "^"
    first = place = start + is_negated
    characters = ""
    while place == first or text[place] != "]":
        found, place = _parse_bracket_item(text, place)
        characters += found
    if is_negated:
        characters = "".join(one for one in ALNUM + "-" if one not in characters)
    # Letters and digits first: they are what the author of the pattern has in mind.
    ordered = "".join(sorted(dict.fromkeys(characters), key=lambda one: (not one.isalnum(), one)))
    if not ordered:
        raise ValueError(text)
    return Choice(ordered), place + 1


def _parse_bracket_item(text: str, place: int) -> tuple[str, int]:
    """Return the characters of one class, range or character, and the place behind it."""
    named = _NAMED_CLASS.match(text, place)
    if named:
        return NAMED_CLASSES[named.group(1)], named.end()
    if text[place] == "\\":
        return CLASSES.get(text[place + 1], text[place + 1]), place + 2
    if text[place + 1] == "-" and text[place + 2] != "]":
        return "".join(map(chr, range(ord(text[place]), ord(text[place + 2]) + 1))), place + 3
    return text[place], place + 1


def _parse_quantifier(text: str, place: int, part: Part) -> tuple[Part, int]:
    found = _QUANTIFIER.match(text, place)
    if found is None:
        return part, place
    if found.group(1):
        least, most = _QUANTIFIERS[found.group(1)]
    else:
        least = int(found.group(2))
        most = int(found.group(4) or UNBOUNDED) if found.group(3) else least
    return Repeat(part, least, most), found.end()
