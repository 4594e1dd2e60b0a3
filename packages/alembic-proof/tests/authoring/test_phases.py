"""A change on busy tables becomes revisions that go up and down alone, with rows, and lock briefly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.ddl import action_sql
from alembic_proof.authoring.phases import phases, with_values_committed
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.revision_plans import RevisionPlan, revision_plans
from alembic_proof.authoring.safe_forms import PlanContext, Stage, safe_steps
from alembic_proof.catalog import Snapshot, diff, key, read_snapshot
from alembic_proof.finding import Severity
from alembic_proof.scratch import scratch_database

from .conftest import function_text

HISTORY = """
CREATE TYPE state AS ENUM ('open', 'done');
CREATE FUNCTION label(text) RETURNS text IMMUTABLE LANGUAGE sql RETURN upper($1);
CREATE TABLE tenants (id int PRIMARY KEY);
CREATE TABLE users (
    tenant_id int NOT NULL,
    id int NOT NULL,
    email text NOT NULL,
    nick text,
    age int,
    s state DEFAULT 'open',
    CONSTRAINT users_pkey PRIMARY KEY (tenant_id, id)
);
CREATE INDEX ix_users_nick ON users (nick);
CREATE TABLE heaps (name text);
CREATE TABLE parts (id int NOT NULL, tenant_id int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9)
"""
ROWS = """
INSERT INTO tenants SELECT n FROM generate_series(0, 4) AS n;
INSERT INTO users
SELECT n % 5, n, n || '@x', CASE WHEN n % 2 = 0 THEN 'n' || n END, n FROM generate_series(1, 2101) AS n;
INSERT INTO heaps VALUES ('a'), (NULL);
INSERT INTO parts SELECT 1, 1
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A change of the history, and the first words of what each revision's upgrade then does."""

    change: str
    expected: tuple[tuple[str, ...], ...]
    fill: str = ""
    """`column=expression` for the rows of a new column, or of one that must not be NULL any more."""
    oldest_major: int = 15


