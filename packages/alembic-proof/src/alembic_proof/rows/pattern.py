"""Texts that match a regular expression or a LIKE pattern, a different one for each number.

Reads the shapes that checks use: literals, classes, groups, alternatives, repetitions, anchors;
what it cannot read gives no text, and the server judges what it makes.

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
NAMED = {
    "alpha": string.ascii_lowercase, "digit": string.digits, "space": " ", "punct": "-",
    "alnum": string.ascii_lowercase + string.digits, "upper": string.ascii_uppercase,
    "lower": string.ascii_lowercase, "xdigit": string.digits + "abcdef", "word": "abc_",
    "print": string.ascii_lowercase, "graph": string.ascii_lowercase, "blank": " ",
}  # fmt: skip
ANY = string.ascii_lowercase + string.digits
MOST_REPEATS = 6
"""How often something is repeated beyond its minimum so that numbers find room."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One character out of these."""

    letters: str


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part between `least` and `most` times."""

    part: Part
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Group:
    """One of several sequences of parts."""

    branches: tuple[tuple[Part, ...], ...]


Part = Choice | Repeat | Group


class _Number:
    """A number that is spent digit by digit on the choices that a pattern leaves."""

    def __init__(self, number: int) -> None:
        self.left = number

    def digit(self, base: int) -> int:
        self.left, digit = divmod(self.left, base)
        return digit


def matching_regex(pattern: str, number: int, *, shortest: int = 0) -> str | None:
    """A text that matches; different numbers give different texts where the pattern has room."""
    body = re.sub(r"^\(\?[a-z]+\)", "", pattern)
    try:
        group, end = _group(body, 0)
    except (IndexError, ValueError):
        return None
    if end != len(body):
        return None
    for extra in (0, 1, MOST_REPEATS, max(shortest, 40)):
        spent = _Number(number)
        text = _text(group, spent, extra)
        if len(text) >= shortest and spent.left == 0:
            return text
    is_open = not body.endswith(("$", r"\Z"))
    return f"{text}{number}" if is_open else text


def matching_like(pattern: str, number: int) -> str:
    """A text that matches the LIKE pattern; the number stands where there is room for it."""
    found: list[str] = []
    is_numbered = False
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\" and place + 1 < len(pattern):
            place += 1
            found.append(pattern[place])
        elif letter == "%":
            found.append("" if is_numbered else f"a{number}")
            is_numbered = True
        else:
            found.append("a" if letter == "_" else letter)
        place += 1
    return "".join(found)


def _text(group: Group, number: _Number, extra: int) -> str:
    branch = group.branches[number.digit(len(group.branches))]
    found = []
    # From the right, so that small numbers change the last characters, as counting does.
    for part in reversed(branch):
        match part:
            case Choice(letters):
                found.append(letters[number.digit(len(letters))])
            case Group():
                found.append(_text(part, number, extra))
            case Repeat(inner, least, most):
                times = min(most, least + extra)
                one = Group(((inner,),))
                found.append("".join(reversed([_text(one, number, extra) for _ in range(times)])))
    return "".join(reversed(found))


def _group(text: str, place: int) -> tuple[Group, int]:
    """The alternatives from `place` to the closing parenthesis or the end."""
    branches: list[tuple[Part, ...]] = []
    parts: list[Part] = []
    while place < len(text) and text[place] != ")":
        if text[place] == "|":
            branches.append(tuple(parts))
            parts = []
            place += 1
            continue
        part, place = _atom(text, place)
        if part is not None:
            part, place = _repeated(text, place, part)
            parts.append(part)
    return Group((*branches, tuple(parts))), place


def _atom(text: str, place: int) -> tuple[Part | None, int]:
    match text[place]:
        case "^" | "$":
            return None, place + 1
        case ".":
            return Choice(ANY), place + 1
        case "[":
            return _bracket(text, place + 1)
        case "\\":
            return _escape(text[place + 1]), place + 2
        case "(":
            return _parenthesis(text, place + 1)
        case letter:
            return Choice(letter), place + 1


def _escape(letter: str) -> Part | None:
    if letter in "mMyYAZ":
        return None
    if letter in CLASSES:
        return Choice(CLASSES[letter])
    if letter.isalnum():
        raise ValueError(letter)
    return Choice(letter)


def _parenthesis(text: str, place: int) -> tuple[Part | None, int]:
    is_ahead = text.startswith(("?=", "?!", "?<"), place)
    if text.startswith("?:", place):
        place += 2
    elif is_ahead:
        place += 3 if text.startswith("?<", place) else 2
    group, end = _group(text, place)
    if text[end] != ")":
        raise ValueError(text)
    return (None if is_ahead else group), end + 1


def _bracket(text: str, place: int) -> tuple[Part, int]:
    is_negated = text[place] == "^"
    place += is_negated
    letters = ""
    is_first = True
    while is_first or text[place] != "]":
        is_first = False
        named = re.compile(r"\[:(\w+):\]").match(text, place)
        if named:
            letters += NAMED[named.group(1)]
            place = named.end()
        elif text[place] == "\\":
            letters += CLASSES.get(text[place + 1], text[place + 1])
            place += 2
        elif text[place + 1] == "-" and text[place + 2] != "]":
            letters += "".join(map(chr, range(ord(text[place]), ord(text[place + 2]) + 1)))
            place += 3
        else:
            letters += text[place]
            place += 1
    if is_negated:
        letters = "".join(letter for letter in ALNUM + "-" if letter not in letters)
    # Letters and digits first: they are what an author of the pattern thinks of.
    ordered = "".join(sorted(dict.fromkeys(letters), key=lambda one: (not one.isalnum(), one)))
    if not ordered:
        raise ValueError(text)
    return Choice(ordered), place + 1


QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??")
SIMPLE = {"*": (0, 255), "+": (1, 255), "?": (0, 1)}


def _repeated(text: str, place: int, part: Part) -> tuple[Part, int]:
    found = QUANTIFIER.match(text, place)
    if found is None:
        return part, place
    if found.group(1):
        least, most = SIMPLE[found.group(1)]
    else:
        least = int(found.group(2))
        most = least if not found.group(3) else int(found.group(4) or 255)
    return Repeat(part, least, most), found.end()
