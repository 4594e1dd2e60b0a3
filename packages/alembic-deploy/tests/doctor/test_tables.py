"""What is wrong with tables is found, and what is right is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alembic_deploy.doctor.check import Expectations

if TYPE_CHECKING:
    from tests.doctor.conftest import Database, MakeRole

TENANTS = Expectations(tenant_column="tenant_id")
TRIGGER = (
    "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER stamps BEFORE INSERT ON shops FOR EACH ROW EXECUTE FUNCTION stamp()",
)


@pytest.fixture
def shops(database: Database) -> Database:
    """Provide a database with the tables shops and sales, in which nothing is wrong."""
    database.send(
        "CREATE TABLE shops (id integer PRIMARY KEY, tenant_id integer)",
        "CREATE TABLE sales (shop_id integer REFERENCES shops, price integer)",
    )
    assert database.findings() == []
    return database


def test_policies_without_row_security(shops: Database) -> None:
    """They do nothing until row-level security is on, which is what the help says."""
    shops.send("CREATE POLICY all_rows ON shops USING (true)")

    (found,) = shops.examine()

    assert (found.id, found.where) == ("rls-off", "table public.shops")
    shops.send(found.todo)
    assert shops.examine() == ()


def test_a_table_of_tenants_without_row_security(shops: Database) -> None:
    """Only where the project names the column of tenants."""
    assert shops.findings(TENANTS) == [("rls-off", "table public.shops")]
    assert shops.findings() == []


def test_row_security_without_a_policy(shops: Database) -> None:
    """Only the owner sees rows, which an application's developer meets as an empty table."""
    shops.send("ALTER TABLE shops ENABLE ROW LEVEL SECURITY")
    assert shops.findings() == [("rls-without-policy", "table public.shops")]

    shops.send("CREATE POLICY all_rows ON shops USING (true)")

    assert shops.findings(TENANTS) == []


def test_an_invalid_index(shops: Database) -> None:
    """One that a failed CREATE INDEX CONCURRENTLY left; REINDEX mends it."""
    shops.send("INSERT INTO sales VALUES (NULL, 1), (NULL, 1)")
    with pytest.raises(Exception, match="could not create unique index"):
        shops.send_alone("CREATE UNIQUE INDEX CONCURRENTLY prices ON sales (price)")

    (found,) = shops.examine()

    assert (found.id, found.where) == ("invalid-index", "index public.prices on public.sales")
    assert "REINDEX INDEX CONCURRENTLY public.prices" in found.todo
    shops.send("TRUNCATE sales")
    shops.send_alone("REINDEX INDEX CONCURRENTLY public.prices")
    assert shops.examine() == ()


def test_an_index_that_not_every_partition_has(database: Database) -> None:
    """The index of a partitioned table is INVALID until each partition has its own attached."""
    database.send(
        "CREATE TABLE days (day integer) PARTITION BY LIST (day)",
        "CREATE TABLE monday PARTITION OF days FOR VALUES IN (1)",
        "CREATE INDEX by_day ON ONLY days (day)",
    )
    (found,) = database.examine()
    assert (found.id, found.where) == ("invalid-index", "index public.by_day on public.days")

    database.send(
        "CREATE INDEX by_monday ON monday (day)", "ALTER INDEX by_day ATTACH PARTITION by_monday"
    )

    assert database.examine() == ()


@pytest.mark.parametrize(
    "constraint",
    ["CHECK (price > 0)", "FOREIGN KEY (price) REFERENCES shops"],
    ids=["check", "foreign key"],
)
def test_a_constraint_that_is_not_valid(shops: Database, constraint: str) -> None:
    """It is named until it is validated, with the statement of the help."""
    shops.send(f'ALTER TABLE sales ADD CONSTRAINT "a rule" {constraint} NOT VALID')

    (found,) = shops.examine()

    assert (found.id, found.where) == (
        "constraint-not-valid",
        'constraint "a rule" of public.sales',
    )
    shops.send(found.todo.partition("then ")[2])
    assert shops.examine() == ()


def test_a_constraint_that_is_not_enforced_on_purpose(shops: Database) -> None:
    """NOT ENFORCED of PostgreSQL 18 says what it does."""
    if run_major(shops) < 18:
        pytest.skip("of PostgreSQL 18")
    shops.send("ALTER TABLE sales ADD CONSTRAINT rule CHECK (price > 0) NOT ENFORCED")

    assert shops.examine() == ()


