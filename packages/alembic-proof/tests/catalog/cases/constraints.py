"""Constraints and indexes."""

from __future__ import annotations

from .case import Case
from .sample_schema import SPACE

USERS = "ALTER TABLE app.users"
CHECK = "constraint app.users.ck_users_email"
KEY = "constraint app.users.fk_users_tenant_id"
REFERS = "FOREIGN KEY (tenant_id) REFERENCES app.tenants (id)"


def _other_key(tail: str) -> tuple[str, ...]:
    return (
        f"{USERS} DROP CONSTRAINT fk_users_tenant_id",
        f"{USERS} ADD CONSTRAINT fk_users_tenant_id {REFERS} {tail}",
    )


def _other_unique(definition: str) -> tuple[str, ...]:
    return (
        f"{USERS} DROP CONSTRAINT uq_users_email",
        f"{USERS} ADD CONSTRAINT uq_users_email {definition}",
    )


def _other_index(definition: str, *, unique: str = "") -> tuple[str, ...]:
    return (
        "DROP INDEX app.ix_users_tenant_id",
        f"CREATE {unique}INDEX ix_users_tenant_id ON app.users {definition}",
    )


INDEX = "index app.ix_users_tenant_id"
FROM = f"{INDEX}: USING btree (tenant_id) ->"
REFERS_AS_READ = "FOREIGN KEY (tenant_id) REFERENCES app.tenants(id)"

