"""Role without a guard."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute('CREATE ROLE "alembic-proof case made" NOLOGIN')
    op.execute('GRANT SELECT ON users TO "alembic-proof case made"')


def downgrade() -> None:
    op.execute('REVOKE ALL ON users FROM "alembic-proof case made"')
    op.execute('DROP ROLE "alembic-proof case made"')
