"""Objects that two catalogs have in the same form under different names."""

from __future__ import annotations

from alembic_proof.catalog import Catalog, CatalogObject, diff, key
from alembic_proof.catalog.renamed import name_and_arguments, split_renamed

SCHEMA = CatalogObject(key("schema", "public"), ())
TABLE = CatalogObject(key("table", "public.t"), (), parents=(SCHEMA.key,))


def trigger(name: str, **facts: str) -> CatalogObject:
    """Return a trigger of the table."""
    definition = f"CREATE TRIGGER {name} BEFORE INSERT ON public.t EXECUTE FUNCTION public.f()"
    return CatalogObject(
        key("trigger", f"public.t.{name}"),
        tuple(sorted({"definition": definition, **facts}.items())),
        parents=(TABLE.key,),
    )


def split(
    *triggers: CatalogObject, other: CatalogObject
) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the pairs of names, and the remaining changes, between these triggers and another one."""
    before, after = Catalog.of((SCHEMA, TABLE, *triggers)), Catalog.of((SCHEMA, TABLE, other))
    renamed, changes = split_renamed(diff(before, after), before=before, after=after)
    return [one.names for one in renamed], [str(change) for change in changes]


def test_what_differs_besides_the_name_remains_a_change() -> None:
    """A comment is no reason to drop the object, and it is not forgotten."""
    renamed, changes = split(trigger("a"), other=trigger("b", comment="new"))

    assert renamed == [("a", "b")]
    assert changes == ["trigger public.t.a, comment: none -> new"]


def test_of_two_equal_objects_none_is_matched() -> None:
    """It cannot be known which one it was."""
    renamed, changes = split(trigger("a"), trigger("c"), other=trigger("b"))

    assert renamed == []
    assert len(changes) == 3


def test_the_arguments_of_a_function_are_no_part_of_its_name() -> None:
    """Neither is a parenthesis of a quoted name their beginning."""
    identities = ("public.f(integer)", 'public."f(x"(public.state)', '"a.b".f()')

    assert [name_and_arguments(CatalogObject(key("function", one), ())) for one in identities] == [
        ("public.f", "(integer)"),
        ('public."f(x"', "(public.state)"),
        ('"a.b".f', "()"),
    ]
