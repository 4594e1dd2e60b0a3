"""All of them are bound, one after the other; one is backfilled before."""

from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = [f"c{number}" for number in range(1, 28)]


def upgrade() -> None:
    op.execute("UPDATE public.users SET c5 = '' WHERE c5 IS NULL")
    for name in COLUMNS:
        op.alter_column("users", name, nullable=False)
    op.execute(
        "ALTER TABLE tags ALTER name SET NOT NULL, ALTER id SET NOT NULL, ALTER size SET NOT NULL"
    )
    op.execute("ALTER TABLE tags ADD CONSTRAINT ck_size CHECK (size < 0)")
    op.execute("ALTER TABLE tags ADD CONSTRAINT ck_name CHECK (name = 'x')")


def downgrade() -> None:
    op.execute("ALTER TABLE tags DROP CONSTRAINT ck_size, DROP CONSTRAINT ck_name")
    op.execute("ALTER TABLE tags ALTER name DROP NOT NULL, ALTER size DROP NOT NULL")
    for name in COLUMNS:
        op.alter_column("users", name, nullable=True)
