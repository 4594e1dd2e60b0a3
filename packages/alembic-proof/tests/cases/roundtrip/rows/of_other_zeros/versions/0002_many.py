"""Many digits for a while."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE prices ALTER price TYPE numeric(60, 25)")
    op.execute("ALTER TABLE prices ALTER many TYPE numeric(60, 25)[]")
    op.execute(
        "UPDATE prices SET span = row((span).low::numeric(60, 25), (span).high::numeric(60, 25))"
    )
    op.execute(
        'UPDATE prices SET "from" = numrange(lower("from")::numeric(60, 25),'
        ' upper("from")::numeric(60, 25)) WHERE lower_inc("from") AND NOT upper_inc("from")'
    )


def downgrade() -> None:
    op.execute("ALTER TABLE prices ALTER price TYPE numeric")
    op.execute("ALTER TABLE prices ALTER many TYPE numeric[]")
