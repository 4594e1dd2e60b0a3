"""Texts: they say which column they are from, fit the length, and match what is asked of them."""

from __future__ import annotations

from alembic_proof.rows.pattern import ALNUM, matching_like, matching_regex
from alembic_proof.rows.requirement import Requirement
from alembic_proof.rows.shape import TypeShape
from alembic_proof.rows.values.palette import MOST_BYTES, Maker, Palette, Request

ODD = "Zoë ☃ 日本 \U0001d54f 'q' \"d\" \\ % :x\t\n  "
"""Beyond ASCII, beyond the basic plane, blanks, and all that has to be quoted somewhere."""


def make_text(request: Request) -> Palette:
    """Texts in the case, the length and the pattern that is asked for."""
    requirement = request.requirement
    most = _longest(request.type, requirement)
    if requirement.patterns or requirement.likes:
        return Palette(lambda n: _cased(_matching(requirement, n), requirement))

    def series(n: int) -> str:
        return _cased(_sized(request.label, n, requirement.shortest, most), requirement)

    edges = [_long(requirement.shortest, most)]
    if not requirement.shortest:
        edges.insert(0, "")
    count = None if most > 2 else len(ALNUM) ** most
    texts = tuple(_cased(edge, requirement) for edge in edges)
    # A length is what gets narrower; without one the empty text has its turn as well.
    found = Palette(series, texts, near=int(most < MOST_BYTES), count=count)
    return _between(found, requirement)


def _between(found: Palette, requirement: Requirement) -> Palette:
    """The same after the least text, or before what any letter begins."""
    if requirement.low is not None:
        return Palette(lambda n: f"{requirement.low}{found.series(n)}")
    if requirement.high is not None:
        return Palette(lambda n: f"!{found.series(n)}", ("",))
    return found


def _longest(shape: TypeShape, requirement: Requirement) -> int:
    """How many characters fit."""
    most = {"name": 63, "char": 1}.get(shape.name, MOST_BYTES)
    if shape.name in ("varchar", "bpchar") and shape.modifier >= 4:
        most = min(most, shape.modifier - 4)
    if requirement.longest is not None:
        most = min(most, requirement.longest)
    return max(most, requirement.shortest)


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
    """As long as it may be in characters and as MOST_BYTES allows, with odd letters and a blank at the end."""
    text = ODD[:most] if most > len(ODD) else ODD[:most].strip()
    size = len(text.encode())
    rest = "x" * max(min(most - len(text), MOST_BYTES - size), least - len(text))
    return text + (f"{rest[:-1]} " if len(rest) > 1 else rest)


def _cased(text: str, requirement: Requirement) -> str:
    match requirement.case:
        case "upper":
            return text.upper()
        case "lower":
            return text.lower()
        case _:
            return text


def _matching(requirement: Requirement, n: int) -> str:
    """A text for the first pattern that can be read; the server judges the others."""
    for pattern in requirement.patterns:
        text = matching_regex(pattern, n, shortest=requirement.shortest)
        if text is not None:
            return text
    for like in requirement.likes:
        text = matching_like(like, n)
        return text + "x" * (requirement.shortest - len(text)) if like.endswith("%") else text
    return f"a{n}"


def make_bytes(request: Request) -> Palette:
    """Bytes, zero and 255 among them."""
    requirement = request.requirement
    least, most = requirement.shortest, min(requirement.longest or MOST_BYTES, MOST_BYTES)

    def series(n: int) -> str:
        data = n.to_bytes(4, "big") + b"\x00\xff"
        data = data[-most:] if len(data) > most else data
        return "\\x" + data.rjust(least, b"\x01").hex()

    edges = ("\\x" + bytes(range(256))[:most].ljust(least, b"\xff").hex(),)
    return Palette(series, edges if least else ("\\x", *edges))


def make_bits(request: Request) -> Palette:
    """Bit strings of the exact length, or of at most it."""
    size = request.type.modifier if request.type.modifier > 0 else 1
    if request.type.name == "varbit":
        size = request.type.modifier if request.type.modifier > 0 else 32
        return Palette(lambda n: f"{n + 1:b}"[-size:], ("", "1" * size))
    return Palette(
        lambda n: f"{n + 1:0{size}b}"[-size:], ("0" * size, "1" * size), count=2 ** min(size, 20)
    )


MAKERS: dict[str, Maker] = {
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext", "char"), make_text),
    "bytea": make_bytes,
    **dict.fromkeys(("bit", "varbit"), make_bits),
}
