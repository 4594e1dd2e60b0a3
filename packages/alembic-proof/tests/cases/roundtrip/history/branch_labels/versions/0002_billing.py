"""The first of a branch with a name."""

from alembic import op

revision = "0002"
down_revision = "0001"

branch_labels = ("billing",)


def upgrade() -> None:
    op.execute(
        "CREATE TABLE public.bills (id integer PRIMARY KEY, user_id integer REFERENCES public.users)"
    )


def downgrade() -> None:
    op.drop_table("bills")
