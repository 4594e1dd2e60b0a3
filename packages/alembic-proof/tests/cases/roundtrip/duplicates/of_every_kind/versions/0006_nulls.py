"""One row may have no place."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE public.e ADD CONSTRAINT uq_e UNIQUE NULLS NOT DISTINCT (place)")


def downgrade() -> None:
    op.drop_constraint("uq_e", "e")
