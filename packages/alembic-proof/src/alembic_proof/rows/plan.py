"""The ways to satisfy all checks of a table together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product

from alembic_proof.rows.condition import ANYTHING, Ways, ways
from alembic_proof.rows.expression import Call, Name, Node, parse
from alembic_proof.rows.requirement import Demands, Requirement, merge_demands
from alembic_proof.rows.shape import Column, Table, TypeShape

MOST_PLANS = 16
MOST_TRIED = 512
VALUE = "VALUE"


def plans(table: Table) -> Ways:
    """What may be asked of a row, each a different way; the first leaves the fewest NULLs.

    () when the checks contradict each other, as far as they are understood.
    """
    every = [
        *(ways(check.expression) for check in table.checks),
        *(_of_domain(column) for column in table.columns),
        *(_of_expressions(key.expressions) for key in table.keys if key.is_exclusion),
    ]
    return combined(each for each in every if each != ANYTHING)


def bounds(table: Table) -> Ways:
    """What each partition asks, in their order; one that asks nothing for an ordinary table."""
    if not table.bounds:
        return ANYTHING
    return tuple((ways(bound.expression) or ANYTHING)[0] for bound in table.bounds)


def combined(every: Iterable[Ways]) -> Ways:
    """The ways to satisfy all; each single way occurs as early as it can."""
    choices = [tuple(each) for each in every]
    if any(not each for each in choices):
        return ()
    longest = max((len(each) for each in choices), default=1)
    diagonal = (tuple(each[i % len(each)] for each in choices) for i in range(longest))
    found: list[Demands] = []
    for chosen in (*diagonal, *islice(product(*choices), MOST_TRIED)):
        merged = _merged(chosen)
        if merged is not None and merged not in found:
            found.append(merged)
        if len(found) == MOST_PLANS:
            break
    return tuple(found)


def requirement_of(shape: TypeShape) -> Requirement:
    """What a domain's checks ask of a value, in the first way that satisfies them all."""
    found = combined(ways(check.expression) for domain in shape.domains for check in domain.checks)
    asked = found[0] if found else {}
    return asked.get(VALUE, asked.get(VALUE.lower(), Requirement()))


def _merged(chosen: Iterable[Demands]) -> Demands | None:
    merged: Demands = {}
    for way in chosen:
        both = merge_demands(merged, way)
        if both is None:
            return None
        merged = both
    return merged


def _of_domain(column: Column) -> Ways:
    """The ways to satisfy the column's domains, as demands on the column."""
    checks = [check for domain in column.type.domains for check in domain.checks]
    if not checks:
        return ANYTHING
    found = combined(ways(check.expression) for check in checks)
    return tuple({column.name: each} for way in found for each in _of_value(way))


def _of_value(way: Demands) -> Iterator[Requirement]:
    for name, requirement in way.items():
        if name.upper() == VALUE:
            yield requirement
            return
    yield Requirement()


def _of_expressions(expressions: str) -> Ways:
    """In an exclusion constraint over `tsrange(a, b)`, b lies above a."""
    node = parse(f"ROW({expressions})") if expressions else None
    asked = {high: Requirement(above=(low,)) for low, high in _ranges(node)}
    return (asked,) if asked else ANYTHING


def _ranges(node: Node | None) -> Iterator[tuple[str, str]]:
    match node:
        case Call(name, (Name(low), Name(high), *_)) if name.endswith("range"):
            yield low, high
        case Call(_, arguments):
            for argument in arguments:
                yield from _ranges(argument)