CONCURRENT = "DROP INDEX CONCURRENTLY IF EXISTS public."
TABLE = "ALTER TABLE public.users "
CHECK = "ADD CONSTRAINT ck_users_age_not_null CHECK ((age IS NOT NULL)) NOT VALID"
CASES = {
    "index": Case(
        "CREATE INDEX ix_email ON users (email)",
        ((f"{CONCURRENT}ix_email", "CREATE INDEX CONCURRENTLY ix_email"),),
    ),
    "dropped index": Case("DROP INDEX ix_users_nick", ((f"{CONCURRENT}ix_users_nick",),)),
    "changed index": Case(
        "DROP INDEX ix_users_nick; CREATE INDEX ix_users_nick ON users (label(nick))",
        ((f"{CONCURRENT}ix_users_nick", "CREATE INDEX CONCURRENTLY ix_users_nick"),),
    ),
    "index of a partitioned table": Case(
        "CREATE INDEX ix_parts ON parts (tenant_id)", (("CREATE INDEX ix_parts",),)
    ),
    "foreign key": Case(
        "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants",
        (
            (
                f"{TABLE}ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES public.tenants(id) NOT VALID",
            ),
            (f"{TABLE}VALIDATE CONSTRAINT fk",),
        ),
    ),
    "foreign key of a partitioned table": Case(
        "ALTER TABLE parts ADD CONSTRAINT fk FOREIGN KEY (tenant_id) REFERENCES tenants",
        (("ALTER TABLE public.parts ADD CONSTRAINT fk",),),
    ),
    "check": Case(
        "ALTER TABLE users ADD CONSTRAINT ck CHECK (age > 0)",
        (
            (f"{TABLE}ADD CONSTRAINT ck CHECK ((age > 0)) NOT VALID",),
            (f"{TABLE}VALIDATE CONSTRAINT ck",),
        ),
    ),
    "not null": Case(
        "ALTER TABLE users ALTER age SET NOT NULL",
        (
            (f"{TABLE}{CHECK}",),
            (
                f"{TABLE}VALIDATE CONSTRAINT ck_users_age_not_null",
                f"{TABLE}ALTER COLUMN age SET NOT NULL",
                f"{TABLE}DROP CONSTRAINT ck_users_age_not_null",
            ),
        ),
    ),
    "not null since 18": Case(
        "ALTER TABLE users ALTER age SET NOT NULL",
        (
            (f"{TABLE}ADD CONSTRAINT users_age_not_null NOT NULL age NOT VALID",),
            (f"{TABLE}VALIDATE CONSTRAINT users_age_not_null",),
        ),
        oldest_major=18,
    ),
    "unique constraint": Case(
        "ALTER TABLE users ADD CONSTRAINT uq UNIQUE (email) DEFERRABLE",
        (
            (
                f"{CONCURRENT}uq",
                "CREATE UNIQUE INDEX CONCURRENTLY uq",
                f"{TABLE}ADD CONSTRAINT uq UNIQUE USING INDEX uq DEFERRABLE",
            ),
        ),
    ),
    "changed primary key": Case(
        "ALTER TABLE users DROP CONSTRAINT users_pkey, ADD CONSTRAINT users_pkey PRIMARY KEY (id)",
        (
            (
                f"{CONCURRENT}users_pkey_new",
                "CREATE UNIQUE INDEX CONCURRENTLY users_pkey_new",
                f"{TABLE}DROP CONSTRAINT users_pkey",
                f"{TABLE}ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_pkey_new",
            ),
        ),
    ),
    "value of an enum": Case(
        "ALTER TYPE state ADD VALUE 'late' AFTER 'open'; CREATE INDEX ix_email ON users (email)",
        (
            ("ALTER TYPE public.state ADD VALUE IF NOT EXISTS 'late' AFTER 'open'",),
            (f"{CONCURRENT}ix_email", "CREATE INDEX CONCURRENTLY"),
        ),
    ),
    "used value of an enum": Case(
        "ALTER TYPE state ADD VALUE 'late' AFTER 'open'; ALTER TABLE users ALTER s SET DEFAULT 'late'",
        (
            ("ALTER TYPE public.state ADD VALUE IF NOT EXISTS 'late' AFTER 'open'",),
            (f"{TABLE}ALTER COLUMN s SET DEFAULT 'late'::public.state",),
        ),
    ),
    "reference of a new column": Case(
        "ALTER TABLE users ADD boss int, ADD CONSTRAINT fk FOREIGN KEY (tenant_id, boss) REFERENCES users;"
        "CREATE INDEX ix_boss ON users (tenant_id, boss)",
        (
            (f"{TABLE}ADD COLUMN boss integer", f"{TABLE}ADD CONSTRAINT fk FOREIGN KEY"),
            (f"{CONCURRENT}ix_boss", "CREATE INDEX CONCURRENTLY ix_boss"),
            (f"{TABLE}VALIDATE CONSTRAINT fk",),
        ),
    ),
    "reference of a new key": Case(
        "ALTER TABLE users ADD CONSTRAINT uq UNIQUE (email);"
        "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (email) REFERENCES users (email)",
        (
            (f"{CONCURRENT}uq", "CREATE UNIQUE INDEX CONCURRENTLY uq", f"{TABLE}ADD CONSTRAINT uq"),
            (f"{TABLE}ADD CONSTRAINT fk",),
            (f"{TABLE}VALIDATE CONSTRAINT fk",),
        ),
    ),
    "new table": Case(
        "CREATE TABLE tags (id int CONSTRAINT pk PRIMARY KEY, t int CONSTRAINT fk REFERENCES tenants);"
        "CREATE INDEX ix_tags ON tags (t)",
        (
            (
                "CREATE TABLE public.tags",
                "ALTER TABLE public.tags ADD CONSTRAINT fk FOREIGN KEY (t) REFERENCES public.tenants(id)",
                "ALTER TABLE public.tags ADD CONSTRAINT pk PRIMARY KEY",
                "CREATE INDEX ix_tags ON",
            ),
        ),
    ),
    "replaced column": Case(
        "ALTER TABLE users ADD nickname text NOT NULL, DROP nick",
        (
            (f"{TABLE}ADD COLUMN nickname text",),
            ("DO $$", f"{TABLE}ADD CONSTRAINT ck_users_nickname_not_null"),
            (
                f"{TABLE}VALIDATE CONSTRAINT ck_users_nickname_not_null",
                f"{TABLE}ALTER COLUMN nickname SET NOT NULL",
                f"{TABLE}DROP CONSTRAINT ck_users_nickname_not_null",
                f"{TABLE}DROP COLUMN nick",
            ),
        ),
        fill="nickname=coalesce(nick, split_part(email, '@', 1))",
    ),
    "checked new column": Case(
        "ALTER TABLE users ADD nickname text NOT NULL, ADD CONSTRAINT ck CHECK (nickname <> '')",
        (
            (f"{TABLE}ADD COLUMN nickname text", f"{TABLE}ADD CONSTRAINT ck CHECK"),
            ("DO $$", f"{TABLE}ADD CONSTRAINT ck_users_nickname_not_null"),
            (
                f"{TABLE}VALIDATE CONSTRAINT ck_users_nickname_not_null",
                f"{TABLE}VALIDATE CONSTRAINT ck",
                f"{TABLE}ALTER COLUMN nickname SET NOT NULL",
                f"{TABLE}DROP CONSTRAINT ck_users_nickname_not_null",
            ),
        ),
        fill="nickname=split_part(email, '@', 1)",
    ),
    "constant for a new column": Case(
        "ALTER TABLE users ADD nickname text NOT NULL",
        (
            (
                f"{TABLE}ADD COLUMN nickname text DEFAULT 'none'::text NOT NULL",
                f"{TABLE}ALTER COLUMN nickname DROP DEFAULT",
            ),
        ),
        fill="nickname='none'::text",
    ),
}


