"""Changes of tables with many rows: the dangerous ones in their safe form, rewrites and drops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TEXT = '''"""{title}."""

from alembic import op

revision = "{revision}"
down_revision = "{after}"


def upgrade() -> None:
{upgrade}


def downgrade() -> None:
{downgrade}
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A revision: what it is called, and its statements in both directions."""

    revision: str
    title: str
    upgrade: tuple[str, ...]
    downgrade: tuple[str, ...]
    is_autocommit: bool = False
    """Whether its statements cannot run in a transaction."""


SAFE = (
    Change(
        revision="0001addcol",
        title="Add a column with a constant default",
        upgrade=("ALTER TABLE public.users ADD COLUMN locale text NOT NULL DEFAULT 'en'",),
        downgrade=("ALTER TABLE public.users DROP COLUMN locale",),
    ),
    Change(
        revision="0002index",
        title="Index the status of generations",
        is_autocommit=True,
        upgrade=(
            (
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_generations_status"
                " ON public.generations (tenant_id, status)"
            ),
        ),
        downgrade=("DROP INDEX CONCURRENTLY IF EXISTS public.ix_generations_status",),
    ),
    Change(
        revision="0003check",
        title="Check titles, first half",
        upgrade=(
            (
                "ALTER TABLE public.boards ADD CONSTRAINT ck_boards_title_trimmed"
                " CHECK (title = btrim(title)) NOT VALID"
            ),
        ),
        downgrade=("ALTER TABLE public.boards DROP CONSTRAINT ck_boards_title_trimmed",),
    ),
    Change(
        revision="0004validate",
        title="Check titles, second half",
        upgrade=("ALTER TABLE public.boards VALIDATE CONSTRAINT ck_boards_title_trimmed",),
        downgrade=("SELECT 1",),
    ),
    Change(
        revision="0005column",
        title="Add a reference from users to users",
        upgrade=("ALTER TABLE public.users ADD COLUMN manager_id uuid",),
        downgrade=("ALTER TABLE public.users DROP COLUMN manager_id",),
    ),
    Change(
        revision="0006index",
        title="Index the reference",
        is_autocommit=True,
        upgrade=(
            (
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_users_manager"
                " ON public.users (tenant_id, manager_id)"
            ),
        ),
        downgrade=("DROP INDEX CONCURRENTLY IF EXISTS public.ix_users_manager",),
    ),
    Change(
        revision="0007fkey",
        title="Enforce the reference, first half",
        upgrade=(
            (
                "ALTER TABLE public.users ADD CONSTRAINT fk_users_manager"
                " FOREIGN KEY (tenant_id, manager_id) REFERENCES public.users (tenant_id, id) NOT VALID"
            ),
        ),
        downgrade=("ALTER TABLE public.users DROP CONSTRAINT fk_users_manager",),
    ),
    Change(
        revision="0008validate",
        title="Enforce the reference, second half",
        upgrade=("ALTER TABLE public.users VALIDATE CONSTRAINT fk_users_manager",),
        downgrade=("SELECT 1",),
    ),
    Change(
        revision="0009notnull",
        title="Require a job's id, first third",
        upgrade=(
            (
                "ALTER TABLE public.generations ADD CONSTRAINT ck_generations_job"
                " CHECK (external_job_id IS NOT NULL) NOT VALID"
            ),
        ),
        downgrade=("ALTER TABLE public.generations DROP CONSTRAINT IF EXISTS ck_generations_job",),
    ),
    Change(
        revision="0010validate",
        title="Require a job's id, second third",
        upgrade=("ALTER TABLE public.generations VALIDATE CONSTRAINT ck_generations_job",),
        downgrade=("SELECT 1",),
    ),
    Change(
        revision="0011notnull",
        title="Require a job's id, last third",
        upgrade=(
            (
                "ALTER TABLE public.generations ALTER COLUMN external_job_id SET NOT NULL,"
                " DROP CONSTRAINT ck_generations_job"
            ),
        ),
        downgrade=(
            (
                "ALTER TABLE public.generations ALTER COLUMN external_job_id DROP NOT NULL,"
                " ADD CONSTRAINT ck_generations_job CHECK (external_job_id IS NOT NULL) NOT VALID"
            ),
        ),
    ),
    Change(
        revision="0012unique",
        title="Make subjects unique, first half",
        is_autocommit=True,
        upgrade=(
            (
                "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_users_subject"
                " ON public.users (tenant_id, auth_subject)"
            ),
        ),
        downgrade=("DROP INDEX CONCURRENTLY IF EXISTS public.uq_users_subject",),
    ),
    Change(
        revision="0013unique",
        title="Make subjects unique, second half",
        upgrade=(
            (
                "ALTER TABLE public.users ADD CONSTRAINT uq_users_subject"
                " UNIQUE USING INDEX uq_users_subject"
            ),
        ),
        downgrade=("ALTER TABLE public.users DROP CONSTRAINT uq_users_subject",),
    ),
    Change(
        revision="0014trigger",
        title="Add a trigger that changes nothing",
        upgrade=(
            (
                "CREATE FUNCTION public.note_user() RETURNS trigger LANGUAGE plpgsql"
                " SET search_path = pg_catalog AS 'BEGIN RETURN NEW; END'"
            ),
            (
                "CREATE TRIGGER users_note BEFORE INSERT ON public.users"
                " FOR EACH ROW EXECUTE FUNCTION public.note_user()"
            ),
        ),
        downgrade=(
            "DROP TRIGGER users_note ON public.users",
            "DROP FUNCTION public.note_user()",
        ),
    ),
    Change(
        revision="0015table",
        title="Create a table that refers to three others",
        upgrade=(
            (
                "LOCK TABLE public.boards, public.generations, public.users"
                " IN SHARE ROW EXCLUSIVE MODE"
            ),
            (
                "CREATE TABLE public.likes ("
                " tenant_id uuid NOT NULL, user_id uuid NOT NULL, board_id uuid, generation_id uuid,"
                " FOREIGN KEY (tenant_id, user_id) REFERENCES public.users (tenant_id, id),"
                " FOREIGN KEY (tenant_id, board_id) REFERENCES public.boards (tenant_id, id),"
                " FOREIGN KEY (tenant_id, generation_id) REFERENCES public.generations (tenant_id, id))"
            ),
        ),
        downgrade=(
            "LOCK TABLE public.boards, public.generations, public.users IN ACCESS EXCLUSIVE MODE",
            "DROP TABLE public.likes",
        ),
    ),
    Change(
        revision="0016several",
        title="Alter three tables in one revision, locked first",
        upgrade=(
            "LOCK TABLE public.boards, public.generations, public.users IN ACCESS EXCLUSIVE MODE",
            "ALTER TABLE public.users ADD COLUMN pinned boolean NOT NULL DEFAULT false",
            "ALTER TABLE public.boards ADD COLUMN pinned boolean NOT NULL DEFAULT false",
            "ALTER TABLE public.generations ADD COLUMN pinned boolean NOT NULL DEFAULT false",
        ),
        downgrade=(
            "LOCK TABLE public.boards, public.generations, public.users IN ACCESS EXCLUSIVE MODE",
            "ALTER TABLE public.generations DROP COLUMN pinned",
            "ALTER TABLE public.boards DROP COLUMN pinned",
            "ALTER TABLE public.users DROP COLUMN pinned",
        ),
    ),
)
"""Changes that block nobody for longer than they wait for their locks."""

