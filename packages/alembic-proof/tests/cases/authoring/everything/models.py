"""A column that Alembic sees, and a check, a trigger and a policy that it does not see."""

import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("nickname", sa.Text),
    sa.CheckConstraint("char_length(name) < 10000", name="ck_users_name"),
)

STATEMENTS = (
    """
    CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER users_stamp BEFORE UPDATE ON public.users
    FOR EACH ROW EXECUTE FUNCTION public.stamp()
    """,
    "ALTER TABLE public.users ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY users_isolation ON public.users USING (name = CURRENT_USER)",
)

for statement in STATEMENTS:
    sa.event.listen(users, "after_create", sa.DDL(statement))
