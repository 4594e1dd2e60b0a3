"""Users, with a trigger, a policy, grants and what else drifts."""

from alembic import op

revision = "0001"
down_revision = None

_UP = """
CREATE EXTENSION pg_trgm;
CREATE TABLE users (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL DEFAULT 'nobody',
    CONSTRAINT ck_users_name CHECK (char_length(name) <= 50)
);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER users_stamp BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stamp();
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_all ON users TO alembic_proof_shop USING (true);
GRANT SELECT, INSERT ON users TO alembic_proof_shop;
GRANT UPDATE (name) ON users TO alembic_proof_shop;
REVOKE EXECUTE ON FUNCTION stamp() FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO alembic_proof_shop;
CREATE SEQUENCE tickets;
CREATE MATERIALIZED VIEW names AS SELECT name FROM users WITH NO DATA
"""


def upgrade() -> None:
    for statement in _UP.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW names")
    op.execute("DROP SEQUENCE tickets")
    op.execute("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM alembic_proof_shop")
    op.execute("DROP TABLE users")
    op.execute("DROP FUNCTION stamp()")
    op.execute("DROP EXTENSION pg_trgm")
