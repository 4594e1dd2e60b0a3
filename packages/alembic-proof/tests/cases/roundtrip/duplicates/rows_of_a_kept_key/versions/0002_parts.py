"""Parts, whose key has to be wider."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE events RENAME TO old_events")
    op.execute("ALTER TABLE old_events RENAME CONSTRAINT events_pkey TO old_events_pkey")
    op.execute(
        "CREATE TABLE events (id bigint, at date NOT NULL, PRIMARY KEY (id, at))"
        " PARTITION BY RANGE (at)"
    )
    op.execute("CREATE TABLE events_all PARTITION OF events DEFAULT")
    op.execute("INSERT INTO events SELECT * FROM old_events")
    op.execute("DROP TABLE old_events")


def downgrade() -> None:
    op.execute("CREATE TABLE new_events (id bigint PRIMARY KEY, at date NOT NULL)")
    op.execute("INSERT INTO new_events SELECT * FROM events")
    op.execute("DROP TABLE events")
    op.execute("ALTER TABLE new_events RENAME TO events")
    op.execute("ALTER TABLE events RENAME CONSTRAINT new_events_pkey TO events_pkey")
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM pg_constraint WHERE conname ="
        " 'new_events_id_not_null') THEN ALTER TABLE events RENAME CONSTRAINT"
        " new_events_id_not_null TO events_id_not_null; ALTER TABLE events RENAME"
        " CONSTRAINT new_events_at_not_null TO events_at_not_null; END IF; END $$"
    )
