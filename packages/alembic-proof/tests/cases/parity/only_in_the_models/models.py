"""A trigger that no revision makes."""

import sqlalchemy as sa

metadata = sa.MetaData()

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)

sa.event.listen(
    users,
    "after_create",
    sa.DDL(
        """
        CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RETURN NEW; END $$
        """
    ),
)
sa.event.listen(
    users,
    "after_create",
    sa.DDL(
        """
        CREATE TRIGGER users_stamp BEFORE UPDATE ON public.users
        FOR EACH ROW EXECUTE FUNCTION public.stamp()
        """
    ),
)