@pytest.fixture(scope="module")
def url(server_url: str) -> Iterator[str]:
    """Provide a database with the history and with rows; each test leaves it so."""
    with scratch_database(server_url) as url:
        execute(url, *HISTORY.split(";\n"), *ROWS.split(";\n"))
        yield url


@pytest.fixture(scope="module")
def history(url: str) -> Snapshot:
    """Return the snapshot of the history."""
    return read(url)


def execute(url: str, *statements: str) -> None:
    """Send the statements, each in a transaction of its own."""

    def work(connection: Connection) -> None:
        for statement in statements:
            connection.exec_driver_sql(statement)

    run_on(url, work, autocommit=True)


def read(url: str) -> Snapshot:
    """Return the snapshot of the database."""
    return run_on(url, read_snapshot)


def changed(url: str, change: str) -> Snapshot:
    """Return the snapshot after the change of empty tables, which is rolled back."""
    if "SET DEFAULT 'late'" in change:  # a new value cannot be used in the transaction that adds it
        change = change.replace("ADD VALUE 'late' AFTER 'open'", "RENAME TO old") + (
            ";CREATE TYPE state AS ENUM ('open', 'late', 'done');"
            "ALTER TABLE users ALTER s DROP DEFAULT, ALTER s TYPE state USING s::text::state,"
            "ALTER s SET DEFAULT 'late';DROP TYPE old"
        )
        change = change.replace("ALTER TABLE users ALTER s SET DEFAULT 'late';", "", 1)

    def work(connection: Connection) -> Snapshot:
        for statement in ("TRUNCATE users, heaps", *change.split(";")):
            connection.exec_driver_sql(statement)
        found = read_snapshot(connection)
        connection.rollback()
        return found

    return run_on(url, work)


