"""What checks ask, read from PostgreSQL's own spelling."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alembic_proof.rows.condition import ANYTHING, NEVER, Ways, ways
from alembic_proof.rows.expression import parse
from alembic_proof.rows.requirement import CLOCK, Requirement

READ: tuple[tuple[str, Ways], ...] = (
    (
        "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
        ({"status": Requirement(one_of=("a", "b"))},),
    ),
    ("(e <> ALL (ARRAY['x'::text, 'y'::text]))", ({"e": Requirement(not_in=("x", "y"))},)),
    ("((a >= 1) AND (a <= 9))", ({"a": Requirement(low="1", high="9")},)),
    ("(n > '-1'::integer)", ({"n": Requirement(low="-1", is_low_open=True)},)),
    ("(char_length(title) <= 255)", ({"title": Requirement(longest=255)},)),
    ("(length(TRIM(BOTH FROM e)) > 0)", ({"e": Requirement(shortest=1)},)),
    ("(e ~ '^[A-Z]{3}$'::text)", ({"e": Requirement(patterns=("^[A-Z]{3}$",))},)),
    ("(jsonb_typeof(j) = 'object'::text)", ({"j": Requirement(json_kind="object")},)),
    ("(upper(b) = b)", ({"b": Requirement(case="upper")},)),
    ("(starts < ends)", ({"ends": Requirement(above=("starts",))},)),
    ("(ts > now())", ({"ts": Requirement(low=CLOCK, is_low_open=True)},)),
    ("(birth <= CURRENT_DATE)", ({"birth": Requirement(high=CLOCK)},)),
    (
        "((a IS NULL) <> (b IS NULL))",
        (
            {"a": Requirement(is_null=True), "b": Requirement(is_null=False)},
            {"a": Requirement(is_null=False), "b": Requirement(is_null=True)},
        ),
    ),
    (
        "(((st)::text <> 'c'::text) OR (ts IS NOT NULL))",
        ({"st": Requirement(not_in=("c",))}, {"ts": Requirement(is_null=False)}),
    ),
    ("(NOT (a = 5))", ({"a": Requirement(not_in=("5",))},)),
    ("false", NEVER),
    ("((a > 1) AND false)", NEVER),
    ("(is_valid(a) AND (b > 1))", ({"b": Requirement(low="1", is_low_open=True)},)),
)


@pytest.mark.parametrize(("expression", "expected"), READ)
def test_a_check_is_read(expression: str, expected: Ways) -> None:
    """Each way to satisfy it is found."""
    assert ways(expression) == expected


@pytest.mark.parametrize("expression", ["is_valid(a)", "((a + b) > c)", "(a @@ b)", "(a ->", "'"])
def test_what_is_not_understood_asks_nothing(expression: str) -> None:
    """The server judges it."""
    assert ways(expression) == ANYTHING


@given(st.text(max_size=30))
@example("a.")
@example("CASE a WHEN")
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    """Reading gives a tree or nothing, never an error; nothing asks nothing."""
    assert parse(text) is not None or ways(text) == ({},)
