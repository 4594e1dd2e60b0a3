"""The values of a column for which one comparison of a CHECK is true."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alembic_proof.rows.checks.constraints import (
    CLOCK,
    RowConstraints,
    ValueConstraint,
    parse_number,
)
from alembic_proof.rows.checks.expression import Call, Literal, Name, Node

TRANSPARENT = {
    "lower", "upper", "btrim", "ltrim", "rtrim", "trim", "coalesce", "abs", "round", "trunc",
    "floor", "ceil", "date", "text", "date_trunc", "timezone", "normalize", "unaccent",
}  # fmt: skip
"""Functions that probably change no value of which a constraint on their result is true."""
SIZES = {
    "length", "char_length", "character_length", "octet_length", "cardinality", "array_length",
    "jsonb_array_length", "json_array_length",
}  # fmt: skip
CLOCKS = {
    "now", "current_date", "current_timestamp", "localtimestamp", "clock_timestamp",
    "transaction_timestamp", "statement_timestamp",
}  # fmt: skip
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
CONTAINMENTS = {"<@": "@>", "@>": "<@", "&&": "&&"}
KEY_TESTS = ("?", "?&", "?|")
_ARRAY_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)')
_RANGE = re.compile(r"([\[(])\"?([^,\"]*)\"?,\"?([^,\"]*)\"?([\])])")


@dataclass(frozen=True, slots=True)
class Subject:
    """The column that an operand is computed from, and which property of its value it is."""

    column: str
    aspect: str = "value"
    """value, size, json_type, json_field, text_position or year."""
    detail: str = ""
    """The key of a JSON field, or the text that is looked for."""


def subject(node: Node) -> Subject | None:
    """Return the one column that the expression is about, None for several or none."""
    match node:
        case Name(name):
            return Subject(name)
        case Call("timezone", (Literal(_), operand)):
            return subject(operand)
        case Call(name, (operand, *_)) if name in TRANSPARENT:
            return subject(operand)
        case Call(name, (operand, *_)) if name in SIZES:
            return _aspect(operand, "size")
        case Call("jsonb_typeof" | "json_typeof", (operand,)):
            return _aspect(operand, "json_type")
        case Call("->>" | "->", (operand, Literal(key))):
            return _aspect(operand, "json_field", key or "")
        case Call("position", (Literal(text), operand)) | Call("strpos", (operand, Literal(text))):
            return _aspect(operand, "text_position", text or "")
        case Call("extract", (Name("year") | Literal("year"), operand)):
            return _aspect(operand, "year")
    return None


def _aspect(operand: Node, aspect: str, detail: str = "") -> Subject | None:
    match subject(operand):
        case Subject(column, "value"):
            return Subject(column, aspect, detail)
    return None


def constant(node: Node) -> str | None:
    """Return the constant's text, CLOCK for the current time, None for anything else."""
    match node:
        case Literal(text):
            return text
        case Call(name, _) if name in CLOCKS:
            return CLOCK
        case Call("+" | "-", (left, Literal(_))) if constant(left) == CLOCK:
            return CLOCK
        case Call("timezone", (_, operand)) if constant(operand) == CLOCK:
            return CLOCK
    return None


def constant_list(node: Node) -> tuple[str, ...] | None:
    """Return the constants of ARRAY[…] or of an array's text, None for anything else."""
    match node:
        case Call("ARRAY", elements):
            texts = [element.text for element in elements if isinstance(element, Literal)]
            return tuple(t for t in texts if t is not None) if len(texts) == len(elements) else None
        case Literal(str(text)) if text.startswith("{") and text.endswith("}"):
            parts = _ARRAY_ELEMENT.findall(text)
            return tuple(re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in parts)
    return None


def is_not_null(node: Node) -> RowConstraints | None:
    """Return what `node IS NOT NULL` requires, None where that is not known."""
    match subject(node):
        case Subject(column, "value"):
            return {column: ValueConstraint(is_null=False)}
        case Subject(column, "json_field", key):
            return {column: ValueConstraint(json_type="object", json_fields=((key, None),))}
    return None


def compare(sign: str, left: Node, right: Node) -> RowConstraints | None:
    """Return what `left sign right` requires, None where that is not known."""
    first, second = subject(left), subject(right)
    if first and second:
        return _compare_columns(sign, left, right, first, second)
    if second:
        return compare(MIRRORED[sign], right, left)
    text = constant(right)
    if first is None or text is None:
        return None
    constraint = _compare_constant(sign, first, text)
    return None if constraint is None else {first.column: constraint}


def _compare_columns(
    sign: str, left: Node, right: Node, first: Subject, second: Subject
) -> RowConstraints | None:
    if first.column == second.column:
        return _letter_case(sign, left, right, first.column)
    if {first.aspect, second.aspect} != {"value"}:
        return None
    match sign:
        case "=":
            return {first.column: ValueConstraint(equal_to=(second.column,))}
        case "<" | "<=" | "<>":
            return {second.column: ValueConstraint(greater_than=(first.column,))}
        case _:
            return {first.column: ValueConstraint(greater_than=(second.column,))}


def _letter_case(sign: str, left: Node, right: Node, column: str) -> RowConstraints | None:
    """Return what `upper(x) = x` requires."""
    names = {node.name for node in (left, right) if isinstance(node, Call)}
    if sign != "=" or not names:
        return None
    letter_case = next((name for name in ("upper", "lower") if name in names), "")
    return {column: ValueConstraint(letter_case=letter_case)}