def planned(history: Snapshot, models: Snapshot, fill: str) -> tuple[Action, ...]:
    """Return the plan, with the value that the rows get."""
    name, _, expression = fill.partition("=")
    actions: list[Action] = []
    for action in plan(history, models):
        if not fill or action.key != key("column", f"public.users.{name}"):
            actions.append(action)
            continue
        nullable = action.record.with_fact("nullability", "NULL")
        rows = replace(action, verb="fill", expression=expression, condition=f"{name} IS NULL")
        last = replace(action, verb="alter", old=nullable, attributes=("nullability",))
        first = [replace(action, record=nullable)] if action.verb == "create" else []
        actions += [*first, rows, last]
    return tuple(sorted(actions, key=lambda one: bool(fill) and one.verb == "drop"))


def statements(found: RevisionPlan, *, is_upgrade: bool) -> list[str]:
    """Return the statements of one direction."""
    actions, before, after = found.upgrade, found.before, found.after
    if not is_upgrade:
        actions, before, after = found.downgrade, found.after, found.before
    return [
        statement
        for action in actions
        for statement in action_sql(action, before=before.catalog, after=after.catalog)
    ]


def differences(found: Snapshot, wanted: Snapshot) -> list[str]:
    """Return how two snapshots differ."""
    changes = diff(found.catalog, wanted.catalog)
    return [str(one) for one in changes if one.severity is Severity.ERROR]


@pytest.mark.parametrize("name", CASES)
def test_each_revision_goes_up_and_down_alone_with_rows(
    url: str, history: Snapshot, name: str
) -> None:
    """What it does is the safe form; every state between two revisions is that of the plan."""
    case = CASES[name]
    if case.oldest_major > history.catalog.major:
        pytest.skip(f"needs PostgreSQL {case.oldest_major}")
    models = changed(url, case.change)
    context = PlanContext(
        actions=planned(history, models, case.fill),
        before=history,
        after=models,
        oldest_major=case.oldest_major,
    )

    plans = revision_plans(context, url=url, read=read)

    for one in reversed(plans[:-1]):
        execute(url, *statements(one, is_upgrade=False))
    for one, expected in zip(plans, case.expected, strict=True):
        up, down = (statements(one, is_upgrade=is_upgrade) for is_upgrade in (True, False))
        assert [line[: len(start)] for line, start in zip(up, expected, strict=True)] == [*expected]
        execute(url, *up, *down, *up)
        assert differences(read(url), one.after) == []
    for one in reversed(plans):
        execute(url, *statements(one, is_upgrade=False))
    assert differences(read(url), history) == []


def test_values_of_an_enum_are_committed_before_one_revision_uses_them(
    url: str, history: Snapshot
) -> None:
    """One that nothing uses needs no block."""
    used, unused = (
        changed(url, CASES[name].change) for name in ("used value of an enum", "value of an enum")
    )

    found, others = (
        with_values_committed(
            PlanContext(actions=plan(history, models), before=history, after=models)
        )
        for models in (used, unused)
    )

    assert [(str(one), one.is_autocommit) for one in found] == [
        ("alter enum public.state (values)", True),
        ("alter column public.users.s (default)", False),
    ]
    assert not any(one.is_autocommit for one in others)