CASES = (
    Case(
        "check added",
        "ALTER TABLE app.notes ADD CONSTRAINT ck CHECK (a > 0)",
        "constraint app.notes.ck: unexpected",
    ),
    Case("check dropped", f"{USERS} DROP CONSTRAINT ck_users_email", f"{CHECK}: missing"),
    Case(
        "check changed",
        (
            f"{USERS} DROP CONSTRAINT ck_users_email",
            f"{USERS} ADD CONSTRAINT ck_users_email CHECK (char_length(email) <= 500)",
        ),
        f"{CHECK}: CHECK ((char_length(email) <= 255)) -> CHECK ((char_length(email) <= 500))",
    ),
    Case(
        "check not valid",
        (
            f"{USERS} DROP CONSTRAINT ck_users_email",
            f"{USERS} ADD CONSTRAINT ck_users_email CHECK (char_length(email) <= 255) NOT VALID",
        ),
        f"{CHECK}: CHECK ((char_length(email) <= 255)) -> CHECK ((char_length(email) <= 255)) NOT VALID",
    ),
    Case(
        "check not inherited",
        (
            f"{USERS} DROP CONSTRAINT ck_users_email",
            f"{USERS} ADD CONSTRAINT ck_users_email CHECK (char_length(email) <= 255) NO INHERIT",
        ),
        f"{CHECK}: CHECK ((char_length(email) <= 255)) -> CHECK ((char_length(email) <= 255)) NO INHERIT",
    ),
    Case(
        "check not enforced",
        (
            f"{USERS} DROP CONSTRAINT ck_users_email",
            f"{USERS} ADD CONSTRAINT ck_users_email CHECK (char_length(email) <= 255) NOT ENFORCED",
        ),
        f"{CHECK}: CHECK ((char_length(email) <= 255)) -> CHECK ((char_length(email) <= 255)) NOT ENFORCED",
        since=18,
    ),
    Case(
        "constraint comment",
        "COMMENT ON CONSTRAINT ck_users_email ON app.users IS 'short'",
        f"{CHECK}, comment: none -> short",
    ),
    Case("foreign key dropped", f"{USERS} DROP CONSTRAINT fk_users_tenant_id", f"{KEY}: missing"),
    Case(
        "foreign key's action",
        _other_key("ON DELETE CASCADE"),
        f"{KEY}: {REFERS_AS_READ} -> {REFERS_AS_READ} ON DELETE CASCADE",
    ),
    Case(
        "foreign key deferrable",
        f"{USERS} ALTER CONSTRAINT fk_users_tenant_id DEFERRABLE",
        f"{KEY}: {REFERS_AS_READ} -> {REFERS_AS_READ} DEFERRABLE",
    ),
    Case(
        "foreign key deferred",
        f"{USERS} ALTER CONSTRAINT fk_users_tenant_id DEFERRABLE INITIALLY DEFERRED",
        f"{KEY}: {REFERS_AS_READ} -> {REFERS_AS_READ} DEFERRABLE INITIALLY DEFERRED",
    ),
    Case(
        "foreign key not valid",
        _other_key("NOT VALID"),
        f"{KEY}: {REFERS_AS_READ} -> {REFERS_AS_READ} NOT VALID",
    ),
    Case(
        "foreign key's match",
        _other_key("MATCH FULL"),
        f"{KEY}: {REFERS_AS_READ} -> {REFERS_AS_READ} MATCH FULL",
    ),
    Case(
        "foreign key not enforced",
        f"{USERS} ALTER CONSTRAINT fk_users_tenant_id NOT ENFORCED",
        f"{KEY}: {REFERS_AS_READ} -> {REFERS_AS_READ} NOT ENFORCED",
        since=18,
    ),
    Case(
        "foreign key switched off",
        f"{USERS} DISABLE TRIGGER ALL",
        f"{KEY}, triggers: none -> disabled",
        setup=("DROP TRIGGER users_touch ON app.users",),
    ),
    Case(
        "unique dropped",
        f"{USERS} DROP CONSTRAINT uq_users_email",
        "constraint app.users.uq_users_email: missing",
    ),
    Case(
        "unique deferrable",
        _other_unique("UNIQUE (email) DEFERRABLE"),
        "constraint app.users.uq_users_email: UNIQUE (email) -> UNIQUE (email) DEFERRABLE",
    ),
    Case(
        "unique includes",
        _other_unique("UNIQUE (email) INCLUDE (name)"),
        "constraint app.users.uq_users_email: UNIQUE (email) -> UNIQUE (email) INCLUDE (name)",
    ),
    Case(
        "unique nulls",
        _other_unique("UNIQUE NULLS NOT DISTINCT (email)"),
        "constraint app.users.uq_users_email: UNIQUE (email) -> UNIQUE NULLS NOT DISTINCT (email)",
    ),
    Case(
        "unique without overlaps",
        "ALTER TABLE app.booked ADD CONSTRAINT uq UNIQUE (room, during WITHOUT OVERLAPS)",
        "constraint app.booked.uq: unexpected",
        setup=("CREATE TABLE app.booked (room int4range, during daterange)",),
        since=18,
    ),
    Case(
        "primary key's columns",
        (
            f"{USERS} DROP CONSTRAINT pk_users",
            f"{USERS} ADD CONSTRAINT pk_users PRIMARY KEY (id, tenant_id)",
        ),
        "constraint app.users.pk_users: PRIMARY KEY (id) -> PRIMARY KEY (id, tenant_id)",
    ),
    Case(
        "primary key's index options",
        "ALTER INDEX app.pk_users SET (fillfactor = 60)",
        "index app.pk_users, options: none -> 'fillfactor=60'",
    ),
    Case(
        "primary key's index comment",
        "COMMENT ON INDEX app.pk_users IS 'the key'",
        "index app.pk_users, comment: none -> the key",
    ),
    Case(
        "exclusion added",
        "ALTER TABLE app.notes ADD CONSTRAINT ex EXCLUDE USING gist (int4range(a, c) WITH &&)",
        "constraint app.notes.ex: unexpected",
    ),
    Case("index created", "CREATE INDEX ix ON app.notes (a)", "index app.ix: unexpected"),
    Case("index dropped", "DROP INDEX app.ix_users_tenant_id", f"{INDEX}: missing"),
    Case("index columns", _other_index("(tenant_id, id)"), f"{FROM} USING btree (tenant_id, id)"),
    Case(
        "index unique",
        _other_index("(tenant_id)", unique="UNIQUE "),
        f"{FROM} UNIQUE USING btree (tenant_id)",
    ),
    Case(
        "index nulls not distinct",
        ("DROP INDEX app.u", "CREATE UNIQUE INDEX u ON app.notes (a) NULLS NOT DISTINCT"),
        "index app.u: UNIQUE USING btree (a) -> UNIQUE USING btree (a) NULLS NOT DISTINCT",
        setup=("CREATE UNIQUE INDEX u ON app.notes (a)",),
    ),
    Case(
        "index predicate",
        _other_index("(tenant_id) WHERE email IS NOT NULL"),
        f"{FROM} USING btree (tenant_id) WHERE (email IS NOT NULL)",
    ),
    Case(
        "index includes",
        _other_index("(tenant_id) INCLUDE (name)"),
        f"{FROM} USING btree (tenant_id) INCLUDE (name)",
    ),
    Case(
        "index direction",
        _other_index("(tenant_id DESC NULLS LAST)"),
        f"{FROM} USING btree (tenant_id DESC NULLS LAST)",
    ),
    Case("index method", _other_index("USING hash (tenant_id)"), f"{FROM} USING hash (tenant_id)"),
    Case(
        "index operator class",
        (
            "DROP INDEX app.ix_users_lower",
            "CREATE INDEX ix_users_lower ON app.users (lower(email) text_pattern_ops)",
        ),
        "index app.ix_users_lower: USING btree (lower(email)) -> USING btree (lower(email) text_pattern_ops)",
    ),
    Case(
        "index expression",
        (
            "DROP INDEX app.ix_users_lower",
            "CREATE INDEX ix_users_lower ON app.users (upper(email))",
        ),
        "index app.ix_users_lower: USING btree (lower(email)) -> USING btree (upper(email))",
    ),
    Case(
        "index option",
        "ALTER INDEX app.ix_users_tenant_id SET (fillfactor = 50)",
        f"{FROM} USING btree (tenant_id) WITH (fillfactor='50')",
    ),
    Case(
        "index tablespace",
        f"ALTER INDEX app.ix_users_tenant_id SET TABLESPACE {SPACE}",
        f"{INDEX}, tablespace: none -> {SPACE}",
    ),
    Case(
        "index invalid",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.ix_users_tenant_id'::regclass",
        f"{INDEX}, valid: none -> no",
    ),
    Case(
        "index not ready",
        "UPDATE pg_index SET indisready = false WHERE indexrelid = 'app.ix_users_tenant_id'::regclass",
        f"{INDEX}, ready: none -> no",
    ),
    Case(
        "index clustered",
        "ALTER TABLE app.users CLUSTER ON ix_users_tenant_id",
        f"{INDEX}, clustered: none -> yes",
    ),
    Case(
        "index statistics",
        "ALTER INDEX app.ix_users_lower ALTER COLUMN 1 SET STATISTICS 300",
        "index app.ix_users_lower, statistics targets: none -> 1=300",
    ),
    Case(
        "index comment",
        "COMMENT ON INDEX app.ix_users_tenant_id IS 'by tenant'",
        f"{INDEX}, comment: none -> by tenant",
    ),
    Case("partitioned index", "CREATE INDEX ix ON app.events (at)", "index app.ix: unexpected"),
    Case(
        "index on a materialized view",
        "CREATE UNIQUE INDEX ix ON app.counts (tenant_id)",
        "index app.ix: unexpected",
    ),
    Case(
        "index on another table",
        ("DROP INDEX app.moved", "CREATE INDEX moved ON app.loose (id)"),
        "index app.moved, table: app.tenants -> app.loose",
        setup=("CREATE INDEX moved ON app.tenants (id)",),
    ),
)
