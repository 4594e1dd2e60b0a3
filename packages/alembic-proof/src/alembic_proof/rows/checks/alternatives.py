"""The alternatives of a row that satisfies CHECK constraints.

A CHECK is satisfied when its expression is true or NULL, so a comparison does not exclude NULL. An
expression that is not understood constrains nothing: PostgreSQL decides when the row is inserted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import combinations, islice, product

from alembic_proof.rows.checks.comparisons import (
    CONTAINMENTS,
    KEY_TESTS,
    MIRRORED,
    compare,
    contains,
    has_keys,
    is_member,
    is_not_null,
    matches,
)
from alembic_proof.rows.checks.constraints import RowConstraints, ValueConstraint, merge_rows
from alembic_proof.rows.checks.expression import Call, Literal, Name, Node, parse
from alembic_proof.rows.schema import ColumnInfo, TableInfo, TypeInfo

Alternatives = tuple[RowConstraints, ...]
"""Each is sufficient; none means that no row satisfies the expression."""

ANY_ROW: Alternatives = ({},)
NO_ROW: Alternatives = ()
MAX_PER_EXPRESSION = 12
MAX_PER_TABLE = 16
MAX_COMBINATIONS = 512
VALUE = "VALUE"
"""The value of a domain in the domain's CHECK."""
NEGATED = {
    "=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
    "IS NULL": "IS NOT NULL", "IS NOT NULL": "IS NULL",
    "= ANY": "<> ALL", "<> ALL": "= ANY",
    "IS DISTINCT": "IS NOT DISTINCT", "IS NOT DISTINCT": "IS DISTINCT",
    "IS TRUE": "IS NOT TRUE", "IS FALSE": "IS NOT FALSE",
}  # fmt: skip
TRUTH_TESTS = {"IS TRUE": True, "IS NOT FALSE": True, "IS FALSE": False, "IS NOT TRUE": False}
PATTERN_MATCHES = ("~", "~*", "~~", "~~*", "^@")
COMPARISONS = {"IS NOT DISTINCT": "=", "IS DISTINCT": "<>"} | {sign: sign for sign in MIRRORED}


@lru_cache(maxsize=8192)
def alternatives(expression: str) -> Alternatives:
    """Return the alternatives of one expression, those with the fewest NULLs first.

    >>> alternatives("((a IS NULL) OR (b IS NULL))")  # doctest: +ELLIPSIS
    ({'a': ValueConstraint(...is_null=True...)}, {'b': ValueConstraint(...is_null=True...)})
    """
    node = parse(expression)
    if node is None:
        return ANY_ROW
    return tuple(sorted(_true(node), key=_count_nulls))


def table_alternatives(table: TableInfo) -> Alternatives:
    """Return the alternatives of all CHECK constraints of a table, the fewest NULLs first.

    It is empty when the constraints contradict each other, as far as they are understood.
    """
    every = [
        *(alternatives(check.expression) for check in table.checks),
        *(_of_domains(column) for column in table.columns),
        *(_of_exclusion(key.expressions) for key in table.keys if key.is_exclusion),
    ]
    return _combine(each for each in every if each != ANY_ROW)


def partition_constraints(table: TableInfo) -> Alternatives:
    """Return what the bound of each partition requires, in their order; one for a plain table."""
    if not table.partition_bounds:
        return ANY_ROW
    return tuple((alternatives(bound.expression) or ANY_ROW)[0] for bound in table.partition_bounds)


def domain_constraint(info: TypeInfo) -> ValueConstraint:
    """Return what the CHECK constraints of a domain require in their first alternative."""
    found = _combine(
        alternatives(check.expression) for domain in info.domains for check in domain.checks
    )
    return _value_of(found[0] if found else {})


def _of_domains(column: ColumnInfo) -> Alternatives:
    """Return the alternatives of the domains of the column, as constraints on the column."""
    checks = [check for domain in column.type.domains for check in domain.checks]
    if not checks:
        return ANY_ROW
    found = _combine(alternatives(check.expression) for check in checks)
    return tuple({column.name: _value_of(alternative)} for alternative in found)


def _value_of(alternative: RowConstraints) -> ValueConstraint:
    named = (found for name, found in alternative.items() if name.upper() == VALUE)
    return next(named, ValueConstraint())


def _of_exclusion(expressions: str) -> Alternatives:
    """Return what an exclusion constraint requires: `tsrange(a, b)` needs b > a."""
    node = parse(f"ROW({expressions})") if expressions else None
    found = {high: ValueConstraint(greater_than=(low,)) for low, high in _ranges(node)}
    return (found,) if found else ANY_ROW


def _ranges(node: Node | None) -> Iterator[tuple[str, str]]:
    match node:
        case Call(name, (Name(low), Name(high), *_)) if name.endswith("range"):
            yield low, high
        case Call(_, arguments):
            for argument in arguments:
                yield from _ranges(argument)


def _combine(every: Iterable[Alternatives]) -> Alternatives:
    """Return alternatives that satisfy all; each single one occurs as early as possible."""
    choices = tuple(every)
    if any(not each for each in choices):
        return NO_ROW
    longest = max((len(each) for each in choices), default=1)
    diagonal = (tuple(each[i % len(each)] for each in choices) for i in range(longest))
    combined = (*diagonal, *islice(product(*choices), MAX_COMBINATIONS))
    merged = (_merge_all(chosen) for chosen in combined)
    return _distinct((each for each in merged if each is not None), limit=MAX_PER_TABLE)


def _merge_all(chosen: Iterable[RowConstraints]) -> RowConstraints | None:
    merged: RowConstraints | None = {}
    for each in chosen:
        merged = merge_rows(merged, each) if merged is not None else None
    return merged


