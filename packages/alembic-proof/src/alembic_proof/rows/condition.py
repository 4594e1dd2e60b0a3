"""What a CHECK asks of the columns: the ways to satisfy it, each as demands.

A check is satisfied when it is true or NULL, so a comparison says nothing about NULL. What is not
understood asks nothing; the server is the judge in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import combinations

from alembic_proof.rows.expression import Call, Literal, Name, Node, parse
from alembic_proof.rows.leaf import MIRRORED, compared, matched, membership, present, spread
from alembic_proof.rows.requirement import Demands, Requirement, merge_demands

Ways = tuple[Demands, ...]

ANYTHING: Ways = ({},)
NEVER: Ways = ()
MOST_WAYS = 12
OPPOSITE = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "IS NULL": "IS NOT NULL", "IS NOT NULL": "IS NULL",
    "= ANY": "<> ALL", "<> ALL": "= ANY",
    "IS DISTINCT": "IS NOT DISTINCT", "IS NOT DISTINCT": "IS DISTINCT",
    "IS TRUE": "IS NOT TRUE", "IS NOT TRUE": "IS TRUE",
    "IS FALSE": "IS NOT FALSE", "IS NOT FALSE": "IS FALSE",
}  # fmt: skip
TRUTHS = {"IS TRUE": True, "IS NOT FALSE": True, "IS FALSE": False, "IS NOT TRUE": False}
PATTERNS = ("~", "~*", "~~", "~~*", "^@", "starts_with")
COMPARISONS = {"IS NOT DISTINCT": "=", "IS DISTINCT": "<>"} | {sign: sign for sign in MIRRORED}
HOLDERS = ("<@", "@>", "?", "?&", "?|", "&&")


@lru_cache(maxsize=8192)
def ways(expression: str) -> Ways:
    """The ways to satisfy the expression, those with the fewest NULLs first; () for none."""
    node = parse(expression)
    if node is None:
        return ANYTHING
    return tuple(sorted(_ways(node), key=_nulls))


def _nulls(demands: Demands) -> int:
    return sum(requirement.is_null is True for requirement in demands.values())


def _ways(node: Node) -> Ways:
    match node:
        case Literal(text):
            return NEVER if text in ("false", "f") else ANYTHING
        case Name(name):
            return ({name: Requirement(one_of=("true",))},)
        case Call("AND", (left, right)):
            return _both(_ways(left), _ways(right))
        case Call("OR", (left, right)):
            return _distinct((*_ways(left), *_ways(right)))
        case Call("NOT", (inner,)):
            return _not(inner)
        case Call(name, arguments):
            return _leaf(name, arguments)
    return ANYTHING


def _not(node: Node) -> Ways:
    match node:
        case Literal(text):
            return ANYTHING if text in ("false", "f", None) else NEVER
        case Name(name):
            return ({name: Requirement(one_of=("false",))},)
        case Call("AND", (left, right)):
            return _distinct((*_not(left), *_not(right)))
        case Call("OR", (left, right)):
            return _both(_not(left), _not(right))
        case Call("NOT", (inner,)):
            return _ways(inner)
        case Call("isempty", (Name(name),)):
            return ({name: Requirement(shortest=1)},)
        case Call(name, arguments) if name in OPPOSITE:
            return _leaf(OPPOSITE[name], arguments)
    return ANYTHING


def _leaf(name: str, arguments: tuple[Node, ...]) -> Ways:
    match name, arguments:
        case "IS NULL", (Name(column),):
            return ({column: Requirement(is_null=True)},)
        case "IS NOT NULL", (inner,):
            return _known(present(inner))
        case _, (inner,) if name in TRUTHS:
            return _ways(inner) if TRUTHS[name] else _not(inner)
        case (("= ANY" | "<> ALL"), (subject, among)):
            return _known(membership(subject, among, is_in=name == "= ANY"))
        case _, (left, right) if name in PATTERNS:
            return _known(matched(name, left, right))
        case _, (left, right) if name in HOLDERS:
            return _known(spread(name, left, right))
        case _, (left, right) if name in COMPARISONS:
            return _comparison(COMPARISONS[name], left, right)
    return ANYTHING


def _comparison(sign: str, left: Node, right: Node) -> Ways:
    tests = (_null_test(left), _null_test(right))
    if tests[0] and tests[1] and sign in ("=", "<>"):
        return _paired(tests[0], tests[1], is_same=sign == "=")
    counted = _counted(left)
    if counted and isinstance(right, Literal) and (right.text or "").isdigit():
        return _some(counted, sign, int(right.text or 0))
    return _known(compared(sign, left, right))


def _known(demands: Demands | None) -> Ways:
    return ANYTHING if demands is None else (demands,)


def _both(first: Ways, second: Ways) -> Ways:
    """Each way of the one with each of the other, as far as they agree."""
    merged = (merge_demands(one, other) for one in first for other in second)
    return _distinct(way for way in merged if way is not None)


def _distinct(found: Iterable[Demands]) -> Ways:
    kept: list[Demands] = []
    for way in found:
        if way not in kept:
            kept.append(way)
        if len(kept) == MOST_WAYS:
            break
    return tuple(kept)


def _null_test(node: Node) -> tuple[str, bool] | None:
    match node:
        case Call("IS NULL", (Name(name),)):
            return (name, True)
        case Call("IS NOT NULL", (Name(name),)):
            return (name, False)
    return None


def _paired(first: tuple[str, bool], second: tuple[str, bool], *, is_same: bool) -> Ways:
    """The two ways in which two tests for NULL are both alike, or both not."""
    return tuple(
        {
            first[0]: Requirement(is_null=first[1] is outcome),
            second[0]: Requirement(is_null=second[1] is (outcome is is_same)),
        }
        for outcome in (True, False)
    )


def _counted(node: Node) -> tuple[tuple[str, bool], ...] | None:
    """The columns, each with what counts (True for NULL), that the node counts."""
    match node:
        case Call("num_nonnulls" | "num_nulls" as name, arguments):
            columns = [a.name for a in arguments if isinstance(a, Name)]
            is_null = name == "num_nulls"
            return tuple((column, is_null) for column in columns) or None
        case Call("+", (left, right)):
            first, second = _counted(left), _counted(right)
            return first + second if first and second else None
    test = _null_test(node)
    return (test,) if test else None


COUNTS: dict[str, Callable[[int, int], bool]] = {
    "=": lambda count, bound: count == bound,
    "<>": lambda count, bound: count != bound,
    "<": lambda count, bound: count < bound,
    "<=": lambda count, bound: count <= bound,
    ">": lambda count, bound: count > bound,
    ">=": lambda count, bound: count >= bound,
}


def _some(columns: tuple[tuple[str, bool], ...], sign: str, bound: int) -> Ways:
    """The choices of columns that make the count right."""
    found: list[Demands] = []
    for count in range(len(columns) + 1):
        if not COUNTS[sign](count, bound):
            continue
        found += [
            {
                name: Requirement(is_null=is_null if (name, is_null) in chosen else not is_null)
                for name, is_null in columns
            }
            for chosen in combinations(columns, count)
        ]
    return _distinct(sorted(found, key=_nulls))
