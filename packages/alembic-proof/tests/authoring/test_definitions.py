"""Definitions of constraints and indexes as PostgreSQL shows them, taken apart."""

from __future__ import annotations

import pytest

from alembic_proof.authoring.definitions import (
    CheckDefinition,
    Deferral,
    ExcludeDefinition,
    ForeignKeyDefinition,
    IndexDefinition,
    KeyDefinition,
    parse_constraint,
    parse_index,
)
from alembic_proof.catalog import CatalogObject, key

PLAIN = Deferral(is_deferrable=False, is_deferred=False)
DEFERRED = Deferral(is_deferrable=True, is_deferred=True)


def _constraint(definition: str) -> CatalogObject:
    return CatalogObject(key("constraint", "public.t.c"), (("definition", definition),))


def _index(definition: str) -> CatalogObject:
    return CatalogObject(key("index", "public.i"), (("definition", definition),))


@pytest.mark.parametrize(
    ("definition", "parts"),
    [
        (
            'PRIMARY KEY (a, "B ""c, d")',
            KeyDefinition(
                is_primary=True, columns=("a", 'B "c, d'), is_null_distinct=True, deferral=PLAIN
            ),
        ),
        (
            "UNIQUE NULLS NOT DISTINCT (a) DEFERRABLE INITIALLY DEFERRED",
            KeyDefinition(
                is_primary=False, columns=("a",), is_null_distinct=False, deferral=DEFERRED
            ),
        ),
        (
            'FOREIGN KEY (a) REFERENCES app."T"(id) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL NOT VALID',
            ForeignKeyDefinition(
                columns=("a",),
                schema="app",
                table="T",
                remote=("id",),
                match="FULL",
                onupdate="CASCADE",
                ondelete="SET NULL",
                deferral=PLAIN,
                is_valid=False,
            ),
        ),
        (
            "CHECK (((a > 0) AND (b = ')'::text))) NOT VALID",
            CheckDefinition(condition="(a > 0) AND (b = ')'::text)", is_valid=False),
        ),
        (
            "EXCLUDE USING gist (a WITH =, f(b, ' WITH ') WITH &&) WHERE ((a > 0)) DEFERRABLE INITIALLY DEFERRED",
            ExcludeDefinition(
                method="gist",
                elements=(("a", "="), ("f(b, ' WITH ')", "&&")),
                where="a > 0",
                deferral=DEFERRED,
            ),
        ),
    ],
)
def test_a_constraint_has_parts(definition: str, parts: object) -> None:
    """Names are raw, conditions without redundant parentheses."""
    assert parse_constraint(_constraint(definition)) == parts


@pytest.mark.parametrize(
    "definition",
    [
        "PRIMARY KEY (a) INCLUDE (b)",
        "PRIMARY KEY (a, b WITHOUT OVERLAPS)",
        "FOREIGN KEY (a) REFERENCES public.t(id) ON DELETE SET NULL (a)",
        "FOREIGN KEY (a, PERIOD b) REFERENCES public.t(id, PERIOD b)",
        "CHECK ((a > 0)) NO INHERIT",
        "CHECK ((a > 0)) NOT ENFORCED",
        "EXCLUDE USING gist (a inet_ops WITH &&)",
    ],
)
def test_what_sqlalchemy_lacks_has_none(definition: str) -> None:
    """It is written as SQL."""
    assert parse_constraint(_constraint(definition)) is None


def test_an_index_has_parts() -> None:
    """The elements keep their classes and directions."""
    definition = (
        "UNIQUE USING btree (a, lower(b, ')') text_pattern_ops DESC) INCLUDE (c, d)"
        " NULLS NOT DISTINCT WITH (fillfactor='70') WHERE (a > 0)"
    )

    assert parse_index(_index(definition)) == IndexDefinition(
        is_unique=True,
        method="btree",
        elements=("a", "lower(b, ')') text_pattern_ops DESC"),
        include=("c", "d"),
        is_null_distinct=False,
        options="fillfactor='70'",
        where="a > 0",
    )
    assert parse_index(_index("USING btree (a) TABLESPACE fast")) is None
