"""Which renames lose nothing, which are asked about, and which a person may name."""

from __future__ import annotations

import pytest

from alembic_deploy.errors import ConfigError
from alembic_proof.authoring.rename_requests import parse_rename, resolve
from alembic_proof.authoring.renames import (
    Rename,
    conventional_renames,
    possible_renames,
    types_to_compare,
)
from alembic_proof.authoring.type_casts import BaseType, TypeCasts
from alembic_proof.catalog import Catalog, CatalogObject, key

TYPES = TypeCasts({"text": BaseType("text", "S"), "integer": BaseType("integer", "N")})
SCHEMA = CatalogObject(key("schema", "public"), ())


def table(name: str, /, **columns: str) -> tuple[CatalogObject, ...]:
    """Return a table of the schema public and its columns, each with its type."""
    parent = CatalogObject(key("table", f"public.{name}"), (), parents=(SCHEMA.key,))
    return parent, *(
        CatalogObject(
            key("column", f"public.{name}.{column}"), (("type", type_),), parents=(parent.key,)
        )
        for column, type_ in columns.items()
    )


def of_public(kind: str, name: str, **facts: str) -> CatalogObject:
    """Return an object of the schema public."""
    return CatalogObject(key(kind, f"public.{name}"), tuple(facts.items()), parents=(SCHEMA.key,))


def catalog(*objects: CatalogObject) -> Catalog:
    """Return the catalog of these objects and the schema."""
    return Catalog.of((SCHEMA, *objects))


def possible(before: Catalog, after: Catalog) -> list[str]:
    """Return the flags of the possible renames."""
    return [one.request for one in possible_renames(before, after, TYPES)]


def test_columns_of_one_table_may_be_one_if_their_types_are_alike() -> None:
    """A column of another type, or of another table, is another column; similar names come first."""
    before = catalog(*table("users", id="integer", nick="text"), *table("tags", id="integer"))
    after = catalog(
        *table("users", id="integer", bio="text", nickname="text", age="integer"),
        *table("tags", id="integer", nick2="text"),
    )

    assert possible(before, after) == [
        "users.nick=nickname",
        "users.nick=bio",
    ]
    assert types_to_compare(before, after) == {"text", "integer"}
    assert possible(after, after) == []


def test_a_computed_column_is_no_candidate() -> None:
    """Its values come back by themselves, so it is renamed without a question, or not at all."""
    before, after = (
        catalog(
            *table("t", a="integer"),
            CatalogObject(
                key("column", f"public.t.{name}"),
                (("generated", "(a * 2) STORED"), ("type", "integer")),
                parents=(key("table", "public.t"),),
            ),
        )
        for name in ("twice", "double")
    )

    assert possible(before, after) == []
    assert [one.statements for one in conventional_renames(before, after)] == [
        ("ALTER TABLE public.t RENAME COLUMN twice TO double",)
    ]


def test_tables_may_be_one_if_most_columns_are_equal() -> None:
    """One of three is not enough, two of three are."""
    before = catalog(*table("users", id="integer", name="text", age="integer"))
    unlike = catalog(*table("people", id="integer", label="text", years="integer"))
    like = catalog(*table("people", id="integer", name="text", born="integer"))

    assert possible(before, unlike) == []
    assert possible(before, like) == ["table:users=people"]


def test_values_of_an_enum_may_be_one_at_the_same_place() -> None:
    """A value that is added elsewhere replaces none."""
    before = catalog(of_public("enum", "state", values="'open', 'in work', 'done'"))
    renamed = catalog(of_public("enum", "state", values="'open', 'busy', 'done'"))
    moved = catalog(of_public("enum", "state", values="'new', 'open', 'done'"))

    [one] = possible_renames(before, renamed, TYPES)
    assert one.names == ("state.'in work'", "state.busy")
    assert one.statements == ("ALTER TYPE public.state RENAME VALUE 'in work' TO 'busy'",)
    assert one.reversed.statements == ("ALTER TYPE public.state RENAME VALUE 'busy' TO 'in work'",)
    assert possible(before, moved) == []


