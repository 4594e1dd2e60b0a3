"""A unique constraint that the downgrade calls otherwise, in a schema that needs quotes."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute('CREATE SCHEMA "My shop"')
    op.execute('CREATE TABLE "My shop"."Places" (code text)')
    op.execute('ALTER TABLE "My shop"."Places" ADD UNIQUE (code), ADD CHECK (code <> \'\')')


def downgrade() -> None:
    op.drop_constraint("uq_places_code", "Places", schema="My shop")
    op.execute('DROP TABLE "My shop"."Places"')
    op.execute('DROP SCHEMA "My shop"')
