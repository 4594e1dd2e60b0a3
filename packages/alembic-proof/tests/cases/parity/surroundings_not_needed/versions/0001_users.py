"""More than the models need."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA app")
    op.execute("CREATE EXTENSION hstore")
    op.execute("CREATE SCHEMA forgotten")
    op.execute("CREATE EXTENSION pg_trgm")
    op.execute("CREATE TABLE app.users (id serial PRIMARY KEY, name text)")
    op.execute("CREATE INDEX users_name ON app.users USING gin (name gin_trgm_ops)")


def downgrade() -> None:
    op.execute("DROP SCHEMA app, forgotten CASCADE")
    op.execute("DROP EXTENSION pg_trgm, hstore")
