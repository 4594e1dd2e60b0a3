"""Texts that begin with the name of their column, fit its length and satisfy its CHECKs."""

from __future__ import annotations

from alembic_proof.rows.checks.constraints import ValueConstraint
from alembic_proof.rows.checks.patterns import ALNUM, text_matching_like, text_matching_regex
from alembic_proof.rows.schema import TypeInfo
from alembic_proof.rows.values.source import (
    MAX_TEXT_BYTES,
    SourceFactory,
    ValueRequest,
    ValueSource,
)

ODD = "Zoë ☃ 日本 \U0001d54f 'q' \"d\" \\ % :x\t\n  "
"""Characters outside ASCII and the basic multilingual plane, blanks, and characters to quote."""


def text_source(request: ValueRequest) -> ValueSource:
    """Return texts with the letter case, length and pattern of the constraint."""
    constraint = request.constraint
    most = _longest(request.type, constraint)
    if constraint.regexes or constraint.like_patterns:
        return ValueSource(lambda n: _cased(_matching(constraint, n), constraint))

    def typical(n: int) -> str:
        return _cased(_sized(request.label, n, constraint.min_length, most), constraint)

    edges = [_long(constraint.min_length, most)]
    if not constraint.min_length:
        edges.insert(0, "")
    count = None if most > 2 else len(ALNUM) ** most
    texts = tuple(_cased(edge, constraint) for edge in edges)
    # With a length, extreme rows get the longest text; without one, the empty text as well.
    found = ValueSource(typical, texts, trivial_count=int(most < MAX_TEXT_BYTES), count=count)
    return _between(found, constraint)


def _between(found: ValueSource, constraint: ValueConstraint) -> ValueSource:
    """Return the texts moved above the lower bound, or below all letters for an upper bound."""
    if constraint.low is not None:
        return ValueSource(lambda n: f"{constraint.low}{found.typical(n)}")
    if constraint.high is not None:
        return ValueSource(lambda n: f"!{found.typical(n)}", ("",))
    return found


def _longest(type_info: TypeInfo, constraint: ValueConstraint) -> int:
    """Return the greatest number of characters."""
    most = {"name": 63, "char": 1}.get(type_info.name, MAX_TEXT_BYTES)
    if type_info.name in ("varchar", "bpchar") and type_info.modifier >= 4:
        most = min(most, type_info.modifier - 4)
    if constraint.max_length is not None:
        most = min(most, constraint.max_length)
    return max(most, constraint.min_length)


def _sized(label: str, n: int, least: int, most: int) -> str:
    text = f"{label}-{n}"
    if len(text) > most:
        digits = _digits(n)
        text = label[: max(most - len(digits), 0)] + digits
        text = text[-most:] if most else ""
    return "x" * (least - len(text)) + text


def _digits(n: int) -> str:
    text = ""
    while True:
        n, digit = divmod(n, len(ALNUM))
        text = ALNUM[digit] + text
        if n == 0:
            return text


def _long(least: int, most: int) -> str:
    """Return the longest text, at most MAX_TEXT_BYTES, with special characters and a final blank."""
    text = ODD[:most] if most > len(ODD) else ODD[:most].strip()
    size = len(text.encode())
    rest = "x" * max(min(most - len(text), MAX_TEXT_BYTES - size), least - len(text))
    return text + (f"{rest[:-1]} " if len(rest) > 1 else rest)


def _cased(text: str, constraint: ValueConstraint) -> str:
    match constraint.letter_case:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case _:
            return text


def _matching(constraint: ValueConstraint, n: int) -> str:
    """Return a text for the first pattern that can be read; the server checks the others."""
    for pattern in constraint.regexes:
        text = text_matching_regex(pattern, n, min_length=constraint.min_length)
        if text is not None:
            return text
    for like in constraint.like_patterns:
        text = text_matching_like(like, n)
        return text + "x" * (constraint.min_length - len(text)) if like.endswith("%") else text
    return f"a{n}"


def bytes_source(request: ValueRequest) -> ValueSource:
    """Return bytes that contain 0 and 255."""
    constraint = request.constraint
    least, most = (
        constraint.min_length,
        min(constraint.max_length or MAX_TEXT_BYTES, MAX_TEXT_BYTES),
    )

    def typical(n: int) -> str:
        data = n.to_bytes(4, "big") + b"\x00\xff"
        data = data[-most:] if len(data) > most else data
        return "\\x" + data.rjust(least, b"\x01").hex()

    edges = ("\\x" + bytes(range(256))[:most].ljust(least, b"\xff").hex(),)
    return ValueSource(typical, edges if least else ("\\x", *edges))


def bits_source(request: ValueRequest) -> ValueSource:
    """Return bit strings of the exact length, for varbit of at most that length."""
    size = request.type.modifier if request.type.modifier > 0 else 1
    if request.type.name == "varbit":
        size = request.type.modifier if request.type.modifier > 0 else 32
        return ValueSource(lambda n: f"{n + 1:b}"[-size:], ("", "1" * size))
    return ValueSource(
        lambda n: f"{n + 1:0{size}b}"[-size:], ("0" * size, "1" * size), count=2 ** min(size, 20)
    )


SOURCE_FACTORIES: dict[str, SourceFactory] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext", "char"), text_source),
    "bytea": bytes_source,
    **dict.fromkeys(("bit", "varbit"), bits_source),
}