def _compare_constant(sign: str, about: Subject, text: str) -> ValueConstraint | None:
    match about.aspect:
        case "value":
            return _compare_value(sign, text)
        case "size":
            return _compare_size(sign, text)
        case "json_type" if sign == "=":
            return ValueConstraint(json_type=text)
        case "json_field":
            field = (about.detail, text if sign == "=" else None)
            return ValueConstraint(json_type="object", json_fields=(field,))
        case "text_position" if sign in (">", ">=", "<>"):
            least = int(parse_number(text) or 0) - (sign == ">=")
            return ValueConstraint(like_patterns=("_" * max(least, 0) + "%" + about.detail + "%",))
        case "year" if sign in (">", ">="):
            year = int(parse_number(text) or 0) + (sign == ">")
            return ValueConstraint(low=f"{year:04}-01-01")
        case "year" if sign in ("<", "<="):
            year = int(parse_number(text) or 0) + (sign == "<=")
            return ValueConstraint(high=f"{year:04}-01-01", is_high_exclusive=True)
    return None


def _compare_value(sign: str, text: str) -> ValueConstraint:
    match sign:
        case "=":
            return ValueConstraint(one_of=(text,))
        case "<>":
            return ValueConstraint(not_in=(text,), min_length=int(not text))
        case "<" | "<=":
            return ValueConstraint(high=text, is_high_exclusive=sign == "<")
        case _:
            return ValueConstraint(low=text, is_low_exclusive=sign == ">")


def _compare_size(sign: str, text: str) -> ValueConstraint | None:
    size = parse_number(text)
    if size is None:
        return None
    count = int(size)
    match sign:
        case "=":
            return ValueConstraint(min_length=count, max_length=count)
        case ">" | "<>":
            return ValueConstraint(min_length=count + 1)
        case ">=":
            return ValueConstraint(min_length=count)
        case "<":
            return ValueConstraint(max_length=count - 1)
        case _:
            return ValueConstraint(max_length=count)


def is_member(node: Node, elements: Node, *, is_in: bool) -> RowConstraints | None:
    """Return what `node = ANY (elements)` requires, or `node <> ALL (elements)`."""
    about, texts = subject(node), constant_list(elements)
    if about is None or texts is None:
        return None
    match about.aspect:
        case "value":
            found = ValueConstraint(one_of=texts) if is_in else ValueConstraint(not_in=texts)
        case "json_type" | "json_field" if is_in and texts:
            return compare("=", node, Literal(texts[0]))
        case "size" if is_in and texts:
            found = _compare_size("=", texts[-1]) or ValueConstraint()
        case _:
            return None
    return {about.column: found}


def matches(sign: str, left: Node, right: Node) -> RowConstraints | None:
    """Return what LIKE, a regular expression, SIMILAR TO or starts_with requires.

    :param sign: `~~`, `~~*`, `~`, `~*` or `^@`; SIMILAR TO is `~` for PostgreSQL.
    """
    match right:
        case Call("similar_to_escape", (pattern, *_)):
            text = _regex_of_similar_to(constant(pattern))
        case Call("like_escape", (pattern, *_)):
            text = constant(pattern)
        case _:
            text = constant(right)
    match subject(left):
        case Subject(column, "value") if text is not None:
            return {column: _match(sign, text)}
    return None


def _match(sign: str, text: str) -> ValueConstraint:
    match sign:
        case "~" | "~*":
            return ValueConstraint(regexes=(text,))
        case "^@":
            return ValueConstraint(like_patterns=(re.sub(r"([%_\\])", r"\\\1", text) + "%",))
        case _:
            return ValueConstraint(like_patterns=(text,))


def _regex_of_similar_to(text: str | None) -> str | None:
    """Return a SIMILAR TO pattern as a regular expression."""
    if text is None:
        return None
    return "^(?:" + text.replace("%", ".*").replace("_", ".") + ")$"


def has_keys(sign: str, left: Node, right: Node) -> RowConstraints | None:
    """Return what `left ? key`, `left ?& keys` or `left ?| keys` requires of a JSON object."""
    text = constant(right)
    keys = constant_list(right) if sign != "?" else None if text is None else (text,)
    match subject(left):
        case Subject(column, "value") if keys:
            fields = tuple((key, None) for key in keys)
            return {column: ValueConstraint(json_type="object", json_fields=fields)}
    return None


def contains(sign: str, left: Node, right: Node) -> RowConstraints | None:
    """Return what `@>`, `<@` or `&&` with a constant range or array requires."""
    if subject(left) is None and subject(right) is not None:
        return contains(CONTAINMENTS[sign], right, left)
    match subject(left):
        case Subject(column, "value"):
            constraint = _contain(sign, right)
            return None if constraint is None else {column: constraint}
    return None


def _contain(sign: str, operand: Node) -> ValueConstraint | None:
    elements = constant_list(operand)
    match sign:
        case "<@" if elements is not None:
            return ValueConstraint(array_elements=elements)
        case "@>" | "&&" if elements:
            return ValueConstraint(array_elements=elements, min_length=len(elements))
        case "<@":
            return _within_range(constant(operand) or _range_text(operand) or "")
    return None


def _range_text(node: Node) -> str | None:
    """Return the text of a constructed range: `[1,10)` for `int4range(1, 10)`."""
    match node:
        case Call(name, (Literal(low), Literal(high), *rest)) if name.endswith("range"):
            ends = rest[0].text if rest and isinstance(rest[0], Literal) and rest[0].text else "[)"
            return f"{ends[0]}{low or ''},{high or ''}{ends[1]}"
    return None


def _within_range(text: str) -> ValueConstraint | None:
    found = _RANGE.fullmatch(text)
    if found is None:
        return None
    opening, low, high, closing = found.groups()
    return ValueConstraint(
        low=low or None,
        high=high or None,
        is_low_exclusive=opening == "(",
        is_high_exclusive=closing == ")",
    )
