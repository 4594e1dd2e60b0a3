"""Which differences between history and models concern the models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from alembic_proof.catalog import Catalog, CatalogObject, Dependency, Snapshot, diff, key
from alembic_proof.proofs.autogenerate_filters import Excluded
from alembic_proof.proofs.exclusions import IgnorePatterns
from alembic_proof.proofs.scope import Rules, Scope, scope_of

PUBLIC = CatalogObject(key("schema", "public"), (("grant to PUBLIC", "USAGE"),))
JOBS = CatalogObject(key("schema", "jobs"), ())
PLPGSQL = CatalogObject(key("extension", "plpgsql"), (), (key("schema", "pg_catalog"),))


def thing(
    kind: str, name: str, *parents: CatalogObject, facts: tuple[tuple[str, str], ...] = ()
) -> CatalogObject:
    """Return an object; by default of the schema public."""
    places = tuple(one.key for one in parents) or (PUBLIC.key,)
    return CatalogObject(key(kind, name), facts, parents=places)


USERS = thing("table", "public.users")
EMAIL = thing("column", "public.users.email", USERS, facts=(("type", "text"),))
LOGS = thing("table", "public.logs")
TOUCH = thing("function", "public.touch()", facts=(("grant to PUBLIC", "EXECUTE"),))
TRIGGER = thing("trigger", "public.users.touch", USERS)
VIEW = thing("view", "public.mails")
BASE = (PUBLIC, PLPGSQL, USERS, EMAIL)


def snapshot(
    *objects: CatalogObject, needs: Iterable[tuple[CatalogObject, CatalogObject]] = ()
) -> Snapshot:
    """Return a snapshot with these objects and dependencies."""
    dependencies = frozenset(Dependency(one.key, other.key) for one, other in needs)
    return Snapshot(Catalog.of(objects), dependencies)


def scope(
    history: Snapshot,
    models: Snapshot,
    *,
    rules: Rules | None = None,
    excluded: Excluded | None = None,
) -> Scope:
    """Return the scope under these rules; by default under none."""
    return scope_of(
        history, models, rules=rules or Rules(), excluded=excluded or Excluded(), given=()
    )


def written(history: Snapshot, found: Scope) -> list[str]:
    """Return the changes that a revision would make."""
    return [str(one.key) for one in diff(history.catalog, found.models.catalog)]


def kept(found: Scope) -> dict[str, list[str]]:
    """Return the kept objects by the reason."""
    return {one.reason: [str(record.key) for record in one.objects] for one in found.kept}


def test_a_kind_that_the_models_do_not_declare_stays() -> None:
    """A table and a column go: every metadata has a word for them."""
    history = snapshot(*BASE, LOGS, TRIGGER, TOUCH, VIEW, needs=[(TRIGGER, TOUCH)])

    found = scope(history, snapshot(PUBLIC, PLPGSQL, USERS))

    assert written(history, found) == ["column public.users.email", "table public.logs"]
    assert kept(found) == {
        "the models declare no function": ["function public.touch()"],
        "the models declare no trigger": ["trigger public.users.touch"],
        "the models declare no view": ["view public.mails"],
    }


def test_one_declared_object_gives_the_word_for_its_kind() -> None:
    """So does the setting `drop_undeclared`, by a pattern."""
    history = snapshot(*BASE, VIEW)
    other = thing("view", "public.names")

    declared = scope(history, snapshot(*BASE, other))
    allowed = scope(history, snapshot(*BASE), rules=Rules(drop_undeclared=("*view",)))
    foreign = scope(history, snapshot(*BASE), rules=Rules(drop_undeclared=("trigger",)))

    assert written(history, declared) == ["view public.mails", "view public.names"]
    assert written(history, allowed) == ["view public.mails"]
    assert written(history, foreign) == []


def test_what_a_kept_object_needs_is_kept() -> None:
    """The models declare functions, but the trigger that they do not name calls one."""
    history = snapshot(*BASE, TRIGGER, TOUCH, needs=[(TRIGGER, TOUCH)])
    alone = snapshot(*BASE, TOUCH)
    models = snapshot(*BASE, thing("function", "public.other()"))

    assert "function public.touch()" not in written(history, scope(history, models))
    assert "function public.touch()" in written(alone, scope(alone, models))


def test_what_stands_on_a_dropped_table_goes_with_it() -> None:
    """A view over a table that is dropped cannot stay, nor what stands on that view."""
    over = thing("view", "public.over_mails")
    history = snapshot(*BASE, LOGS, VIEW, over, needs=[(VIEW, LOGS), (over, VIEW)])

    found = scope(history, snapshot(*BASE))

    assert written(history, found) == [
        "table public.logs",
        "view public.mails",
        "view public.over_mails",
    ]
    assert found.kept == ()


def test_a_type_goes_with_the_last_column_that_uses_it() -> None:
    """One that no column has used stays if the models declare none."""
    mood, spare = thing("enum", "public.mood"), thing("enum", "public.spare")
    feeling = thing("column", "public.users.feeling", USERS)
    history = snapshot(*BASE, feeling, mood, spare, needs=[(feeling, mood)])

    found = scope(history, snapshot(*BASE))

    assert written(history, found) == ["column public.users.feeling", "enum public.mood"]
    assert kept(found) == {"the models declare no enum": ["enum public.spare"]}


def test_partitions_and_child_tables_stay_with_their_parent() -> None:
    """They go if the parent goes."""
    part = thing(
        "table", "public.users_1", PUBLIC, USERS, facts=(("partition of", "public.users x"),)
    )
    column = replace(
        thing("column", "public.users_1.email", part, facts=(("type", "text"),)), origin=EMAIL.key
    )
    history = snapshot(*BASE, part, column, LOGS)

    found = scope(history, snapshot(*BASE, LOGS))

    assert written(history, found) == []
    assert list(kept(found).values()) == [["table public.users_1"]]
    assert written(history, scope(history, snapshot(PUBLIC, PLPGSQL, LOGS))) == [
        "table public.users"
    ]


def test_schemas_that_the_models_do_not_use_are_out_without_include_schemas() -> None:
    """With it the tables go, and the schema stays."""
    queue = thing("table", "jobs.queue", JOBS)
    history = snapshot(*BASE, JOBS, queue)

    without = scope(history, snapshot(*BASE), rules=Rules(all_schemas=False))
    with_all = scope(history, snapshot(*BASE))

    assert written(history, without) == []
    assert kept(without) == {
        "include_schemas is off, and the models use no schema jobs": ["schema jobs"]
    }
    assert written(history, with_all) == ["table jobs.queue"]


def test_another_tools_objects_are_left_out_with_what_belongs_to_them() -> None:
    """Its view, its trigger's function and a difference in a column; not our view."""
    its_column = thing("column", "public.logs.at", LOGS, facts=(("type", "date"),))
    its_trigger = thing("trigger", "public.logs.touch", LOGS)
    history = snapshot(
        *BASE,
        *(LOGS, its_column, its_trigger, TOUCH, VIEW),
        thing("view", "public.ours"),
        needs=[(VIEW, LOGS), (its_trigger, TOUCH)],
    )
    models = snapshot(
        *BASE,
        thing("view", "public.names"),
        thing("function", "public.f()"),
        thing("trigger", "public.users.f", USERS),
    )
    rules = Rules(left_out=IgnorePatterns(("table:public.l*",)))
    excluded = Excluded(frozenset({("table", ("public", "logs"))}))

    for found in (scope(history, models, rules=rules), scope(history, models, excluded=excluded)):
        assert written(history, found) == [
            "function public.f()",
            "trigger public.users.f",
            "view public.names",
            "view public.ours",
        ]


