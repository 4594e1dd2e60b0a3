"""What one comparison asks of the columns that it speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alembic_proof.rows.expression import Call, Literal, Name, Node
from alembic_proof.rows.requirement import CLOCK, Demands, Requirement, number

SEEN_THROUGH = {
    "lower", "upper", "btrim", "ltrim", "rtrim", "trim", "coalesce", "abs", "round", "trunc",
    "floor", "ceil", "date", "text", "date_trunc", "timezone", "normalize", "unaccent",
}  # fmt: skip
"""Functions of whose result a value that passes is itself a good guess."""
SIZES = {
    "length", "char_length", "character_length", "octet_length", "cardinality", "array_length",
    "jsonb_array_length", "json_array_length",
}  # fmt: skip
CLOCKS = {
    "now", "current_date", "current_timestamp", "localtimestamp", "clock_timestamp",
    "transaction_timestamp", "statement_timestamp",
}  # fmt: skip
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(frozen=True, slots=True)
class Subject:
    """The column that an expression speaks of, and what of it."""

    column: str
    aspect: str = "value"
    """value, size, kind (of JSON), field (of JSON), place (of a text in it), year."""
    detail: str = ""


def subject(node: Node) -> Subject | None:
    """What the expression speaks of, None for more than one column or none."""
    match node:
        case Name(name) if name.lower() not in CLOCKS:
            return Subject(name)
        case Call(name, (Literal(_), inner)) if name in ("date_trunc", "timezone"):
            return subject(inner)
        case Call(name, (inner, *_)) if name in SEEN_THROUGH:
            return subject(inner)
        case Call(name, (inner, *_)) if name in SIZES:
            return _aspect(inner, "size")
        case Call("jsonb_typeof" | "json_typeof", (inner,)):
            return _aspect(inner, "kind")
        case Call("->>" | "->", (inner, Literal(key))):
            return _aspect(inner, "field", key or "")
        case Call("position", (Literal(text), inner)) | Call("strpos", (inner, Literal(text))):
            return _aspect(inner, "place", text or "")
        case Call("extract" | "date_part", (Name("year") | Literal("year"), inner)):
            return _aspect(inner, "year")
    return None


def _aspect(node: Node, aspect: str, detail: str = "") -> Subject | None:
    found = subject(node)
    return Subject(found.column, aspect, detail) if found and found.aspect == "value" else None


def constant(node: Node) -> str | None:
    """The constant's text, CLOCK for what the clock says, None for anything else."""
    match node:
        case Literal(text):
            return text
        case Name(name) if name.lower() in CLOCKS:
            return CLOCK
        case Call(name, _) if name in CLOCKS:
            return CLOCK
        case Call("+" | "-", (left, Literal(_))) if constant(left) == CLOCK:
            return CLOCK
        case Call("timezone", (_, inner)) if constant(inner) == CLOCK:
            return CLOCK
    return None


def compared(sign: str, left: Node, right: Node) -> Demands | None:
    """What `left sign right` asks, None when it is not understood."""
    first, second = subject(left), subject(right)
    if first and second:
        return _two(sign, left, right, first, second)
    if second and not first:
        return compared(MIRRORED[sign], right, left)
    text = constant(right)
    if first is None or text is None:
        return None
    requirement = _one(sign, first, text)
    return None if requirement is None else {first.column: requirement}


def present(node: Node) -> Demands | None:
    """What `x IS NOT NULL` asks."""
    match subject(node):
        case Subject(column, "value"):
            return {column: Requirement(is_null=False)}
        case Subject(column, "field", key):
            return {column: Requirement(json_kind="object", json_fields=((key, None),))}
    return None


def _two(sign: str, left: Node, right: Node, first: Subject, second: Subject) -> Demands | None:
    if first.column == second.column:
        return _case(sign, left, right, first.column)
    if {first.aspect, second.aspect} != {"value"}:
        return None
    match sign:
        case "=":
            return {first.column: Requirement(equal=(second.column,))}
        case "<" | "<=" | "<>":
            return {second.column: Requirement(above=(first.column,))}
        case _:
            return {first.column: Requirement(above=(second.column,))}


def _case(sign: str, left: Node, right: Node, column: str) -> Demands | None:
    """What `upper(x) = x` asks."""
    names = {node.name for node in (left, right) if isinstance(node, Call)}
    if sign != "=" or not names:
        return None
    case = next((name for name in ("upper", "lower") if name in names), "")
    return {column: Requirement(case=case)}


def _one(sign: str, about: Subject, text: str) -> Requirement | None:
    match about.aspect:
        case "value":
            return _value(sign, text)
        case "size":
            return _size(sign, text)
        case "kind" if sign == "=":
            return Requirement(json_kind=text)
        case "field":
            value = text if sign == "=" else None
            return Requirement(json_kind="object", json_fields=((about.detail, value),))
        case "place" if sign in (">", ">=", "<>"):
            least = int(number(text) or 0) - (sign == ">=")
            return Requirement(likes=("_" * max(least, 0) + "%" + about.detail + "%",))
        case "year" if sign in (">", ">="):
            year = int(number(text) or 0) + (sign == ">")
            return Requirement(low=f"{year:04}-01-01")
        case "year" if sign in ("<", "<="):
            year = int(number(text) or 0) + (sign == "<=")
            return Requirement(high=f"{year:04}-01-01", is_high_open=True)
    return None


