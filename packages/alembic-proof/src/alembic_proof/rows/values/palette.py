"""What a type's values are made of: an unlimited series of ordinary ones, and edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from alembic_proof.rows.plan import requirement_of
from alembic_proof.rows.requirement import NOTHING, Requirement
from alembic_proof.rows.shape import TypeShape

MOST_BYTES = 1000
"""How long a long value gets."""


@dataclass(frozen=True, slots=True)
class Request:
    """For what values are asked."""

    type: TypeShape
    requirement: Requirement = NOTHING
    label: str = ""
    """The column's name: it shows where a value came from."""
    seed: str = ""
    """Table and column: equal seeds give equal values."""
    default: str | None = None
    """The column's constant default as text."""

    def of(self, part: TypeShape, requirement: Requirement | None = None) -> Request:
        """The same for a part of the type, of which its domains alone ask something."""
        return Request(part, requirement or requirement_of(part), self.label, self.seed)


@dataclass(frozen=True, slots=True)
class Palette:
    """Values as text that the type reads."""

    series: Callable[[int], str]
    """The n-th ordinary value, from 0; different for different n where `count` allows."""
    edges: tuple[str, ...] = ()
    """Empty, zero, long, extreme: none of them the n-th."""
    near: int = 1
    """How many of the first edges are next to nothing: empty, zero, minus one."""
    count: int | None = None
    """How many different values there are; None for more than anybody asks for."""
    is_rising: bool = False
    """Whether a later value is greater."""
    is_guess: bool = False
    """Whether the type is unknown, so that the values are tried one after the other."""

    @property
    def farthest(self) -> tuple[str, ...]:
        """The edges that are far from nothing; all of them where none is."""
        return self.edges[self.near :] or self.edges


Maker = Callable[[Request], Palette]


def choice(texts: tuple[str, ...], *, default: str | None = None) -> Palette:
    """These values in turn, the default last."""
    ordered = tuple(sorted(texts, key=lambda text: text == default))
    return Palette(lambda n: ordered[n % len(ordered)], count=len(ordered))


def fixed(form: str, *edges: str) -> Maker:
    """The values of a form with {n}, {h} (two hexadecimal digits) or {b} (0 to 249) in it."""

    def make(request: Request) -> Palette:
        del request
        return Palette(lambda n: form.format(n=n, h=f"{n % 256:02x}", b=n % 250), edges)

    return make
