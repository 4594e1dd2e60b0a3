"""The schema, the extension and the table."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import UserDefinedType

revision = "0001"
down_revision = None


class Citext(UserDefinedType):
    """A type that no SQLAlchemy before 2 has."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "citext"


def upgrade() -> None:
    op.execute(r'CREATE SCHEMA "other\: 100%"')
    op.execute("CREATE EXTENSION citext")
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", Citext, nullable=False),
        schema="other: 100%",
    )


def downgrade() -> None:
    op.execute(r'DROP SCHEMA "other\: 100%" CASCADE')
    op.execute("DROP EXTENSION citext")