BACKFILL = """\
def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(\"""
            DO $$
            DECLARE
                batch_start record;
                batch_end record;
            BEGIN
                SELECT tenant_id, id INTO batch_start FROM public.users
                ORDER BY tenant_id, id LIMIT 1;
                WHILE FOUND LOOP
                    WITH batch AS (
                        SELECT tenant_id, id FROM public.users
                        WHERE (tenant_id, id) >= (batch_start.tenant_id, batch_start.id)
                        ORDER BY tenant_id, id LIMIT 1000
                    ), updated AS (
                        UPDATE public.users
                        SET nickname = coalesce(nick, split_part(email, '@', 1))
                        WHERE (tenant_id, id) IN (SELECT tenant_id, id FROM batch)
                        AND nickname IS NULL
                    )
                    SELECT tenant_id, id INTO batch_end FROM batch
                    ORDER BY tenant_id DESC, id DESC LIMIT 1;
                    COMMIT;
                    SELECT tenant_id, id INTO batch_start FROM public.users
                    WHERE (tenant_id, id) > (batch_end.tenant_id, batch_end.id)
                    ORDER BY tenant_id, id LIMIT 1;
                END LOOP;
            END
            $$
        \""")

    op.execute(\"""
        ALTER TABLE public.users
            ADD CONSTRAINT ck_users_nickname_not_null CHECK (nickname IS NOT NULL) NOT VALID
    \""")
"""
REWRITE = """\
def upgrade() -> None:
    # Rewrites public.users under ACCESS EXCLUSIVE: nobody reads or writes it meanwhile.
    op.alter_column(
        "users", "age", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=True
    )
"""
UNIQUE = """\
def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(op.f("uq"), table_name="users", if_exists=True, postgresql_concurrently=True)
        op.create_index(op.f("uq"), "users", ["email"], unique=True, postgresql_concurrently=True)

    op.execute("ALTER TABLE public.users ADD CONSTRAINT uq UNIQUE USING INDEX uq")
"""


@pytest.mark.parametrize(
    ("change", "fill", "number", "text"),
    [
        (CASES["replaced column"].change, CASES["replaced column"].fill, 1, BACKFILL),
        ("ALTER TABLE users ALTER age TYPE bigint", "", 0, REWRITE),
        ("ALTER TABLE users ADD CONSTRAINT uq UNIQUE (email)", "", 0, UNIQUE),
    ],
)
def test_a_revision_reads_as_a_person_writes_it(
    url: str, history: Snapshot, change: str, fill: str, number: int, text: str
) -> None:
    """What runs outside of a transaction stands in one block; a long lock is a comment."""
    models = changed(url, change)

    found = phases(
        PlanContext(actions=planned(history, models, fill), before=history, after=models)
    )[number]

    assert (
        run_on(
            url,
            lambda connection: function_text(
                connection, found.actions, before=history, after=models
            ),
        )
        == text
    )


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ("ALTER TABLE users ALTER age TYPE bigint", "Rewrites public.users under ACCESS EXCLUSIVE"),
        ("ALTER TABLE users ALTER age TYPE numeric(9, 2)", "Rewrites public.users"),
        ("ALTER TABLE users ADD key uuid DEFAULT gen_random_uuid()", "Rewrites public.users"),
        ("ALTER TABLE users ADD no int GENERATED ALWAYS AS IDENTITY", "Rewrites public.users"),
        ("ALTER TABLE users ADD twice int GENERATED ALWAYS AS (age * 2) STORED", "Rewrites"),
        (
            "ALTER TABLE users ADD CONSTRAINT no EXCLUDE (age WITH =)",
            "Locks public.users in ACCESS",
        ),
        ("CREATE INDEX ix_parts ON parts (tenant_id)", "Nobody writes to public.parts"),
        ("ALTER TABLE users ADD at timestamptz DEFAULT now()", ""),
        ("ALTER TABLE users ADD a int DEFAULT 3 NOT NULL", ""),
        ("ALTER TABLE users ALTER email SET DEFAULT label('a')", ""),
        ("ALTER TABLE users ADD CONSTRAINT ck CHECK (age > 0) NOT VALID", ""),
        (
            "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, CONSTRAINT no EXCLUDE (a WITH =))",
            "",
        ),
    ],
)
def test_a_long_lock_is_named(url: str, history: Snapshot, change: str, note: str) -> None:
    """What has no safe form says what it locks; what locks briefly says nothing."""
    models = changed(url, change)

    found = phases(PlanContext(actions=plan(history, models), before=history, after=models))

    notes = [one.note for phase in found for one in phase.actions if one.note]
    assert len(found) == 1
    assert [one[: len(note)] for one in notes] == ([note] if note else [])


