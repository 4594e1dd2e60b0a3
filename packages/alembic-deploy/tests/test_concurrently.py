"""CREATE INDEX CONCURRENTLY and its relatives: what a broken one leaves, and what may end it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_deploy.concurrently import is_concurrently, leftovers_of

if TYPE_CHECKING:
    from tests.conftest import Project

STAYS = "an INVALID index stays where the statement had begun to build it"
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
VALID = (
    "SELECT indexrelid::regclass::text FROM pg_index WHERE indisvalid AND indrelid = '{}'::regclass"
)
INSERT = "INSERT INTO public.things VALUES (1)"
BLOCK = "with op.get_context().autocommit_block():\n    "


@pytest.mark.parametrize(
    ("statement", "pattern"),
    [
        ("CREATE INDEX CONCURRENTLY Ix ON t (a)", "^ix$"),
        (
            '-- why\ncreate unique index /* b */ concurrently if not exists "I""x" on s."T" (a)',
            '^I"x$',
        ),
        (f"CREATE INDEX CONCURRENTLY {'x' * 70} ON t (a)", f"^{'x' * 63}$"),
        ("REINDEX INDEX CONCURRENTLY s.ix", "^ix.*_cc(new|old)[0-9]*$"),
        ("REINDEX (VERBOSE) TABLE CONCURRENTLY t", "^.*_cc(new|old)[0-9]*$"),
        ("DROP INDEX CONCURRENTLY ix", None),
        ("CREATE INDEX concurrently ON t (a)", None),
        ("CREATE INDEX ix ON t (concurrently)", None),
    ],
)
def test_what_a_statement_leaves(statement: str, pattern: str | None) -> None:
    """Its own index, under the name that PostgreSQL gives it, and no other."""
    found = leftovers_of(statement)

    assert (None if found is None else found.pattern) == pattern


@pytest.mark.parametrize(
    ("statement", "is_one"),
    [
        ("/* a */ CREATE INDEX CONCURRENTLY ON t (a)", True),
        ("DROP INDEX CONCURRENTLY IF EXISTS ix", True),
        ("REINDEX (VERBOSE) DATABASE CONCURRENTLY d", True),
        ("ALTER TABLE p DETACH PARTITION c CONCURRENTLY", True),
        ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", False),
        ("SELECT 'CREATE INDEX CONCURRENTLY ix ON t (a)'", False),
    ],
)
def test_statements_that_wait_for_other_transactions(statement: str, *, is_one: bool) -> None:
    """A materialized view waits for its own lock only, and runs in a transaction."""
    assert is_concurrently(statement) is is_one


@pytest.mark.parametrize(
    "insert",
    [
        f"{BLOCK}op.execute('DO $$ BEGIN IF EXISTS (SELECT) THEN {INSERT}; END IF; END $$')",
        f"op.execute('{INSERT}')\nop.execute('COMMIT')",
        f"{BLOCK}op.execute('SELECT public.insert_one()')",
    ],
    ids=["guarded, in an autocommit block", "before a COMMIT of its own", "by a function"],
)
def test_what_a_revision_has_committed_is_not_run_again(project: Project, insert: str) -> None:
    """Neither by a retry for a lock, nor is it called rolled back."""
    project.execute(
        "CREATE TABLE public.things (id integer)",
        "CREATE TABLE public.others ()",
        f"CREATE FUNCTION public.insert_one() RETURNS void LANGUAGE sql AS '{INSERT}'",
    )
    project.add("insert", upgrade=f"{insert}\nop.execute('ALTER TABLE public.others ADD a int')")
    project.limit(lock_timeout="50ms", retries="2")

    with project.holding("LOCK TABLE public.others IN ACCESS SHARE MODE", for_s=30):
        text = project.failure("upgrade", "head")

    assert "what the revision did before and in its autocommit block stays" in text
    assert "rolled back" not in text
    assert project.query("SELECT id FROM public.things") == [1]


def test_an_index_with_quotes_in_a_schema_off_the_path(project: Project) -> None:
    """The second attempt drops what the first has left, and nothing else that is INVALID."""
    project.execute(
        'CREATE SCHEMA "Shop"',
        'CREATE TABLE "Shop"."Things" (id integer)',
        'INSERT INTO "Shop"."Things" VALUES (1), (1)',
    )
    create = "op.create_index('Ix', 'Things', ['id'], {}, unique=True, schema='Shop')"
    body = create.format("postgresql_concurrently=True")
    other = project.add("other", upgrade=BLOCK + body.replace("Ix", "Iy"))
    assert "could not create unique index" in project.failure("upgrade", "head")
    other.unlink()
    project.last = None
    project.add("index", upgrade=BLOCK + body)
    text = project.failure("upgrade", "head")
    assert "could not create unique index" in text
    assert f"now: the database is at base; {STAYS}: the next upgrade drops it" in text
    assert "rolled back" not in text
    assert project.query(INVALID) == ['"Shop"."Ix"', '"Shop"."Iy"']
    project.execute('DELETE FROM "Shop"."Things"')

    out = project.alembic("upgrade", "head")

    assert 'dropped the INVALID index "Shop"."Ix"' in out
    assert project.query(INVALID) == ['"Shop"."Iy"']
    assert project.query(VALID.format('"Shop"."Things"')) == ['"Shop"."Ix"']


def test_what_a_broken_reindex_has_left(project: Project) -> None:
    """Its copy is dropped, and the index is built again."""
    project.execute(
        "CREATE TABLE public.things (id integer)",
        "INSERT INTO public.things VALUES (1), (1)",
        "CREATE INDEX ix ON public.things (id)",
    )
    create = "CREATE UNIQUE INDEX CONCURRENTLY ix_ccnew ON public.things (id)"
    broken = project.add("break", upgrade=f"{BLOCK}op.execute('{create}')")
    project.failure("upgrade", "head")
    assert project.query(INVALID) == ["ix_ccnew"]
    broken.unlink()
    project.last = None
    project.add("reindex", upgrade=f"{BLOCK}op.execute('REINDEX INDEX CONCURRENTLY public.ix')")

    project.alembic("upgrade", "head")

    assert project.query(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'things'::regclass"
    ) == ["ix"]


@pytest.mark.parametrize(
    ("statement", "done"),
    [
        (
            "CREATE INDEX CONCURRENTLY \"Ix\" ON public.things (lower(name) DESC) WHERE name <> '';",
            'kept the index "Ix", which an earlier attempt has built',
        ),
        ("-- why\nDROP INDEX CONCURRENTLY public.iy", "there is no index public.iy: an earlier"),
    ],
)
def test_a_first_attempt_that_was_done(project: Project, statement: str, done: str) -> None:
    """A migrator that dies before it records the version leaves an index that is not built again."""
    project.execute(
        "CREATE TABLE public.things (name text)",
        "CREATE INDEX \"Ix\" ON public.things (lower(name) DESC) WHERE name <> ''",
    )
    before = project.query("SELECT '\"Ix\"'::regclass::oid")
    project.add("index", upgrade=f"{BLOCK}op.execute({statement!r})")

    assert done in project.alembic("upgrade", "head")
    assert project.query("SELECT '\"Ix\"'::regclass::oid") == before


@pytest.mark.parametrize("other", ["UNIQUE INDEX ix ON public.things (id)", "TABLE public.ix ()"])
def test_another_thing_of_the_name_is_no_first_attempt(project: Project, other: str) -> None:
    """An index with another definition is neither kept nor dropped: the message says how to go on."""
    project.execute("CREATE TABLE public.things (id integer)", f"CREATE {other}")
    create = "CREATE INDEX CONCURRENTLY ix ON public.things (id)"
    project.add("index", upgrade=f"{BLOCK}op.execute('{create}')")

    text = project.failure("upgrade", "head")

    assert (
        "with another definition: where that is an index which nothing needs, execute DROP" in text
    )
    assert STAYS not in text


def test_a_revision_that_has_built_an_index_is_tried_again(project: Project) -> None:
    """The index is kept, and the rest runs when the lock is free; at the end the index stays."""
    project.execute("CREATE TABLE public.things (id integer)", "CREATE TABLE public.others ()")
    create = "op.create_index('ix', 'things', ['id'], postgresql_concurrently=True)"
    project.add(
        "index", upgrade=f"{BLOCK}{create}\nop.execute('ALTER TABLE public.others ADD a int')"
    )
    project.limit(lock_timeout="50ms", retries="1")

    with project.holding("LOCK TABLE public.others IN ACCESS SHARE MODE", for_s=30):
        text = project.failure("upgrade", "head")

    assert "attempts: 2, in " in text
    assert "what the revision did before and in its autocommit block stays" in text
    assert project.query(VALID.format("things")) == ["ix"]
    assert "kept the index ix" in project.alembic("upgrade", "head")


def test_the_deadline_ends_it_and_lock_timeout_does_not(project: Project) -> None:
    """It waits for a transaction for longer than lock_timeout, until the deadline."""
    project.execute("CREATE TABLE public.things (id integer)")
    create = "CREATE INDEX CONCURRENTLY ix ON public.things (id)"
    project.add("index", upgrade=f"{BLOCK}op.execute('{create}')")
    project.limit(lock_timeout="50ms", retries="0", deadline="2s")

    with project.holding("LOCK TABLE public.things IN ROW EXCLUSIVE MODE", for_s=60):
        text = project.failure("upgrade", "head")

    assert "the deadline has passed: canceling statement due to statement timeout" in text
    assert STAYS in text
    assert project.query(INVALID) == ["ix"]
    project.attributes.clear()
    assert "dropped the INVALID index public.ix" in project.alembic("upgrade", "head")
