"""Values of a type, typical and boundary ones, and the text format in which PostgreSQL reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from alembic_proof.rows.checks.alternatives import domain_constraint
from alembic_proof.rows.checks.constraints import ANY_VALUE, ValueConstraint
from alembic_proof.rows.schema import TypeInfo

MAX_TEXT_BYTES = 1000
"""The length of the longest text that is written."""


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """The column for which values are requested."""

    type: TypeInfo
    constraint: ValueConstraint = ANY_VALUE
    label: str = ""
    """The column's name; texts begin with it."""
    seed: str = ""
    """Table and column: equal seeds give equal values."""
    default: str | None = None
    """The column's constant default as text."""

    def of(self, part: TypeInfo, constraint: ValueConstraint | None = None) -> ValueRequest:
        """Return the request for a part of the type, to which only its domains' CHECKs apply."""
        return ValueRequest(part, constraint or domain_constraint(part), self.label, self.seed)


@dataclass(frozen=True, slots=True)
class ValueSource:
    """Values as text that the type reads."""

    typical: Callable[[int], str]
    """The n-th typical value, from 0; values differ as far as `count` allows."""
    boundary_values: tuple[str, ...] = ()
    """Empty, zero, long and extreme values, none of which is a typical one."""
    trivial_count: int = 1
    """How many of the first boundary values are trivial: empty, zero, minus one."""
    count: int | None = None
    """The number of different typical values; None for more than are ever requested."""
    is_increasing: bool = False
    """Whether each typical value is greater than the one before."""

    @property
    def extreme_values(self) -> tuple[str, ...]:
        """Return the boundary values without the trivial ones, all of them if none is left."""
        return self.boundary_values[self.trivial_count :] or self.boundary_values


SourceFactory = Callable[[ValueRequest], ValueSource]


def choice_source(texts: tuple[str, ...], *, default: str | None = None) -> ValueSource:
    """Return these values in turn, the default last."""
    ordered = tuple(sorted(texts, key=lambda text: text == default))
    return ValueSource(lambda n: ordered[n % len(ordered)], count=len(ordered))


def formatted_source(form: str, *boundary_values: str) -> SourceFactory:
    """Return the factory for values of a form with {n}, {h} (two hex digits) or {b} (0 to 249)."""

    def make(request: ValueRequest) -> ValueSource:
        del request
        return ValueSource(
            lambda n: form.format(n=n, h=f"{n % 256:02x}", b=n % 250), boundary_values
        )

    return make


def array_text(elements: Iterable[str | None], *, delimiter: str = ",") -> str:
    """Return an array: `{"a","b",NULL}`.

    :param delimiter: pg_type.typdelim of the element; a semicolon for boxes.

    Source: arrays, "Array Input and Output Syntax".
    """
    return "{" + delimiter.join("NULL" if e is None else _quoted(e) for e in elements) + "}"


def composite_text(fields: Iterable[str | None]) -> str:
    """Return a composite value: `("a","b",)`.

    Source: rowtypes, "Composite Type Input and Output Syntax".
    """
    return "(" + ",".join("" if f is None else _quoted(f) for f in fields) + ")"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def value_text(value: object) -> str | None:
    """Return a Python value as text; None is NULL."""
    match value:
        case None:
            return None
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case bytes() | bytearray() | memoryview():
            return "\\x" + bytes(value).hex()
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
        case Mapping():
            return json.dumps(value, default=str)
        case list() | tuple() | set() | frozenset():
            return array_text(value_text(element) for element in value)
        case _:
            return str(value)


def json_text(value: object) -> str | None:
    """Return a Python value as JSON; a string is taken as JSON text."""
    return value if value is None or isinstance(value, str) else json.dumps(value, default=str)