def _value(sign: str, text: str) -> Requirement | None:
    match sign:
        case "=":
            return Requirement(one_of=(text,))
        case "<>":
            return Requirement(not_in=(text,), shortest=int(not text))
        case "<" | "<=":
            return Requirement(high=text, is_high_open=sign == "<")
        case _:
            return Requirement(low=text, is_low_open=sign == ">")


def _size(sign: str, text: str) -> Requirement | None:
    size = number(text)
    if size is None:
        return None
    count = int(size)
    match sign:
        case "=":
            return Requirement(shortest=count, longest=count)
        case ">" | "<>":
            return Requirement(shortest=count + 1)
        case ">=":
            return Requirement(shortest=count)
        case "<":
            return Requirement(longest=count - 1)
        case _:
            return Requirement(longest=count)


def membership(node: Node, among: Node, *, is_in: bool) -> Demands | None:
    """What `x = ANY (list)` or `x <> ALL (list)` asks."""
    about, texts = subject(node), listed(among)
    if about is None or texts is None:
        return None
    match about.aspect:
        case "value":
            found = Requirement(one_of=texts) if is_in else Requirement(not_in=texts)
        case "kind" if is_in and texts:
            found = Requirement(json_kind=texts[0])
        case "field" if is_in and texts:
            found = Requirement(json_kind="object", json_fields=((about.detail, texts[0]),))
        case "size" if is_in and texts:
            return {about.column: _size("=", texts[-1]) or Requirement()}
        case _:
            return None
    return {about.column: found}


def listed(node: Node) -> tuple[str, ...] | None:
    """The constants of ARRAY[…] or of an array's text, None for anything else."""
    match node:
        case Call("ARRAY", elements):
            texts = [element.text for element in elements if isinstance(element, Literal)]
            return tuple(t for t in texts if t is not None) if len(texts) == len(elements) else None
        case Literal(text) if text and text.startswith("{") and text.endswith("}"):
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', text)
            return tuple(re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in parts)
    return None


def matched(sign: str, left: Node, right: Node) -> Demands | None:
    """What LIKE, a regular expression or starts_with asks."""
    about = subject(left)
    if isinstance(right, Call) and right.name in ("similar_to_escape", "like_escape"):
        text = constant(right.arguments[0])
        text = similar(text) if text and right.name == "similar_to_escape" else text
    else:
        text = constant(right)
    if about is None or about.aspect != "value" or text is None:
        return None
    if sign in ("~", "~*"):
        return {about.column: Requirement(patterns=(text,))}
    like = re.sub(r"([%_\\])", r"\\\1", text) + "%" if sign in ("^@", "starts_with") else text
    return {about.column: Requirement(likes=(like,))}


def similar(text: str) -> str:
    """A SIMILAR TO pattern as a regular expression."""
    return "^(?:" + text.replace("%", ".*").replace("_", ".") + ")$"


RANGE = re.compile(r"^([\[(])\"?([^,\"]*)\"?,\"?([^,\"]*)\"?([\])])$")


def spread(sign: str, left: Node, right: Node) -> Demands | None:
    """What containment in a range or in a list asks, and what JSON keys do."""
    about, text = subject(left), constant(right)
    if about is None or about.aspect != "value":
        return None
    texts = listed(right)
    match sign:
        case "?" if text is not None:
            return {about.column: Requirement(json_kind="object", json_fields=((text, None),))}
        case "?&" | "?|" if texts:
            keys = tuple((key, None) for key in texts)
            return {about.column: Requirement(json_kind="object", json_fields=keys)}
        case "<@" if texts is not None:
            return {about.column: Requirement(elements=texts)}
        case "@>" | "&&" if texts:
            return {about.column: Requirement(elements=texts, shortest=len(texts))}
        case "<@":
            return _within(about.column, text or _built(right) or "")
    return None


def _built(node: Node) -> str | None:
    """The text of `int4range(1, 10)`."""
    match node:
        case Call(name, (Literal(low), Literal(high), *rest)) if name.endswith("range"):
            ends = rest[0].text if rest and isinstance(rest[0], Literal) and rest[0].text else "[)"
            return f"{ends[0]}{low or ''},{high or ''}{ends[1]}"
    return None


def _within(column: str, text: str) -> Demands | None:
    found = RANGE.match(text)
    if found is None:
        return None
    opening, low, high, closing = found.groups()
    return {
        column: Requirement(
            low=low or None,
            high=high or None,
            is_low_open=opening == "(",
            is_high_open=closing == ")",
        )
    }
