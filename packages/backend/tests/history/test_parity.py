"""Parity: the history builds what the models declare, and every kind of difference is found."""

from __future__ import annotations

import pytest
from alembic.util import CommandError

from alembic_proof.catalog import diff
from packages.backend.tests.history.database import Database


def test_history_ends_at_the_models(models: Database, migrated: Database) -> None:
    """A database at head and one that create_all() built have equal catalogs."""
    assert diff(models.catalog(), migrated.catalog()) == ()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "DROP TRIGGER users_set_updated_at ON users",
            "trigger public.users.users_set_updated_at: missing",
        ),
        ("DROP POLICY users_isolation ON users", "policy public.users.users_isolation: missing"),
        (
            "ALTER POLICY users_isolation ON users USING (true)",
            "policy public.users.users_isolation, using: ",
        ),
        ("ALTER TABLE users DISABLE ROW LEVEL SECURITY", "table public.users, row security: "),
        ("ALTER TABLE users FORCE ROW LEVEL SECURITY", "table public.users, force row security: "),
        ("REVOKE UPDATE ON users FROM boards_app", "table public.users, grant to boards_app: "),
        ("GRANT SELECT ON users TO PUBLIC", "table public.users, grant to PUBLIC: "),
        (
            "GRANT EXECUTE ON FUNCTION guard_credit_transactions() TO PUBLIC",
            "function public.guard_credit_transactions(), grant to PUBLIC: ",
        ),
        (
            "ALTER FUNCTION guard_credit_transactions() SECURITY INVOKER",
            "function public.guard_credit_transactions(): changed",
        ),
        (
            "ALTER FUNCTION set_updated_at() RESET search_path",
            "function public.set_updated_at(): changed",
        ),
        (
            "ALTER TABLE boards ALTER COLUMN is_public SET DEFAULT true",
            "column public.boards.is_public, default: false -> true",
        ),
        (
            "ALTER TABLE boards ALTER COLUMN title DROP NOT NULL",
            "column public.boards.title, nullability: ",
        ),
        (
            "ALTER TABLE generations ALTER COLUMN progress TYPE numeric(6,2)",
            "column public.generations.progress, type: numeric(5,2) -> numeric(6,2)",
        ),
        ("COMMENT ON COLUMN boards.title IS 'Name'", "column public.boards.title, comment: "),
        (
            "DROP INDEX ix_users_tenant_id_lower_email",
            "index public.ix_users_tenant_id_lower_email: missing",
        ),
        (
            "ALTER TABLE tenants DROP CONSTRAINT uq_tenants_slug",
            "constraint public.tenants.uq_tenants_slug: missing",
        ),
        ('DROP EXTENSION "uuid-ossp"', 'extension "uuid-ossp": missing'),
    ],
)
def test_one_difference_is_seen(pinned_template: Database, statement: str, sentence: str) -> None:
    """After one change of a database, exactly that difference is found."""
    found = pinned_template.changes_made_by(statement)

    assert [text[: len(sentence)] for text in found] == [sentence]


def test_changed_check_is_seen(pinned_template: Database) -> None:
    """A check with the same name and another bound is reported with both conditions."""
    [found] = pinned_template.changes_made_by(
        "ALTER TABLE boards DROP CONSTRAINT ck_boards_title_length",
        "ALTER TABLE boards ADD CONSTRAINT ck_boards_title_length"
        " CHECK (char_length(title) BETWEEN 1 AND 500)",
    )

    assert found.startswith("constraint public.boards.ck_boards_title_length: CHECK")
    assert "255" in found.partition("->")[0]
    assert "500" in found.partition("->")[2]


def test_check_is_clean_at_head(migrated: Database) -> None:
    """Alembic's own check finds nothing to do after `upgrade head`."""
    migrated.check()


def test_autogenerate_sees_it_too(migrated: Database) -> None:
    """Types, defaults, columns and indexes are compared by Alembic itself: check names each."""
    changed = {
        "title": "ALTER TABLE boards ALTER COLUMN title TYPE varchar(255)",
        "progress": "ALTER TABLE generations ALTER COLUMN progress TYPE numeric(6,2)",
        "created_at": "ALTER TABLE users ALTER COLUMN created_at TYPE timestamp",
        "is_public": "ALTER TABLE boards ALTER COLUMN is_public SET DEFAULT true",
        "stray": "ALTER TABLE boards ADD COLUMN stray text",
        "ix_boards_tenant_id_owner_id": "DROP INDEX ix_boards_tenant_id_owner_id",
    }
    migrated.drop_views()
    migrated.execute(*changed.values())

    with pytest.raises(CommandError) as caught:
        migrated.check()

    assert [word for word in changed if f"'{word}'" not in str(caught.value)] == []
