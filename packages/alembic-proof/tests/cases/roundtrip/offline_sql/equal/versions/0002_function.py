"""Function."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            RETURN NEW; -- it's done;
        END
        $body$
        """
    )
    op.execute(
        "CREATE FUNCTION one() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END"
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION touch()")
    op.execute("DROP FUNCTION one()")