REWRITES = (
    Change(
        revision="0101type",
        title="Change a column's type, which rewrites the table",
        upgrade=("ALTER TABLE public.generations ALTER COLUMN progress TYPE double precision",),
        downgrade=("ALTER TABLE public.generations ALTER COLUMN progress TYPE numeric(5, 2)",),
    ),
    Change(
        revision="0102default",
        title="Add a column with a volatile default, which rewrites the table",
        upgrade=(
            "ALTER TABLE public.boards ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()",
        ),
        downgrade=("ALTER TABLE public.boards DROP COLUMN token",),
    ),
    Change(
        revision="0103notnull",
        title="Require a column without a check, which reads the table",
        upgrade=("ALTER TABLE public.users ALTER COLUMN email SET NOT NULL",),
        downgrade=("ALTER TABLE public.users ALTER COLUMN email DROP NOT NULL",),
    ),
    Change(
        revision="0104index",
        title="Create an index while nobody writes",
        upgrade=("CREATE INDEX ix_boards_title ON public.boards (tenant_id, title)",),
        downgrade=("DROP INDEX public.ix_boards_title",),
    ),
)
"""Changes that block others for as long as they read or write the table."""


def revision_text(change: Change, *, after: str) -> str:
    """Return the source of the change's revision."""
    return _TEXT.format(
        title=change.title,
        revision=change.revision,
        after=after,
        upgrade=_body(change.upgrade, is_autocommit=change.is_autocommit),
        downgrade=_body(change.downgrade, is_autocommit=change.is_autocommit),
    )


def _body(statements: Sequence[str], *, is_autocommit: bool) -> str:
    calls = [f"op.execute({statement!r})" for statement in statements]
    if not is_autocommit:
        return "\n".join(f"    {call}" for call in calls)
    inside = "\n".join(f"        {call}" for call in calls)
    return f"    with op.get_context().autocommit_block():\n{inside}"
