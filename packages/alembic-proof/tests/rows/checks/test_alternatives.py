"""The alternatives that satisfy a CHECK, from PostgreSQL's own spelling of its expression."""

from __future__ import annotations

import pytest

from alembic_proof.rows.checks.alternatives import ANY_ROW, NO_ROW, Alternatives, alternatives
from alembic_proof.rows.checks.constraints import CLOCK, ValueConstraint

READ: tuple[tuple[str, Alternatives], ...] = (
    (
        "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        ({"status": ValueConstraint(one_of=("a", "b"))},),
    ),
    ("(e <> ALL (ARRAY['x'::text, 'y'::text]))", ({"e": ValueConstraint(not_in=("x", "y"))},)),
    ("((a >= 1) AND (a <= 9))", ({"a": ValueConstraint(low="1", high="9")},)),
    ("(n > '-1'::integer)", ({"n": ValueConstraint(low="-1", is_low_exclusive=True)},)),
    ("(char_length(title) <= 255)", ({"title": ValueConstraint(max_length=255)},)),
    ("(length(TRIM(BOTH FROM e)) > 0)", ({"e": ValueConstraint(min_length=1)},)),
    ("(e ~ '^[A-Z]{3}$'::text)", ({"e": ValueConstraint(regexes=("^[A-Z]{3}$",))},)),
    ("(jsonb_typeof(j) = 'object'::text)", ({"j": ValueConstraint(json_type="object")},)),
    ("(upper(b) = b)", ({"b": ValueConstraint(letter_case="upper")},)),
    ("(starts < ends)", ({"ends": ValueConstraint(greater_than=("starts",))},)),
    ("(ts > now())", ({"ts": ValueConstraint(low=CLOCK, is_low_exclusive=True)},)),
    ("(birth <= CURRENT_DATE)", ({"birth": ValueConstraint(high=CLOCK)},)),
    (
        "((a IS NULL) <> (b IS NULL))",
        (
            {"a": ValueConstraint(is_null=True), "b": ValueConstraint(is_null=False)},
            {"a": ValueConstraint(is_null=False), "b": ValueConstraint(is_null=True)},
        ),
    ),
    (
        "(((st)::text <> 'c'::text) OR (ts IS NOT NULL))",
        ({"st": ValueConstraint(not_in=("c",))}, {"ts": ValueConstraint(is_null=False)}),
    ),
    (
        "((a ->> 'k'::text) IS NOT NULL)",
        ({"a": ValueConstraint(json_type="object", json_fields=(("k", None),))},),
    ),
    (
        "(j ?& ARRAY['x'::text, 'y'::text])",
        ({"j": ValueConstraint(json_type="object", json_fields=(("x", None), ("y", None)))},),
    ),
    ("(tags <@ ARRAY['x'::text])", ({"tags": ValueConstraint(array_elements=("x",))},)),
    ("(ARRAY['x'::text] @> tags)", ({"tags": ValueConstraint(array_elements=("x",))},)),
    ("(tags @> '{x}'::text[])", ({"tags": ValueConstraint(array_elements=("x",), min_length=1)},)),
    (
        "(r <@ int4range(1, 10))",
        ({"r": ValueConstraint(low="1", high="10", is_high_exclusive=True)},),
    ),
    ("(r <@ '[1,10]'::int4range)", ({"r": ValueConstraint(low="1", high="10")},)),
    ("(e ^@ 'a_'::text)", ({"e": ValueConstraint(like_patterns=("a\\_%",))},)),
    ("(e ~ similar_to_escape('a%'::text))", ({"e": ValueConstraint(regexes=("^(?:a.*)$",))},)),
    ("(strpos(e, '@'::text) > 1)", ({"e": ValueConstraint(like_patterns=("_%@%",))},)),
    ("(EXTRACT(year FROM d) >= (2000)::numeric)", ({"d": ValueConstraint(low="2000-01-01")},)),
    (
        "(date_part('year'::text, d) < (2000)::double precision)",
        ({"d": ValueConstraint(high="2000-01-01", is_high_exclusive=True)},),
    ),
    (
        "(num_nonnulls(a, b) = 2)",
        ({"a": ValueConstraint(is_null=False), "b": ValueConstraint(is_null=False)},),
    ),
    (
        "(((a IS NOT NULL)::integer + (b IS NOT NULL)::integer) = 1)",
        (
            {"a": ValueConstraint(is_null=False), "b": ValueConstraint(is_null=True)},
            {"a": ValueConstraint(is_null=True), "b": ValueConstraint(is_null=False)},
        ),
    ),
    ("((a = 5) IS NOT TRUE)", ({"a": ValueConstraint(not_in=("5",))},)),
    ("(NOT (a = 5))", ({"a": ValueConstraint(not_in=("5",))},)),
    ("false", NO_ROW),
    ("((a > 1) AND false)", NO_ROW),
    ("(is_valid(a) AND (b > 1))", ({"b": ValueConstraint(low="1", is_low_exclusive=True)},)),
)


@pytest.mark.parametrize(("expression", "expected"), READ)
def test_alternatives_of_an_expression(expression: str, expected: Alternatives) -> None:
    """Each alternative is found, the one with the fewest NULLs first."""
    assert alternatives(expression) == expected


@pytest.mark.parametrize("expression", ["is_valid(a)", "((a + b) > c)", "(a @@ b)", "(a ->", "'"])
def test_unsupported_expression_constrains_nothing(expression: str) -> None:
    """PostgreSQL decides about the row."""
    assert alternatives(expression) == ANY_ROW