def run_major(database: Database) -> int:
    """Return the server's major version."""
    from alembic_deploy.connect import run_on

    sql = "SELECT current_setting('server_version_num')::integer / 10000"
    return int(run_on(database.url, lambda opened: opened.exec_driver_sql(sql).scalar_one()))


def test_a_disabled_trigger(shops: Database) -> None:
    """It is named until it fires again."""
    shops.send(*TRIGGER, "ALTER TABLE shops DISABLE TRIGGER stamps")

    (found,) = shops.examine()

    assert (found.id, found.where) == ("trigger-disabled", "table public.shops")
    assert "stamps" in found.what
    shops.send("ALTER TABLE shops ENABLE TRIGGER stamps")
    assert shops.examine() == ()


def test_foreign_keys_that_are_not_checked(shops: Database, superuser: Database) -> None:
    """DISABLE TRIGGER ALL, as before a bulk load, turns off foreign keys as well."""
    superuser.send("ALTER TABLE sales DISABLE TRIGGER ALL")
    assert shops.findings() == [("foreign-key-disabled", "table public.sales")]

    superuser.send("ALTER TABLE sales ENABLE TRIGGER ALL")

    assert shops.findings() == []


@pytest.mark.parametrize(
    ("create", "name"),
    [
        ("SELECT", "table public.sales"),
        ("CREATE VIEW ours AS SELECT 1 AS one", "view public.ours"),
        ("CREATE SEQUENCE ours", "sequence public.ours"),
        ("CREATE DOMAIN ours AS text", "type public.ours"),
        ("CREATE TYPE ours AS (a int)", "type public.ours"),
        (
            "CREATE FUNCTION ours(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "function public.ours(integer)",
        ),
    ],
)
def test_an_object_of_another_owner(
    shops: Database, make_role: MakeRole, create: str, name: str
) -> None:
    """No revision can alter it; an owner of everything is no finding."""
    shops.send("CREATE TABLE alembic_version (version_num text)", create)
    alter = f"ALTER {name}"
    other = make_role("NOLOGIN")
    shops.send(f"GRANT {other} TO CURRENT_USER", f"GRANT CREATE ON SCHEMA public TO {other}")
    shops.send(f"{alter} OWNER TO {other}", f"REVOKE CREATE ON SCHEMA public FROM {other}")

    (found,) = shops.examine()

    assert (found.id, found.where) == ("other-owner", name)
    assert found.todo.lower() == f"{alter} OWNER TO {shops.owner}".lower()
    shops.send(found.todo)
    assert shops.examine() == ()


def test_tables_of_a_superuser_in_a_database_of_another_role(
    shops: Database, superuser: Database
) -> None:
    """A migration with the administrator's URL is found by both; the owner's own is no finding."""
    superuser.send("CREATE TABLE alembic_version (version_num text)")

    for database in (shops, superuser):
        found = [one for one in database.examine() if one.id == "other-owner"]
        assert [one.where for one in found] == ["table public.alembic_version"]
        assert found[0].todo == f"ALTER TABLE public.alembic_version OWNER TO {shops.owner}"

    superuser.send(found[0].todo)
    assert [one for one in superuser.examine() if one.id == "other-owner"] == []


@pytest.mark.parametrize(
    ("definition", "last", "is_near"),
    [
        ("s smallserial", 30_000, True),
        ("s smallserial", 20_000, False),
        ("s integer GENERATED ALWAYS AS IDENTITY", 2_000_000_000, True),
        ("s bigserial", 2_000_000_000, False),
    ],
)
def test_a_sequence_near_its_end(
    database: Database, definition: str, last: int, *, is_near: bool
) -> None:
    """What counts are the numbers of the sequence's own type."""
    database.send(f"CREATE TABLE t ({definition})", f"SELECT setval('t_s_seq', {last})")

    expected = [("sequence-near-end", "sequence public.t_s_seq of public.t.s")] if is_near else []
    assert database.findings() == expected


def test_a_sequence_wider_than_its_column(database: Database) -> None:
    """The column overflows first."""
    database.send(
        "CREATE SEQUENCE numbers",
        "CREATE TABLE t (id integer DEFAULT nextval('numbers'))",
        "SELECT setval('numbers', 2000000000)",
    )
    assert database.findings() == []

    database.send("ALTER SEQUENCE numbers OWNED BY t.id")

    assert [one.id for one in database.examine()] == ["sequence-near-end"]
