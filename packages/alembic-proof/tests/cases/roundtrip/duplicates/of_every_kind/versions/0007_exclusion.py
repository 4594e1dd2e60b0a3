"""Times that do not overlap."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE public.f ADD CONSTRAINT ex_f EXCLUDE USING gist (during WITH &&)")


def downgrade() -> None:
    op.drop_constraint("ex_f", "f")
