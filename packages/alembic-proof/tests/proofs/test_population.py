"""The rows of one scratch database, between the steps of a walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import read_catalog
from alembic_proof.history.walk import Ground
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.proofs import RowPlan
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.proofs.roundtrip.row_changes import row_changes
from alembic_proof.proofs.roundtrip.working import working
from alembic_proof.rows import TableName, digest

USERS, NOTES = TableName("public.users"), TableName("public.notes")
TABLES = (
    "CREATE TABLE users (id integer PRIMARY KEY, name text)",
    "CREATE TABLE notes (id integer PRIMARY KEY, user_id integer NOT NULL REFERENCES users)",
)


class Site:
    """A population and the connection that it works on."""

    def __init__(self, connection: sa.Connection, plan: RowPlan) -> None:
        self.connection = connection
        self.ground = Ground(
            connection=connection, heads=(), version_table="alembic_version", version_schema=None
        )
        self.population = Population(plan)
        self.run(*TABLES)

    def run(self, *statements: str) -> None:
        """Run the statements as a step does; the population follows."""
        for statement in statements:
            self.connection.exec_driver_sql(statement)
        self.connection.commit()
        self.population.follow(self.ground, read_catalog(self.connection))

    def rows(self, table: str) -> list[dict[str, object]]:
        """The table's rows, sorted by id."""
        found = self.connection.exec_driver_sql(f"SELECT to_jsonb(t) FROM {table} AS t ORDER BY id")
        rows = [dict(row) for row in found.scalars()]
        self.connection.rollback()
        return rows


Visit = Callable[..., None]


@pytest.fixture
def visit(scratch_url: str) -> Visit:
    """Runs a test's body on a fresh site."""

    def visit_(body: Callable[[Site], None], **plan: object) -> None:
        run_on(scratch_url, lambda connection: body(Site(connection, RowPlan(**plan))))  # type: ignore[arg-type]  # each test names its own

    return visit_


def test_only_new_and_changed_tables_are_filled(visit: Visit) -> None:
    """A table gets rows once, and again when its shape is another one."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        site.population.fill(site.ground)
        assert len(site.rows("users")) == 3

        site.run("ALTER TABLE users ADD COLUMN age integer")
        site.population.fill(site.ground)

        assert (len(site.rows("users")), len(site.rows("notes"))) == (6, 3)

    visit(body)


def test_a_table_can_be_left_out(visit: Visit) -> None:
    """It stays empty, and so does what cannot be without it."""

    def body(site: Site) -> None:
        report = site.population.fill(site.ground)

        assert site.rows("users") == []
        assert [one.table for one in report.not_filled] == [NOTES]

    visit(body, left_out=frozenset({"users"}))


def test_supplied_rows_come_first_and_once(visit: Visit) -> None:
    """The second filling makes rows of its own instead of the same ones again."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        assert site.rows("users")[-1] == {"id": 900, "name": "Ann"}

        site.run("ALTER TABLE users ADD COLUMN age integer")
        report = site.population.fill(site.ground)

        assert len(site.rows("users")) == 6
        assert report.not_filled == ()

    visit(body, supplied={"users": [{"id": 900, "name": "Ann"}]})


def test_what_moves_without_the_catalog_is_seen(visit: Visit) -> None:
    """Rows of any table; where nothing moves the reading is the same value."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        before = site.population.read(site.ground)
        assert site.population.read(site.ground) is before

        site.run("DELETE FROM notes", "UPDATE users SET name = 'x' WHERE id = 1")
        after = site.population.read(site.ground)

        assert [str(change) for change in row_changes(before, after)] == [
            "notes: 3 of 3 rows gone (id=1; id=2; id=3)",
            "users.name: 1 of 2 values changed (id=1)",
        ]

    visit(body)


def test_a_renamed_label_is_seen(visit: Visit) -> None:
    """No row moves when an enum's label gets another name, and its values are others all the same."""

    def body(site: Site) -> None:
        site.run("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE moods (id integer, mood mood)")
        site.population.fill(site.ground)
        before = site.population.read(site.ground)

        site.run("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")
        after = site.population.read(site.ground)

        assert {change.place for change in row_changes(before, after)} == {"moods.mood"}

    visit(body)


def test_a_table_is_emptied_with_all_that_refers_to_it(visit: Visit) -> None:
    """It is filled again only when that is asked for."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)

        assert site.population.take_away(site.ground, USERS)
        site.population.fill(site.ground)
        assert (site.rows("users"), site.rows("notes")) == ([], [])
        site.population.refill()
        site.population.fill(site.ground)
        assert (len(site.rows("users")), len(site.rows("notes"))) == (3, 3)

    visit(body)


def test_some_rows_are_taken_away_and_others_stay(visit: Visit) -> None:
    """Where another row refers to one of them, none is, also by a key that is judged late."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)

        assert site.population.take_away(site.ground, NOTES, condition="id = 2 AND '%' <> ''")
        assert [row["id"] for row in site.rows("notes")] == [1, 3]
        assert not site.population.take_away(site.ground, USERS, condition="true")
        site.run("ALTER TABLE notes ALTER CONSTRAINT notes_user_id_fkey DEFERRABLE")
        site.run("ALTER TABLE notes ALTER CONSTRAINT notes_user_id_fkey INITIALLY DEFERRED")
        assert not site.population.take_away(site.ground, USERS, condition="true")
        assert len(site.rows("users")) == 3

    visit(body)


