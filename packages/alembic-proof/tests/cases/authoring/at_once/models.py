"""Columns, a check, a function with its trigger, a policy, a view over a retyped column, an enum value."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column(
        "state",
        postgresql.ENUM("open", "archived", "closed", name="state"),
        server_default="open",
        nullable=False,
    ),
    sa.Column("nickname", sa.Text, comment="What friends say"),
    sa.Column("changed_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("char_length(nickname) < 100", name="ck_users_nickname"),
    comment="People",
)

STATEMENTS = (
    """
    CREATE FUNCTION public.touch_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
    AS $function$
    BEGIN
        NEW.changed_at := now();
        RETURN NEW;
    END
    $function$
    """,
    """
    CREATE TRIGGER users_touch
    BEFORE UPDATE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.touch_user()
    """,
    "ALTER TABLE public.users ENABLE ROW LEVEL SECURITY",
    """
    CREATE POLICY users_own ON public.users
    USING (name = CURRENT_USER)
    WITH CHECK (name = CURRENT_USER)
    """,
    """
    CREATE VIEW public.user_names WITH (security_invoker = true) AS
    SELECT id, name FROM public.users WHERE state = 'open'
    """,
    "GRANT SELECT ON public.user_names TO PUBLIC",
)

for statement in STATEMENTS:
    sa.event.listen(users, "after_create", sa.DDL(statement))