def test_a_sequence_is_asked_about_unless_a_column_owns_it() -> None:
    """Its position is data; that of a column's sequence follows from the column."""
    facts = {"type": "bigint", "start": "1"}
    free = [catalog(of_public("sequence", name, **facts)) for name in ("numbers", "tickets")]

    assert possible(*free) == ["sequence:numbers=tickets"]
    assert conventional_renames(*free) == ()


def test_an_enum_with_another_name_is_renamed_without_a_question() -> None:
    """With other values it is another type."""
    before = catalog(of_public("enum", "state", values="'a', 'b'"))
    renamed = catalog(of_public("enum", "status", values="'a', 'b'"))
    other = catalog(of_public("enum", "status", values="'a', 'c'"))

    assert [one.statements for one in conventional_renames(before, renamed)] == [
        ("ALTER TYPE public.state RENAME TO status",)
    ]
    assert conventional_renames(before, other) == ()


BEFORE = catalog(
    *table("users", id="integer", nick="text"),
    of_public("enum", "state", values="'open', 'done'"),
    of_public(
        "function", "f(integer)", definition="CREATE OR REPLACE FUNCTION public.f(i integer)"
    ),
)
AFTER = catalog(
    *table("users", id="integer", nickname="text"),
    of_public("enum", "state", values="'open', 'finished'"),
    of_public(
        "function", "g(integer)", definition="CREATE OR REPLACE FUNCTION public.g(i integer)"
    ),
)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("users.nick=nickname", "ALTER TABLE public.users RENAME COLUMN nick TO nickname"),
        ("column:public.users.nick=users.nickname", None),
        ('"users"."nick"="nickname"', None),
        ("USERS.Nick=Nickname", None),
        ("enum:state.done=finished", "ALTER TYPE public.state RENAME VALUE 'done' TO 'finished'"),
        ("enum:public.state.'done'='finished'", None),
        ("function:f=g", "ALTER FUNCTION public.f(integer) RENAME TO g"),
        ("function:public.f(integer)=g", None),
    ],
)
def test_a_named_rename_is_found_in_both_catalogs(text: str, statement: str | None) -> None:
    """Schema and kind may be left out, names may be quoted."""
    rename = resolve(parse_rename(text), BEFORE, AFTER)

    assert len(rename.statements) == 1
    assert statement in (None, *rename.statements)


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("users.nick", "is not of the form", "write users.nick=nickname"),
        ("nick=nickname", "without its table", "write users.nick=nickname"),
        ("tabel:users=people", "tabel is no kind", "did you mean table:?"),
        ("users.nik=nickname", "users.nik is no column that only the history has", "users.nick?"),
        ("users.nick=nicknam", "nicknam is no column that only the models", "users.nickname?"),
        ("users.id=nickname", "users.id is no column that only the history has", "users.nick?"),
        ("enum:state.closed=finished", "the value closed is no value", "'done'?"),
        ("enum:stat.done=finished", "the history has no enum stat", "state?"),
        ("table:users=people", "users is no table that only the history has", "no table is in"),
    ],
)
def test_a_name_that_cannot_be_meant_is_refused(text: str, message: str, help_: str) -> None:
    """The message has the near names."""
    with pytest.raises(ConfigError) as caught:
        resolve(parse_rename(text), BEFORE, AFTER)

    assert text in caught.value.what
    assert message in caught.value.what
    assert help_ in caught.value.todo


def test_the_flag_of_a_rename_names_it_again() -> None:
    """What a question prints can be copied, also with names that a shell would split."""
    old, new = (
        catalog(*table('"my users"', id="integer", **{column: "text"}))
        for column in ('"a b"', '"c d"')
    )

    [rename] = possible_renames(old, new, TYPES)

    assert rename.request == '"my users"."a b"="c d"'
    assert resolve(parse_rename(rename.request), old, new) == rename
    assert isinstance(rename, Rename)