@pytest.mark.parametrize("obstacle", ["mixed", "trigger"])
def test_rows_that_are_not_ours_stay(visit: Visit, obstacle: str) -> None:
    """Where a revision has written rows, or somebody forbids it, nothing is taken away."""

    def body(site: Site) -> None:
        if obstacle == "trigger":
            site.run(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
                "CREATE TRIGGER no BEFORE TRUNCATE ON notes EXECUTE FUNCTION no()",
            )
        else:
            site.population.mixed.add(NOTES)
        site.population.fill(site.ground)

        assert not site.population.take_away(site.ground, USERS)
        assert (len(site.rows("users")), len(site.rows("notes"))) == (3, 3)

    visit(body)


def test_timeouts_of_the_session_do_not_bind_our_statements(visit: Visit) -> None:
    """Nor are they changed: afterwards they are as env.py has set them."""

    def body(site: Site) -> None:
        site.run("SET statement_timeout = '90s'", "SET lock_timeout = '80s'")

        with working(site.connection):
            inside = timeouts(site.connection)

        assert (inside, timeouts(site.connection)) == (["0", "0"], ["90s", "80s"])

    visit(body)


@pytest.mark.parametrize(
    "obstacle",
    [
        (),
        ("SET DateStyle = 'German'", "SET extra_float_digits = -5", "SET search_path = pg_catalog"),
        ("SET statement_timeout = '90s'",),
        ("ALTER TABLE public.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",),
        ("REVOKE ALL ON public.notes FROM CURRENT_USER",),
    ],
    ids=["none", "settings", "timeout", "forced", "unreadable"],
)
def test_the_shorter_way_to_read_rows_reads_the_same(
    visit: Visit, obstacle: tuple[str, ...]
) -> None:
    """And leaves the session's settings alone; what cannot be read keeps nobody from the rest."""

    def body(site: Site) -> None:
        site.run("ALTER TABLE users ADD COLUMN x float8 DEFAULT 0.1 + 0.2, ADD COLUMN d date")
        site.population.fill(site.ground)
        site.run(*obstacle)
        set_before = settings(site.connection)

        found = site.population.read(site.ground)

        assert settings(site.connection) == set_before
        with working(site.connection):
            assert found == digest(site.connection, site.population.shapes)
        is_read = found.find(NOTES) is not None
        assert is_read == ("REVOKE" not in str(obstacle))
        assert found.unread or is_read
        users = found.find(USERS)
        assert users is not None
        assert users.count == 3

    visit(body)


def test_a_transaction_that_runs_goes_on(visit: Visit) -> None:
    """Where all steps share one transaction our work is a savepoint of it."""

    def body(site: Site) -> None:
        site.connection.exec_driver_sql("INSERT INTO users VALUES (1, 'Ann')")

        site.population.fill(site.ground)

        assert site.connection.in_transaction()
        site.connection.rollback()
        assert site.rows("users") == []

    visit(body)


def settings(connection: sa.Connection) -> list[tuple[str, str]]:
    """The settings of the session, without what the proof notes for itself."""
    sql = (
        "SELECT name, setting FROM pg_catalog.pg_settings WHERE name !~ '^alembic_proof' ORDER BY 1"
    )
    rows = [(str(name), str(setting)) for name, setting in connection.exec_driver_sql(sql)]
    connection.rollback()
    return rows


def timeouts(connection: sa.Connection) -> list[str]:
    """The session's two timeouts."""
    names = ("statement_timeout", "lock_timeout")
    return [str(connection.exec_driver_sql(f"SHOW {name}").scalar_one()) for name in names]


def break_off(connection: sa.Connection) -> None:
    """Write a row, and fail."""
    with working(connection):
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        raise ZeroDivisionError


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_work_is_whole_or_nothing_where_the_driver_commits_each_statement(
    scratch_url: str, driver: str
) -> None:
    """An env.py in AUTOCOMMIT: what breaks leaves nothing, what does not stays; then as before."""

    def work(connection: sa.Connection) -> list[object]:
        connection.exec_driver_sql("CREATE TABLE t (id integer)")
        with pytest.raises(ZeroDivisionError):
            break_off(connection)
        with working(connection):
            connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        connection.exec_driver_sql("INSERT INTO t VALUES (3)")
        connection.rollback()
        return list(connection.exec_driver_sql("SELECT id FROM t ORDER BY id").scalars())

    pytest.importorskip(driver)
    url = replace(DatabaseUrl.parse(scratch_url), driver=driver).sqlalchemy_url
    assert run_on(url, work, autocommit=True) == [2, 3]
