"""Tables: presence, storage, row security, partitions, inheritance."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, SPACE, WRITER

NAME = "app.notes"
TABLE = f"table {NAME}"

CASES = (
    Case(
        "table created",
        "CREATE TABLE app.more (id integer PRIMARY KEY, x text DEFAULT 'a')",
        "table app.more: unexpected",
    ),
    Case(
        "table dropped",
        "DROP TABLE app.users CASCADE",
        "table app.users: missing",
        setup=("DROP VIEW app.names", "DROP MATERIALIZED VIEW app.counts"),
    ),
    Case(
        "table unlogged",
        f"ALTER TABLE {NAME} SET UNLOGGED",
        f"{TABLE}, persistence: none -> unlogged",
    ),
    Case(
        "row security on",
        f"ALTER TABLE {NAME} ENABLE ROW LEVEL SECURITY",
        f"{TABLE}, row security: none -> enabled",
    ),
    Case(
        "row security off",
        "ALTER TABLE app.users DISABLE ROW LEVEL SECURITY",
        "table app.users, row security: enabled -> none",
    ),
    Case(
        "row security forced",
        f"ALTER TABLE {NAME} FORCE ROW LEVEL SECURITY",
        f"{TABLE}, force row security: none -> enabled",
    ),
    Case(
        "replica identity full",
        f"ALTER TABLE {NAME} REPLICA IDENTITY FULL",
        f"{TABLE}, replica identity: none -> full",
    ),
    Case(
        "replica identity nothing",
        f"ALTER TABLE {NAME} REPLICA IDENTITY NOTHING",
        f"{TABLE}, replica identity: none -> nothing",
    ),
    Case(
        "replica identity by index",
        "ALTER TABLE app.tenants REPLICA IDENTITY USING INDEX tenants_pkey",
        "table app.tenants, replica identity: none -> index tenants_pkey",
    ),
    Case(
        "table option",
        f"ALTER TABLE {NAME} SET (fillfactor = 70)",
        f"{TABLE}, options: none -> 'fillfactor=70'",
    ),
    Case(
        "table option changed",
        f"ALTER TABLE {NAME} SET (fillfactor = 80)",
        f"{TABLE}, options: 'fillfactor=70' -> 'fillfactor=80'",
        setup=(f"ALTER TABLE {NAME} SET (fillfactor = 70)",),
    ),
    Case(
        "toast option",
        f"ALTER TABLE {NAME} SET (toast.autovacuum_enabled = false)",
        f"{TABLE}, toast options: none -> 'autovacuum_enabled=false'",
    ),
    Case(
        "access method",
        f"ALTER TABLE {NAME} SET ACCESS METHOD heap2",
        f"{TABLE}, access method: none -> heap2",
        setup=("CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",),
    ),
    Case(
        "tablespace",
        f"ALTER TABLE {NAME} SET TABLESPACE {SPACE}",
        f"{TABLE}, tablespace: none -> {SPACE}",
    ),
    Case(
        "table of type",
        "ALTER TABLE app.typed OF app.pair",
        "table app.typed, of type: none -> app.pair",
        setup=("CREATE TABLE app.typed (a integer, b text)",),
    ),
    Case(
        "partition created",
        "CREATE TABLE app.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "table app.events_2025: unexpected",
    ),
    Case(
        "partition of what a foreign key refers to",
        "CREATE TABLE app.events_2025 PARTITION OF app.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "table app.events_2025: unexpected",
        setup=(
            "CREATE TABLE app.refers (id integer, at date, CONSTRAINT fk FOREIGN KEY (id, at) REFERENCES app.events)",
        ),
    ),
    Case(
        "foreign key to a partitioned table",
        "ALTER TABLE app.loose ADD CONSTRAINT fk FOREIGN KEY (id, at) REFERENCES app.events",
        "constraint app.loose.fk: unexpected",
    ),
    Case(
        "foreign key of a partitioned table",
        "ALTER TABLE app.events ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES app.tenants",
        "constraint app.events.fk: unexpected",
    ),
    Case("partition dropped", "DROP TABLE app.events_2024", "table app.events_2024: missing"),
    Case(
        "partition bound",
        (
            "ALTER TABLE app.events DETACH PARTITION app.events_2024",
            "ALTER TABLE app.events ATTACH PARTITION app.events_2024 FOR VALUES FROM ('2024-01-01') TO ('2026-01-01')",
        ),
        "table app.events_2024, partition of: app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') -> app.events FOR VALUES FROM ('2024-01-01') TO ('2026-01-01')",
    ),
    Case(
        "partition detached",
        "ALTER TABLE app.events DETACH PARTITION app.events_2024",
        "table app.events_2024, partition of: app.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01') -> none",
    ),
    Case("partitioned table dropped", "DROP TABLE app.events", "table app.events: missing"),
    Case(
        "inheritance added",
        "ALTER TABLE app.orphan INHERIT app.parent",
        "table app.orphan, inherits: none -> app.parent",
        setup=(
            "CREATE TABLE app.orphan (id integer NOT NULL, kind text, CONSTRAINT ck_kind CHECK (kind <> ''))",
        ),
    ),
    Case(
        "inheritance removed",
        "ALTER TABLE app.child NO INHERIT app.parent",
        "table app.child, inherits: app.parent -> none",
    ),
    Case(
        "parent's column added",
        "ALTER TABLE app.parent ADD COLUMN extra_text text",
        "column app.parent.extra_text: unexpected",
    ),
    Case(
        "parent's column changed",
        "ALTER TABLE app.parent ALTER COLUMN kind SET DEFAULT 'x'",
        "column app.parent.kind, default: none -> 'x'::text",
    ),
    Case(
        "parent's check changed",
        "ALTER TABLE app.parent DROP CONSTRAINT ck_kind",
        "constraint app.parent.ck_kind: missing",
    ),
    Case(
        "partitioned table's column added",
        "ALTER TABLE app.events ADD COLUMN what text",
        "column app.events.what: unexpected",
    ),
    Case(
        "table owner",
        f"ALTER TABLE {NAME} OWNER TO {WRITER}",
        f"{TABLE}, owner: postgres -> {WRITER}",
    ),
    Case(
        "table comment",
        f"COMMENT ON TABLE {NAME} IS 'it''s other: \\ text'",
        f"{TABLE}, comment: what people write -> it's other: \\ text",
    ),
    Case(
        "table comment removed",
        f"COMMENT ON TABLE {NAME} IS NULL",
        f"{TABLE}, comment: what people write -> none",
    ),
    Case(
        "table granted",
        f"GRANT SELECT ON {NAME} TO {READER}",
        f"{TABLE}, grant to {READER}: none -> SELECT",
    ),
    Case(
        "table revoked",
        f"REVOKE INSERT ON app.users FROM {READER}",
        f"table app.users, grant to {READER}: INSERT, SELECT -> SELECT",
    ),
    Case(
        "table granted to all",
        f"GRANT ALL ON {NAME} TO PUBLIC",
        f"{TABLE}, grant to PUBLIC: none -> ALL",
    ),
    Case(
        "grant option",
        f"GRANT SELECT ON app.users TO {READER} WITH GRANT OPTION",
        f"table app.users, grant to {READER}: INSERT, SELECT -> INSERT, SELECT WITH GRANT OPTION",
    ),
    Case(
        "owner's own right revoked",
        f"REVOKE DELETE ON {NAME} FROM postgres",
        f"{TABLE}, grant to (owner): ALL -> INSERT, ",
    ),
    Case(
        "privilege MAINTAIN",
        f"GRANT MAINTAIN ON {NAME} TO {READER}",
        f"{TABLE}, grant to {READER}: none -> MAINTAIN",
        since=17,
    ),
    Case(
        "partition key",
        ("DROP TABLE app.spread", "CREATE TABLE app.spread (id integer) PARTITION BY HASH (id)"),
        "table app.spread, partitioned by: LIST (id) -> HASH (id)",
        setup=("CREATE TABLE app.spread (id integer) PARTITION BY LIST (id)",),
    ),
    Case(
        "inherited column is the child's own too",
        ("ALTER TABLE app.heir NO INHERIT app.short", "ALTER TABLE app.heir INHERIT app.short"),
        "column app.heir.id, inherited: none -> and local",
        setup=(
            "CREATE TABLE app.short (id integer)",
            "CREATE TABLE app.heir () INHERITS (app.short)",
        ),
    ),
    Case(
        "inherited check is the child's own too",
        ("ALTER TABLE app.heir NO INHERIT app.short", "ALTER TABLE app.heir INHERIT app.short"),
        "constraint app.heir.ck, inherited: none -> and local",
        setup=(
            "CREATE TABLE app.short (CONSTRAINT ck CHECK (true))",
            "CREATE TABLE app.heir () INHERITS (app.short)",
        ),
    ),
)
