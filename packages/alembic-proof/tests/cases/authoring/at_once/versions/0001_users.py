"""Users."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column(
            "state",
            postgresql.ENUM("open", "closed", name="state"),
            server_default="open",
            nullable=False,
        ),
        comment="People",
    )
    op.execute("""
        CREATE VIEW public.user_names WITH (security_invoker = true) AS
        SELECT id, name FROM public.users WHERE state = 'open'
    """)
    op.execute("INSERT INTO public.users (name) VALUES ('Ada')")


def downgrade() -> None:
    op.execute("DROP VIEW public.user_names")
    op.drop_table("users")
    op.execute("DROP TYPE public.state")
