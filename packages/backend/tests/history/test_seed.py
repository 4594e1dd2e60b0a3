"""The default tenant: a constant id, a name from the environment, a downgrade that may refuse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from alembic.util import CommandError

from alembic_deploy.errors import HistoryError
from alembic_proof.scratch import scratch_database
from packages.backend.tests.history.database import (
    PINNED,
    REVISIONS,
    Database,
    before,
    insert,
    offline,
)

SEED = REVISIONS["seed_default_tenant"]
TENANT = uuid5(UUID("6f9a1c52-3b7e-4d0e-9a64-2c85b1d7e0f3"), "default tenant")
OTHER = "11111111-1111-4111-8111-111111111111"
SEEDED_AT = datetime(2026, 1, 19, tzinfo=UTC)


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide an environment that does not name the tenant."""
    monkeypatch.delenv("BOARDS_TENANT_NAME", raising=False)
    monkeypatch.delenv("BOARDS_TENANT_SLUG", raising=False)


@pytest.fixture(scope="module")
def unseeded(server_url: str) -> Iterator[Database]:
    """Provide a database before the seed; a seed that is refused leaves it as it was."""
    with scratch_database(server_url, label="unseeded") as url:
        database = Database(url)
        database.upgrade(before("seed_default_tenant"))
        yield database


@pytest.fixture
def database(server_url: str, unseeded: Database) -> Iterator[Database]:
    """Provide a database of the test's own before the seed."""
    with unseeded.copied(server_url) as database:
        yield database


def test_default_tenant_is_constant(database: Database) -> None:
    """Without any setting the tenant has a constant id, name, slug and times."""
    database.upgrade(SEED)

    assert database.rows("SELECT id, name, slug, created_at, updated_at FROM tenants") == [
        (TENANT, "Default", "default", SEEDED_AT, SEEDED_AT)
    ]


def test_environment_names_the_tenant(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name and slug come from the environment, as they are; the id stays the same."""
    monkeypatch.setenv("BOARDS_TENANT_NAME", "O'Brien \\ Söhne :id %s")
    monkeypatch.setenv("BOARDS_TENANT_SLUG", "obrien-2")

    database.upgrade(SEED)

    assert database.rows("SELECT id, name, slug FROM tenants") == [
        (TENANT, "O'Brien \\ Söhne :id %s", "obrien-2")
    ]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BOARDS_TENANT_SLUG", "Acme"),
        ("BOARDS_TENANT_SLUG", "-acme"),
        ("BOARDS_TENANT_SLUG", "acme--inc"),
        ("BOARDS_TENANT_SLUG", "a" * 64),
        ("BOARDS_TENANT_SLUG", "x'); DROP TABLE tenants; --"),
        ("BOARDS_TENANT_SLUG", "äcme"),
        ("BOARDS_TENANT_NAME", "x" * 256),
        ("BOARDS_TENANT_NAME", "two\nlines"),
    ],
)
def test_bad_name_is_refused(
    unseeded: Database, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """A name or slug that the table refuses stops the upgrade; the error names the variable."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(HistoryError, match=variable):
        unseeded.upgrade()

    assert unseeded.rows("SELECT version_num FROM alembic_version") == [
        (before("seed_default_tenant"),)
    ]


def test_blank_variable_counts_as_unset(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable of white space alone counts as unset."""
    monkeypatch.setenv("BOARDS_TENANT_NAME", "  ")
    monkeypatch.setenv("BOARDS_TENANT_SLUG", "")

    database.upgrade(SEED)

    assert database.rows("SELECT name, slug FROM tenants") == [("Default", "default")]


def test_downgrade_removes_its_own_row_alone(database: Database) -> None:
    """The downgrade deletes the seeded tenant, renamed or not, and keeps every other one."""
    database.upgrade(SEED)
    database.execute(
        "UPDATE tenants SET slug = 'renamed'", insert("tenants", id=OTHER, name="A", slug="default")
    )

    database.downgrade("-1")

    assert database.rows("SELECT id::text FROM tenants") == [(OTHER,)]


@pytest.mark.parametrize("revision", [SEED, PINNED])
def test_downgrade_refuses_while_the_tenant_has_rows(database: Database, revision: str) -> None:
    """With a user in the default tenant the downgrade refuses, names the table, and changes nothing."""
    database.upgrade(revision)
    database.execute(insert("users", tenant_id=TENANT, auth_provider="oidc", auth_subject="ann"))

    with pytest.raises(CommandError, match=r"default tenant still has rows in users \(1\)"):
        database.downgrade()

    assert database.rows("SELECT version_num FROM alembic_version") == [(SEED,)]
    assert database.rows("SELECT count(*) FROM users") == [(1,)]
    database.execute("DELETE FROM users")
    database.downgrade()


def test_offline_sql_spells_the_tenant_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --sql the name is a quoted literal: nothing in it is SQL or a parameter."""
    monkeypatch.setenv("BOARDS_TENANT_NAME", "O'Brien :id %s")

    script = offline("upgrade", SEED)

    assert "'O''Brien :id %s'" in script
    assert str(UUID("6f9a1c52-3b7e-4d0e-9a64-2c85b1d7e0f3")) in script
