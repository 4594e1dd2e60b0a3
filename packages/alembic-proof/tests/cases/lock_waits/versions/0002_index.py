"""A second connection holds what CREATE INDEX CONCURRENTLY waits for: its transaction is open."""

import os

import psycopg
from alembic import op

from alembic_deploy.url import DatabaseUrl

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    name = op.get_bind().exec_driver_sql("SELECT current_database()").scalar_one()
    url = DatabaseUrl.parse(os.environ["CASE_SCRATCH_URL"]).with_database(name)
    with psycopg.connect(url.text) as other:
        other.execute("UPDATE notes SET name = name")
        with op.get_context().autocommit_block():
            op.create_index("notes_name", "notes", ["name"], postgresql_concurrently=True)


def downgrade() -> None:
    op.drop_index("notes_name")
