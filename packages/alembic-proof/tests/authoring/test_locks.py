"""What a step of a plan locks, as the screen says it."""

from __future__ import annotations

import pytest

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.locks import locks_of, note_of
from alembic_proof.catalog import Catalog, CatalogObject, Snapshot, key
from alembic_proof.catalog.snapshot import Dependency

BRIEF = "ACCESS EXCLUSIVE, briefly"
RETYPE = "ALTER TABLE public.users ALTER COLUMN name TYPE other"
AFTER = Snapshot(Catalog())
REWRITE = "ACCESS EXCLUSIVE while it rewrites the table"


def column(type_: str) -> CatalogObject:
    """Return the column public.users.name of that type."""
    return CatalogObject(key("column", "public.users.name"), (("type", type_),))


@pytest.mark.parametrize(
    ("old", "new", "lock"),
    [
        ("character varying(20)", "text", BRIEF),
        ("numeric(5,2)", "numeric(9,2)", BRIEF),
        ("integer", "bigint", REWRITE),
        ("text", "character varying(20)", REWRITE),
    ],
)
def test_a_new_type_locks_for_long_if_it_rewrites(old: str, new: str, lock: str) -> None:
    """PostgreSQL keeps the rows of types that are binary coercible."""
    action = Action(verb="alter", record=column(new), old=column(old), attributes=("type",))

    locks = locks_of(action, [RETYPE], after=AFTER)

    assert locks == (lock,)


def test_the_strongest_lock_is_shown() -> None:
    """A comment on a new column locks what is locked already; alone it has its own lock."""
    add = "ALTER TABLE public.users ADD COLUMN name text"
    comment = "COMMENT ON COLUMN public.users.name IS 'x'"
    action = Action(verb="create", record=column("text"))

    assert locks_of(action, [add, comment], after=AFTER) == (BRIEF,)
    assert locks_of(action, [comment], after=AFTER) == (
        "SHARE UPDATE EXCLUSIVE: others read and write",
    )


def test_of_several_locks_the_strongest_is_shown_alone() -> None:
    """Nor is it said that a mode is held briefly if it is held for long as well."""
    index = CatalogObject(key("index", "public.ix"), ())
    build = "CREATE INDEX ix ON public.users (name)"
    is_set = "ALTER TABLE public.users ALTER COLUMN name SET NOT NULL"
    stored = "ALTER TABLE public.users ALTER COLUMN name SET STORAGE EXTERNAL"

    built = locks_of(
        Action(verb="create", record=index), [build, "COMMENT ON INDEX ix IS 'x'"], after=AFTER
    )
    altered = locks_of(Action(verb="alter", record=column("text")), [is_set, stored], after=AFTER)

    assert built == ("SHARE while it builds the index: others read, nobody writes",)
    assert altered == (
        "ACCESS EXCLUSIVE while it reads the rows unless a valid check excludes NULL",
    )


@pytest.mark.parametrize(
    ("definition", "note"),
    [
        ("CHECK ((n > 0))", "Locks public.t in ACCESS EXCLUSIVE mode while its rows are read."),
        ("CHECK ((n > 0)) NOT VALID", ""),
        ("UNIQUE (n)", "Locks public.t in ACCESS EXCLUSIVE mode while its index is built."),
        (
            "FOREIGN KEY (n) REFERENCES public.u(id)",
            "Nobody writes to public.t or to the referenced table while its rows are read.",
        ),
        ("FOREIGN KEY (n) REFERENCES public.u(id) NOT VALID", ""),
    ],
)
def test_the_note_on_a_constraint_says_what_it_waits_for(definition: str, note: str) -> None:
    """Only a key and an exclusion build an index; one that is NOT VALID reads nothing."""
    constraint = CatalogObject(key("constraint", "public.t.c"), (("definition", definition),))

    assert note_of(Action(verb="create", record=constraint), table="public.t") == note


@pytest.mark.parametrize(
    ("definition", "lock"),
    [
        ("CHECK ((name <> ''::text))", "ACCESS EXCLUSIVE while it reads the rows"),
        ("UNIQUE (name)", BRIEF),
    ],
)
def test_a_check_is_validated_again(definition: str, lock: str) -> None:
    """Its rows are read although none is rewritten; an index is used as it is."""
    constraint = CatalogObject(key("constraint", "public.users.c"), (("definition", definition),))
    after = Snapshot(
        Catalog.of([constraint]), frozenset({Dependency(constraint.key, column("text").key)})
    )
    action = Action(
        verb="alter", record=column("text"), old=column("character varying"), attributes=("type",)
    )

    assert locks_of(action, [RETYPE], after=after) == (lock,)
    assert bool(note_of(action, table="public.users", after=after)) is (lock != BRIEF)