def test_ignored_differences_are_not_written() -> None:
    """In either direction, and of one attribute."""
    history = snapshot(*BASE, LOGS)
    retyped = replace(EMAIL, facts=(("type", "citext"),))
    models = snapshot(PUBLIC, PLPGSQL, USERS, retyped, thing("table", "public.pets"))
    patterns = ("*:public.users.email", "table:public.logs", "table:public.pets")

    found = scope(history, models, rules=Rules(ignored=IgnorePatterns(patterns)))

    assert written(history, found) == []
    assert found.matched_patterns == set(patterns)
    assert len(written(history, scope(history, models))) == 3


def test_grants_and_owners_of_the_history_stay_if_the_models_set_none() -> None:
    """One grant in the models is enough to compare all; the same of owners."""

    def users(*facts: tuple[str, str]) -> CatalogObject:
        return replace(USERS, facts=tuple(sorted((("grant to (owner)", "ALL"), *facts))))

    plain, owned = users(("owner", "me")), users(("owner", "app"), ("grant to app", "SELECT"))
    granting = replace(LOGS, facts=(("grant to app", "SELECT"), ("owner", "me")))
    owning = replace(LOGS, facts=(("owner", "app"),))
    history = snapshot(PUBLIC, owned, granting)

    assert written(history, scope(history, snapshot(PUBLIC, plain, replace(LOGS, facts=())))) == []
    assert _attributes(history, snapshot(PUBLIC, plain, granting)) == {"grant to app"}
    assert _attributes(snapshot(PUBLIC, owned, owning), snapshot(PUBLIC, plain, owning)) == {
        "owner"
    }


def _attributes(history: Snapshot, models: Snapshot) -> set[str | None]:
    found = scope(history, models)
    return {one.attribute for one in diff(history.catalog, found.models.catalog)}


def test_dependencies_of_kept_objects_are_those_of_the_history() -> None:
    """A plan rebuilds a kept view where a column below it changes."""
    history = snapshot(*BASE, VIEW, needs=[(VIEW, EMAIL)])

    found = scope(history, snapshot(*BASE))

    assert Dependency(VIEW.key, EMAIL.key) in found.models.dependencies
