"""One member for each address; the others wait elsewhere until they come back."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE TABLE public.waiting (LIKE public.members INCLUDING ALL)")
    op.execute(
        "INSERT INTO public.waiting SELECT a.* FROM public.members AS a"
        " WHERE EXISTS (SELECT FROM public.members AS b WHERE a.email = b.email AND a.id > b.id)"
    )
    op.execute("DELETE FROM public.members AS a USING public.waiting AS b WHERE a.id = b.id")
    op.create_unique_constraint("uq_members_email", "members", ["email"])


def downgrade() -> None:
    op.drop_constraint("uq_members_email", "members")
    op.execute("INSERT INTO public.members SELECT * FROM public.waiting ON CONFLICT DO NOTHING")
    op.execute("DROP TABLE public.waiting")