def test_a_table_without_a_primary_key_is_filled_at_once(url: str, history: Snapshot) -> None:
    """Nothing says where a batch ends."""
    models = changed(url, "ALTER TABLE heaps ALTER name SET NOT NULL")
    [action] = plan(history, models)
    fill = replace(action, verb="fill", expression="'x'", condition="name IS NULL")

    first, _ = phases(PlanContext(actions=(fill, action), before=history, after=models))

    assert (first.suffix, first.actions[0].is_autocommit) == ("backfill", False)
    assert first.actions[0].note.startswith("Changes and locks rows of public.heaps")


@pytest.mark.parametrize("text", ["varchar(30)", "text", "varchar"])
def test_a_longer_text_rewrites_nothing(url: str, text: str) -> None:
    """PostgreSQL keeps the file of the table; a shorter limit is another matter, and so is a check."""
    execute(url, "CREATE TABLE words (a varchar(20), n numeric(5, 2) CHECK (n > 0))")
    try:
        before = read(url)
        states = [
            changed(url, f"ALTER TABLE words ALTER {one}")
            for one in (f"a TYPE {text}", "a TYPE varchar(10)", "n TYPE numeric(9, 2)")
        ]
        notes = [
            phases(PlanContext(actions=plan(before, after), before=before, after=after))[0]
            .actions[0]
            .note
            for after in states
        ]
    finally:
        execute(url, "DROP TABLE words")

    assert [one.partition(" ")[0] for one in notes] == ["", "Rewrites", "Reads"]


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        (
            "ALTER TABLE users ALTER age TYPE bigint",
            [
                (
                    "alter column public.users.age (type): warning: Rewrites public.users under ACCESS "
                    "EXCLUSIVE: nobody reads or writes it meanwhile."
                )
            ],
        ),
        (
            "CREATE TABLE tags (id int, t int CONSTRAINT fk REFERENCES tenants)",
            [
                "create table public.tags",
                "create constraint public.tags.fk: SHARE ROW EXCLUSIVE on the referenced table, briefly",
            ],
        ),
        (
            "DROP INDEX ix_users_nick; CREATE TABLE gone (a int)",
            [
                "drop index public.ix_users_nick: SHARE UPDATE EXCLUSIVE: others read and write",
                "create table public.gone",
            ],
        ),
    ],
)
def test_each_step_says_what_it_locks(
    url: str, history: Snapshot, change: str, steps: list[str]
) -> None:
    """What is new locks nobody out; a long lock is a warning."""
    models = changed(url, change)
    context = PlanContext(actions=plan(history, models), before=history, after=models)

    found = [
        step
        for phase in phases(context)
        for step in RevisionPlan(
            upgrade=phase.actions, downgrade=(), before=history, after=models
        ).steps
    ]

    assert sorted(found) == sorted(steps)


@pytest.mark.parametrize(("is_replaced", "stage"), [(True, Stage.CHANGE), (False, Stage.BACKFILL)])
def test_rows_leave_a_removed_value_in_the_revision_that_replaces_the_type(
    history: Snapshot, *, is_replaced: bool, stage: Stage
) -> None:
    """Somebody may write the value between two revisions."""
    column = history.catalog.find(key("column", "public.users.s"))
    enum = history.catalog.find(key("enum", "public.state"))
    assert column is not None
    assert enum is not None
    fill = Action(verb="fill", record=column, expression="'open'", condition="s = 'done'")
    alter = Action(
        verb="alter",
        record=enum if is_replaced else column,
        old=enum if is_replaced else column,
        attributes=("values",) if is_replaced else ("nullability",),
        is_replaced=is_replaced,
    )

    [step] = safe_steps(fill, PlanContext(actions=(fill, alter), before=history, after=history))

    assert (step.stage, bool(step.action.batch_key)) == (stage, not is_replaced)
