"""Foreign-data wrappers, servers, user mappings and foreign tables."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, WRITER

CASES = (
    Case(
        "wrapper created",
        "CREATE FOREIGN DATA WRAPPER other OPTIONS (debug 'yes')",
        "foreign-data wrapper other: unexpected",
    ),
    Case(
        "wrapper option",
        "ALTER FOREIGN DATA WRAPPER nothing OPTIONS (ADD debug 'yes')",
        "foreign-data wrapper nothing, options: none -> 'debug=yes'",
    ),
    Case(
        "server created",
        "CREATE SERVER near TYPE 'pg' VERSION '9' FOREIGN DATA WRAPPER nothing",
        "server near: unexpected",
    ),
    Case(
        "server dropped",
        "DROP SERVER far CASCADE",
        "server far: missing",
        setup=("DROP FOREIGN TABLE app.remote",),
    ),
    Case(
        "server option",
        "ALTER SERVER far OPTIONS (SET host 'here')",
        "server far, options: 'host=there' -> 'host=here'",
    ),
    Case("server version", "ALTER SERVER far VERSION '2'", "server far, version: none -> 2"),
    Case(
        "server granted",
        f"GRANT USAGE ON FOREIGN SERVER far TO {READER}",
        f"server far, grant to {READER}: none -> USAGE",
    ),
    Case("server comment", "COMMENT ON SERVER far IS 'away'", "server far, comment: none -> away"),
    Case(
        "user mapping created",
        f"CREATE USER MAPPING FOR {READER} SERVER far",
        f"user mapping for {READER} server far: unexpected",
    ),
    Case(
        "user mapping's password",
        "ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (SET password 'other')",
        "user mapping for PUBLIC server far, options: password=md5:5ebe2294ecd0e0f08eab7690d2a6ee69 -> password=md5:795f3202b17cb6bc3d4b771d8c6c9eaf",
    ),
    Case(
        "foreign table created",
        "CREATE FOREIGN TABLE app.remoter (id integer OPTIONS (n 'x')) SERVER far",
        "foreign table app.remoter: unexpected",
    ),
    Case(
        "foreign table dropped",
        "DROP FOREIGN TABLE app.remote",
        "foreign table app.remote: missing",
    ),
    Case(
        "foreign table option",
        "ALTER FOREIGN TABLE app.remote OPTIONS (SET name 'that')",
        "foreign table app.remote, foreign options: 'name=it' -> 'name=that'",
    ),
    Case(
        "foreign column option",
        "ALTER FOREIGN TABLE app.remote ALTER COLUMN id OPTIONS (ADD n 'x')",
        "column app.remote.id, foreign options: none -> 'n=x'",
    ),
    Case(
        "server owner",
        f"ALTER SERVER far OWNER TO {WRITER}",
        f"server far, owner: postgres -> {WRITER}",
        setup=(f"GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO {WRITER}",),
    ),
    Case(
        "server type",
        ("DROP SERVER near", "CREATE SERVER near TYPE 'b' FOREIGN DATA WRAPPER nothing"),
        "server near, type: a -> b",
        setup=("CREATE SERVER near TYPE 'a' FOREIGN DATA WRAPPER nothing",),
    ),
    Case(
        "server wrapper",
        ("DROP SERVER near", "CREATE SERVER near FOREIGN DATA WRAPPER other"),
        "server near, wrapper: nothing -> other",
        setup=(
            "CREATE FOREIGN DATA WRAPPER other",
            "CREATE SERVER near FOREIGN DATA WRAPPER nothing",
        ),
    ),
    Case(
        "foreign table owner",
        f"ALTER FOREIGN TABLE app.remote OWNER TO {WRITER}",
        f"foreign table app.remote, owner: postgres -> {WRITER}",
    ),
    Case(
        "foreign table comment",
        "COMMENT ON FOREIGN TABLE app.remote IS 'off'",
        "foreign table app.remote, comment: none -> off",
    ),
    Case(
        "foreign table's server",
        (
            "DROP FOREIGN TABLE app.remote",
            "CREATE FOREIGN TABLE app.remote (id integer) SERVER near OPTIONS (name 'it')",
        ),
        "foreign table app.remote, server: far -> near",
        setup=("CREATE SERVER near FOREIGN DATA WRAPPER nothing",),
    ),
    Case(
        "foreign table inherits",
        "ALTER FOREIGN TABLE app.remote INHERIT app.short",
        "foreign table app.remote, inherits: none -> app.short",
        setup=("CREATE TABLE app.short (id integer)",),
    ),
    Case(
        "foreign partition",
        "ALTER TABLE app.spread ATTACH PARTITION app.remote FOR VALUES IN (1)",
        "foreign table app.remote, partition of: none -> app.spread FOR VALUES IN (1)",
        setup=("CREATE TABLE app.spread (id integer) PARTITION BY LIST (id)",),
    ),
)
