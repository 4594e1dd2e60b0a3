"""Trees of expressions in PostgreSQL's own spelling."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alembic_proof.rows.checks.expression import Call, Literal, Name, Node, parse

A, B = Name("a"), Name("b")
TREES: tuple[tuple[str, Node], ...] = (
    ("(a >= 1)", Call(">=", (A, Literal("1")))),
    ("(a > '-1'::integer)", Call(">", (A, Literal("-1")))),
    ("(a > (- 5))", Call(">", (A, Literal("-5")))),
    ("(a = 'it''s'::text)", Call("=", (A, Literal("it's")))),
    (r"(a = E'x\\y'::text)", Call("=", (A, Literal(r"x\y")))),
    ("(a = B'101'::\"bit\")", Call("=", (A, Literal("101")))),
    ("NULL::character varying", Literal(None)),
    ('("Weird ""name""" COLLATE "C")', Name('Weird "name"')),
    ("(a IS NOT NULL)", Call("IS NOT NULL", (A,))),
    ("(a IS NOT TRUE)", Call("NOT", (Call("IS TRUE", (A,)),))),
    ("(a IS NOT DISTINCT FROM b)", Call("IS NOT DISTINCT", (A, B))),
    ("(a !~~ 'x%'::text)", Call("NOT", (Call("~~", (A, Literal("x%"))),))),
    ("(a <> ALL (ARRAY['x'::text]))", Call("<> ALL", (A, Call("ARRAY", (Literal("x"),))))),
    ("(public.is_valid(a, b) IS TRUE)", Call("IS TRUE", (Call("is_valid", (A, B)),))),
    ("((b AT TIME ZONE 'utc'::text) = a)", Call("=", (Call("timezone", (Literal("utc"), B)), A))),
    ("(POSITION(('@'::text) IN (a)) > 1)",
     Call(">", (Call("position", (Literal("@"), A)), Literal("1")))),
    ("CASE WHEN a THEN b ELSE NULL::boolean END",
     Call("OR", (Call("AND", (A, B)), Call("AND", (Call("NOT", (A,)), Literal(None)))))),
    ("CASE a WHEN 1 THEN b END", Call("AND", (Call("=", (A, Literal("1"))), B))),
)  # fmt: skip


@pytest.mark.parametrize(("text", "tree"), TREES, ids=[text for text, _ in TREES])
def test_expression_is_parsed(text: str, tree: Node) -> None:
    """Parentheses, casts and collations are left out, the operators keep their signs."""
    assert parse(text) == tree


UNQUOTED = (
    "alter", "always", "comment", "date", "drop", "format", "if", "index", "insert", "interval",
    "key", "lock", "over", "position", "revoke", "rollback", "set", "show", "time", "type", "value",
    "year",
)  # fmt: skip


@pytest.mark.parametrize("name", UNQUOTED)
def test_keyword_is_a_column_where_postgresql_does_not_quote_it(name: str) -> None:
    """Both as an operand and alone; within a string it stays a string."""
    assert parse(f"({name} > 5)") == Call(">", (Name(name), Literal("5")))
    assert parse(name) == Name(name)
    assert parse(f"(a = '{name}'::text)") == Call("=", (A, Literal(name)))


@pytest.mark.parametrize("text", ["", "(a ->", "'", "a b c", "(a ~>=~ 'x'::text)"])
def test_unsupported_expression_has_no_tree(text: str) -> None:
    """It is no error: PostgreSQL checks the rows in any case."""
    assert parse(text) is None


@given(st.text(max_size=30))
@example("a.")
@example("CASE a WHEN")
@example("(" * 3000)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    """Parsing returns a tree or None for every text and raises nothing."""
    tree = parse(text)

    assert tree is None or isinstance(tree, Node)


def test_sqlglot_is_imported_with_the_first_expression() -> None:
    """Importing the rows does not load it, parsing does."""
    program = (
        "import sys, alembic_proof.rows as _, alembic_proof.rows.checks.expression as e\n"
        "print('sqlglot' in sys.modules, e.parse('a') is not None, 'sqlglot' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert done.stdout.split() == [b"False", b"True", b"True"]
