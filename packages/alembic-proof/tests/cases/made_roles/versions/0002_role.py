"""Role without a guard."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("CREATE ROLE alembic_proof_case_made NOLOGIN")
    op.execute("GRANT SELECT ON users TO alembic_proof_case_made")


def downgrade() -> None:
    op.execute("REVOKE ALL ON users FROM alembic_proof_case_made")
    op.execute("DROP ROLE alembic_proof_case_made")
