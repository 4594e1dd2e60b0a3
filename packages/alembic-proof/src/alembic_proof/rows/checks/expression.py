"""Expressions as PostgreSQL prints them (`pg_get_expr`), read by sqlglot into a small tree.

sqlglot's tree has a class for almost every operator and function. The CHECK of a table needs three:
a constant, a column, and a call. Operators become calls under their sign; parentheses, casts and
collations are left out.

Ours is only what sqlglot does not know: words that PostgreSQL prints without quotes as the name of
a column (`COLUMN_NAMES`). Of 2,000 expressions, with each keyword of PostgreSQL 18 as a column,
sqlglot reads all but operators such as `~>=~` and `XMLEXISTS`, which say nothing about a value.

sqlglot takes a tenth of a second to import, so it is imported with the first expression.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot.expressions import Expr


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; None is NULL."""

    text: str | None


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or VALUE in the CHECK of a domain."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function in lower case or an operator under its sign; AND, OR and NOT in upper case."""

    name: str
    arguments: tuple[Node, ...]


Node = Literal | Name | Call

NAMES = {
    "and": "AND", "or": "OR", "not": "NOT", "add": "+", "sub": "-",
    "eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=",
    "nullsafeeq": "IS NOT DISTINCT", "nullsafeneq": "IS DISTINCT",
    "like": "~~", "ilike": "~~*", "regexplike": "~", "regexpilike": "~*", "startswith": "^@",
    "jsonextract": "->", "jsonextractscalar": "->>", "jsonbcontains": "?",
    "jsonbcontainstopkey": "?", "jsonbcontainsalltopkeys": "?&", "jsonbcontainsanytopkeys": "?|",
    "arraycontainsall": "@>", "arraycontainedby": "<@", "arrayoverlaps": "&&",
    "array": "ARRAY", "tuple": "ROW",
    "arraysize": "array_length", "timestamptrunc": "date_trunc",
    "currentdate": "current_date", "currenttimestamp": "current_timestamp",
}  # fmt: skip
"""PostgreSQL's names of sqlglot's nodes; a node that is not listed keeps sqlglot's key."""
COLUMN_NAMES = {"alter", "always", "drop", "if", "insert", "lock", "over", "revoke", "rollback"}
"""Words that PostgreSQL does not quote as a column's name and that sqlglot does not read as one."""


@lru_cache(maxsize=8192)
def parse(text: str) -> Node | None:
    """Return the tree of an expression, None when sqlglot cannot read it.

    >>> parse("(size >= 1)")
    Call(name='>=', arguments=(Name(name='size'), Literal(text='1')))
    """
    from sqlglot.errors import SqlglotError

    try:
        tree = _parse(text)
        return _node(tree) if tree else None
    except (SqlglotError, RecursionError):
        return None


def _parse(text: str) -> Expr | None:
    """Return sqlglot's tree, None for an empty text.

    :raises SqlglotError: sqlglot cannot read the text.
    """
    from sqlglot import TokenType
    from sqlglot.dialects.postgres import Postgres
    from sqlglot.expressions import Condition

    dialect = Postgres()
    tokens = dialect.tokenize(text)
    for token in tokens:
        if token.text in COLUMN_NAMES and token.token_type is not TokenType.STRING:
            token.token_type = TokenType.IDENTIFIER
    return dialect.parser().parse_into(Condition, tokens, text)[0]


def _node(tree: Expr) -> Node:
    match tree.key:
        case "paren" | "cast" | "collate" | "variadic":
            return _node(tree.this)
        case "literal" | "bytestring" | "bitstring" | "hexstring":
            return Literal(tree.name)
        case "null":
            return Literal(None)
        case "boolean":
            return Literal("true" if tree.this else "false")
        case "column" if not tree.args.get("table"):
            return Name(tree.name)
        case "var":
            return Name(tree.name.lower())
        case "case":
            return _case(tree)
        case "dot" if tree.expression.key == "anonymous":
            return _node(tree.expression)
    return _call(tree)


def _call(tree: Expr) -> Node:
    match tree.key:
        case "anonymous":
            return Call(tree.name.lower(), _nodes(tree.expressions))
        case "neg":
            return _negative(_node(tree.this))
        case "is":
            return _negated(Call(_null_or_truth_test(tree), (_node(tree.this),)), tree)
        case "not":
            return _not(_node(tree.this))
        case "attimezone":
            return Call("timezone", _nodes((tree.args["zone"], tree.this)))
        case "strposition":
            return Call("position", _nodes((tree.args["substr"], tree.this)))
        case "jsonpath" if [part.key for part in tree.expressions] == [
            "jsonpathroot",
            "jsonpathkey",
        ]:
            return Literal(tree.expressions[1].name)
    return _negated(_operator(tree), tree)


def _nodes(trees: Sequence[Expr]) -> tuple[Node, ...]:
    return tuple(map(_node, trees))


def _operator(tree: Expr) -> Call:
    """Return a call of the operator, in which `= ANY` is one operator."""
    name = NAMES.get(tree.key, tree.key)
    operands = _nodes(tuple(tree.iter_expressions()))
    match operands:
        case (left, Call("any" | "all" as quantifier, elements)):
            return Call(f"{name} {quantifier.upper()}", (left, *elements))
    return Call(name, operands)


def _negated(call: Call, tree: Expr) -> Call:
    """Return the call, negated where sqlglot says so: NOT LIKE and IS NOT NULL are one node."""
    return _not(call) if tree.args.get("negate") else call


def _not(node: Node) -> Call:
    match node:
        case Call("IS NULL", operands):
            return Call("IS NOT NULL", operands)
    return Call("NOT", (node,))


def _negative(operand: Node) -> Node:
    match operand:
        case Literal(str(text)):
            return Literal(f"-{text}")
    return Call("-", (operand,))


def _null_or_truth_test(tree: Expr) -> str:
    tested = tree.expression
    return f"IS {str(tested.this if tested.key == 'boolean' else tested.key).upper()}"


def _case(tree: Expr) -> Node:
    """Return CASE as the OR of its branches, each with its condition and NOT the earlier ones."""
    branches: list[Node] = []
    earlier: list[Node] = []
    for branch in tree.args["ifs"]:
        condition = _node(branch.this)
        if tree.this:
            condition = Call("=", (_node(tree.this), condition))
        branches.append(_joined("AND", (*earlier, condition, _node(branch.args["true"]))))
        earlier.append(Call("NOT", (condition,)))
    if default := tree.args.get("default"):
        branches.append(_joined("AND", (*earlier, _node(default))))
    return _joined("OR", branches)


def _joined(connective: str, nodes: Sequence[Node]) -> Node:
    return reduce(lambda left, right: Call(connective, (left, right)), nodes)
