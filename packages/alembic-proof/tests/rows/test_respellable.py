"""JSON and numbers are compared by what they mean, and their spelling is known as well."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.rows import compare, digest, meant, read_shapes

SAME = (
    ('{"b": 1, "aa": 2}', '{"aa":2,"b":1}'),
    ('{"a": 1, "a": 2}', '{"a": 2}'),
    ("[1.50, 2.0, 100, 0.10]", "[1.5, 2, 1e2, 0.1]"),
    ('"\\u00e9"', '"é"'),
)
OTHER = (
    ("[1, 2]", "[2, 1]"),
    ("[[1, 2]]", "[[1], 2]"),
    ('{"a": 1}', '{"a": "1"}'),
    ('{"a": null}', "{}"),
    ('"1.50"', '"1.5"'),
    ("1.05", "1.5"),
    ("10", "1"),
    ('"a b"', '"ab"'),
    ("null", None),
)
REFUSED = '{"b": "\\u0000", "a": 1}'


def differences(
    sandbox: Any, one: str | None, other: str | None, *, types: tuple[str, str] = ("json", "json")
) -> tuple[bool, bool]:
    """Whether the two values differ in their text, and in what they mean."""

    def work(connection: sa.Connection) -> tuple[bool, bool]:
        readings = []
        connection.exec_driver_sql("CREATE TYPE pair AS (number numeric, name text)")
        for value, type_ in zip((one, other), types, strict=True):
            connection.exec_driver_sql(f"CREATE TABLE t (id integer PRIMARY KEY, a {type_})")
            connection.execute(
                sa.text(f"INSERT INTO t VALUES (1, CAST(CAST(:value AS text) AS {type_}))"),
                {"value": value},
            )
            readings.append(digest(connection, read_shapes(connection)))
            connection.exec_driver_sql("DROP TABLE t")
        first, second = meant(*readings)
        return bool(compare(*readings)), bool(compare(first, second))

    found = sandbox.run(work)
    assert isinstance(found, tuple)
    return found


@pytest.mark.parametrize(("one", "other"), SAME)
def test_another_spelling_means_the_same(sandbox: Any, one: str, other: str) -> None:
    """What is equal as jsonb."""
    assert differences(sandbox, one, other) == (True, False)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_another_meaning_is_another_value(sandbox: Any, one: str, other: str | None) -> None:
    """What differs as jsonb, however alike it looks; a JSON null is not NULL."""
    assert differences(sandbox, one, other) == (True, True)


@pytest.mark.parametrize(
    ("type_", "one", "other", "another"),
    [
        ("numeric", "1.50", "1.5", "1.05"),
        ("numeric[]", "{1.50,NULL,100}", "{1.5,NULL,100.0}", "{1.5,NULL,10}"),
        ("numeric[]", "{1.0}", "{1}", "[0:0]={1}"),
        ("numrange", "[1.50,2.0)", "[1.5,2)", "[1.5,2]"),
        ("nummultirange", "{[1.50,2.0)}", "{[1.5,2)}", "{[1.5,20)}"),
        ("pair", "(1.50,1.50)", "(1.5,1.50)", "(1.5,1.5)"),
        ("pair[]", '{"(1.50,a)"}', '{"(1.5,a)"}', '{"(1.5,b)"}'),
    ],
)
def test_numbers_with_other_zeros_are_equal(
    sandbox: Any, type_: str, one: str, other: str, another: str
) -> None:
    """Wherever they stand; a text beside them that looks like a number is a text."""
    types = (type_, type_)

    assert differences(sandbox, one, other, types=types) == (True, False)
    assert differences(sandbox, one, another, types=types) == (True, True)


def test_json_and_jsonb_can_mean_the_same(sandbox: Any) -> None:
    """A column that comes back with the other type holds what it held."""
    spelt, kept = '{"aa": 2, "b": 1}', '{"b": 1, "aa": 2}'

    assert differences(sandbox, spelt, spelt, types=("json", "jsonb")) == (True, False)
    assert differences(sandbox, spelt, kept, types=("json", "text")) == (True, True)


def test_what_jsonb_refuses_is_known_by_its_text(sandbox: Any) -> None:
    """A value that has no meaning as jsonb is compared letter by letter, and never unread."""
    assert differences(sandbox, REFUSED, REFUSED) == (False, False)
    assert differences(sandbox, REFUSED, REFUSED.replace(" ", "")) == (True, True)
    assert differences(sandbox, '{"a": 1}', REFUSED) == (True, True)
