"""The doctor knows Boards' roles, tenants and grants."""

from __future__ import annotations

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.doctor.examine import examine
from alembic_deploy.url import DatabaseUrl
from boards.database.doctor import expectations
from boards.settings import Settings
from packages.backend.tests.conftest import send


def findings(url: str, login: str) -> list[tuple[str, str]]:
    """Return the id and the place of what is wrong with a database of Boards."""
    app_url = DatabaseUrl.parse(url).with_user(login).dsn
    expected = expectations(Settings(app_database_url=app_url), login=None)
    found = run_on(url, lambda connection: examine(connection, expected=expected))
    return [(one.id, one.where) for one in found]


def test_a_database_at_head_is_sound(migrated_url: str, app_login: str) -> None:
    """Nothing is wrong after an upgrade."""
    assert findings(migrated_url, app_login) == []


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "ALTER TABLE public.boards DISABLE ROW LEVEL SECURITY",
            ("rls-off", "table public.boards"),
        ),
        (
            "REVOKE INSERT ON public.tags FROM boards_app",
            ("missing-grant", "table public.tags"),
        ),
        (
            "CREATE TABLE public.notes (tenant_id uuid)",
            ("rls-off", "table public.notes"),
        ),
        (
            "ALTER TABLE public.users DISABLE TRIGGER users_set_updated_at",
            ("trigger-disabled", "table public.users"),
        ),
    ],
)
def test_damage_is_found(
    migrated_url: str, app_login: str, damage: str, found: tuple[str, str]
) -> None:
    """Whatever somebody has done by hand."""
    send(migrated_url, damage)

    assert findings(migrated_url, app_login) == [found]


def test_the_owner_is_no_login_of_the_application(migrated_url: str) -> None:
    """Its URL in BOARDS_APP_DATABASE_URL is found before a tenant's session refuses it."""
    owner = DatabaseUrl.parse(migrated_url).user or ""

    assert ("app-login-unsafe", f"role {owner}") in findings(migrated_url, owner)