def _distinct(found: Iterable[RowConstraints], *, limit: int = MAX_PER_EXPRESSION) -> Alternatives:
    kept: list[RowConstraints] = []
    for alternative in found:
        if alternative not in kept:
            kept.append(alternative)
        if len(kept) == limit:
            break
    return tuple(kept)


def _count_nulls(alternative: RowConstraints) -> int:
    return sum(constraint.is_null is True for constraint in alternative.values())


def _true(node: Node) -> Alternatives:
    """Return the alternatives for which the expression is true."""
    match node:
        case Literal(text):
            return NO_ROW if text in ("false", "f") else ANY_ROW
        case Name(name):
            return ({name: ValueConstraint(one_of=("true",))},)
        case Call("AND", (left, right)):
            return _both(_true(left), _true(right))
        case Call("OR", (left, right)):
            return _distinct((*_true(left), *_true(right)))
        case Call("NOT", (operand,)):
            return _false(operand)
        case Call(name, arguments):
            return _test(name, arguments)
    return ANY_ROW


def _false(node: Node) -> Alternatives:
    """Return the alternatives for which the expression is false."""
    match node:
        case Literal(text):
            return ANY_ROW if text in ("false", "f", None) else NO_ROW
        case Name(name):
            return ({name: ValueConstraint(one_of=("false",))},)
        case Call("AND", (left, right)):
            return _distinct((*_false(left), *_false(right)))
        case Call("OR", (left, right)):
            return _both(_false(left), _false(right))
        case Call("NOT", (operand,)):
            return _true(operand)
        case Call("isempty", (Name(name),)):
            return ({name: ValueConstraint(min_length=1)},)
        case Call(name, arguments) if name in NEGATED:
            return _test(NEGATED[name], arguments)
    return ANY_ROW


def _both(first: Alternatives, second: Alternatives) -> Alternatives:
    """Return each alternative of the one with each of the other, where they do not conflict."""
    merged = (merge_rows(one, other) for one in first for other in second)
    return _distinct(each for each in merged if each is not None)


def _test(name: str, arguments: tuple[Node, ...]) -> Alternatives:
    """Return the alternatives for which one comparison is true."""
    match name, arguments:
        case "IS NULL", (Name(column),):
            return ({column: ValueConstraint(is_null=True)},)
        case "IS NOT NULL", (operand,):
            return _known(is_not_null(operand))
        case _, (operand,) if name in TRUTH_TESTS:
            return _true(operand) if TRUTH_TESTS[name] else _false(operand)
        case (("= ANY" | "<> ALL"), (operand, elements)):
            return _known(is_member(operand, elements, is_in=name == "= ANY"))
        case _, (left, right) if name in PATTERN_MATCHES:
            return _known(matches(name, left, right))
        case _, (left, right) if name in KEY_TESTS:
            return _known(has_keys(name, left, right))
        case _, (left, right) if name in CONTAINMENTS:
            return _known(contains(name, left, right))
        case _, (left, right) if name in COMPARISONS:
            return _compare(COMPARISONS[name], left, right)
    return ANY_ROW


def _known(constraints: RowConstraints | None) -> Alternatives:
    return ANY_ROW if constraints is None else (constraints,)


def _compare(sign: str, left: Node, right: Node) -> Alternatives:
    tests = (_null_test(left), _null_test(right))
    if tests[0] and tests[1] and sign in ("=", "<>"):
        return _compare_null_tests(tests[0], tests[1], is_same=sign == "=")
    tested = _counted_null_tests(left)
    if tested and isinstance(right, Literal) and (right.text or "").isdigit():
        return _compare_count(tested, sign, int(right.text or 0))
    return _known(compare(sign, left, right))


NullTest = tuple[str, bool]
"""A column and whether it is tested for NULL (else for NOT NULL)."""


def _null_test(node: Node) -> NullTest | None:
    match node:
        case Call("IS NULL", (Name(name),)):
            return (name, True)
        case Call("IS NOT NULL", (Name(name),)):
            return (name, False)
    return None


def _compare_null_tests(first: NullTest, second: NullTest, *, is_same: bool) -> Alternatives:
    """Return the two alternatives in which two tests give the same result, or different ones."""
    return tuple(
        {
            first[0]: ValueConstraint(is_null=first[1] is outcome),
            second[0]: ValueConstraint(is_null=second[1] is (outcome is is_same)),
        }
        for outcome in (True, False)
    )


def _counted_null_tests(node: Node) -> tuple[NullTest, ...] | None:
    """Return the tests that num_nulls, num_nonnulls or a sum of tests counts, None for others."""
    match node:
        case Call("num_nonnulls" | "num_nulls" as name, arguments):
            columns = [argument.name for argument in arguments if isinstance(argument, Name)]
            return tuple((column, name == "num_nulls") for column in columns) or None
        case Call("+", (left, right)):
            first, second = _counted_null_tests(left), _counted_null_tests(right)
            return first + second if first and second else None
    test = _null_test(node)
    return (test,) if test else None


COUNTS: dict[str, Callable[[int, int], bool]] = {
    "=": int.__eq__,
    "<>": int.__ne__,
    "<": int.__lt__,
    "<=": int.__le__,
    ">": int.__gt__,
    ">=": int.__ge__,
}


def _compare_count(tests: tuple[NullTest, ...], sign: str, bound: int) -> Alternatives:
    """Return the alternatives in which the right number of tests is true."""
    found = [
        {
            name: ValueConstraint(is_null=is_null is ((name, is_null) in chosen))
            for name, is_null in tests
        }
        for count in range(len(tests) + 1)
        if COUNTS[sign](count, bound)
        for chosen in combinations(tests, count)
    ]
    return _distinct(sorted(found, key=_count_nulls))
