"""The backfill of display names marks its rows; its downgrade restores those that nobody edited."""

from __future__ import annotations

import json
from typing import Any

import pytest

from alembic_proof.pytest_plugin.migration import DataMigration, MigrationOpener
from packages.backend.tests.history.database import REVISIONS, insert

BACKFILL = REVISIONS["backfill_display_names"]
MARK = "backfilled_display_name"
TENANT = "11111111-1111-4111-8111-111111111111"
LONG_AGO = "2020-01-01 00:00:00+00"
# auth_subject: (email, display_name, metadata)
USERS = {
    "nameless": ("ann.smith@example.org", None, {}),
    "named": ("bob@example.org", "Bob", {"theme": "dark"}),
    "empty name": ("cem@example.org", "", {}),
    "no address": (None, None, {}),
    "no local part": ("@example.org", None, {}),
    "no at sign": ("dora", None, {"theme": "dark"}),
    "long": ("e" * 300 + "@example.org", None, {}),
    "marked by others": ("fay@example.org", None, {MARK: "theirs"}),
    "marked with an object": ("gus@example.org", None, {MARK: {"by": "x", "value": "gus"}}),
    "no object": ("hal@example.org", None, []),
}


@pytest.fixture
def below(alembic_migration: MigrationOpener) -> DataMigration:
    """Provide the database before the backfill, with users of every sort, last changed long ago."""
    migration = alembic_migration(BACKFILL)
    migration.execute(
        insert("tenants", id=TENANT, name="Ours", slug="ours"),
        *(
            insert(
                "users",
                tenant_id=TENANT,
                auth_provider="oidc",
                auth_subject=subject,
                email=email,
                display_name=name,
                metadata=json.dumps(metadata),
                updated_at=LONG_AGO,
            )
            for subject, (email, name, metadata) in USERS.items()
        ),
    )
    return migration


def users(migration: DataMigration) -> dict[str, tuple[Any, ...]]:
    """Return (display_name, metadata, updated_at) of each user, by subject."""
    found = migration.rows("SELECT auth_subject, display_name, metadata, updated_at FROM users")
    return {row[0]: tuple(row[1:]) for row in found}


def test_nameless_users_get_a_name(below: DataMigration) -> None:
    """Users without a name get the local part of their address, cut to what a name may be."""
    below.upgrade()

    names = {subject: row[0] for subject, row in users(below).items()}
    assert names == {subject: name for subject, (_, name, _) in USERS.items()} | {
        "nameless": "ann.smith",
        "no at sign": "dora",
        "long": "e" * 255,
    }


def test_changed_rows_are_marked_and_no_others(below: DataMigration) -> None:
    """The metadata of each row that got a name says so, and keeps its other keys."""
    below.upgrade()

    metadata = {subject: row[1] for subject, row in users(below).items()}
    assert metadata["no at sign"] == {
        "theme": "dark",
        MARK: {"by": BACKFILL, "value": "dora"},
    }
    for subject in USERS.keys() - {"nameless", "no at sign", "long"}:
        assert metadata[subject] == USERS[subject][2]


def test_backfill_is_not_an_edit(below: DataMigration) -> None:
    """Upgrade and downgrade keep updated_at; an edit afterwards sets it."""
    below.upgrade()
    up = {row[2].year for row in users(below).values()}
    below.downgrade()
    down = {row[2].year for row in users(below).values()}
    below.execute("UPDATE users SET avatar_url = 'x' WHERE auth_subject = 'named'")

    assert (up, down) == ({2020}, {2020})
    assert users(below)["named"][2].year > 2020


def test_downgrade_restores_every_row(below: DataMigration) -> None:
    """The downgrade restores every user; the second upgrade gives the same as the first."""
    first = users(below)
    below.upgrade()
    second = users(below)

    below.downgrade()
    assert users(below) == first
    below.upgrade()
    assert users(below) == second


def test_edited_name_stays(below: DataMigration) -> None:
    """The downgrade keeps a name that was edited since, and removes only the mark."""
    below.upgrade()
    below.execute("UPDATE users SET display_name = 'Ann' WHERE auth_subject = 'nameless'")

    below.downgrade()

    assert users(below)["nameless"][:2] == ("Ann", {})


def test_name_set_to_null_stays_null(below: DataMigration) -> None:
    """The downgrade keeps a name that was set to NULL since, and removes only the mark."""
    below.upgrade()
    below.execute("UPDATE users SET display_name = NULL WHERE auth_subject = 'nameless'")

    below.downgrade()

    assert users(below)["nameless"][:2] == (None, {})
