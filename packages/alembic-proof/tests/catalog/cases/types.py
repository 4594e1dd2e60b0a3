"""Types and sequences."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, WRITER

NUMBERS = "sequence app.numbers"

CASES = (
    Case("enum created", "CREATE TYPE app.size AS ENUM ('s', 'm')", "enum app.size: unexpected"),
    Case(
        "enum dropped",
        "DROP TYPE app.size",
        "enum app.size: missing",
        setup=("CREATE TYPE app.size AS ENUM ('s', 'm')",),
    ),
    Case(
        "enum value added",
        "ALTER TYPE app.mood ADD VALUE 'ok' BEFORE 'happy'",
        "enum app.mood: 'sad', 'happy' -> 'sad', 'ok', 'happy'",
    ),
    Case(
        "enum value renamed",
        "ALTER TYPE app.mood RENAME VALUE 'sad' TO 'blue'",
        "enum app.mood: 'sad', 'happy' -> 'blue', 'happy'",
    ),
    Case(
        "domain created",
        "CREATE DOMAIN app.mail AS text COLLATE \"C\" DEFAULT 'x' NOT NULL CHECK (VALUE <> '')",
        "domain app.mail: unexpected",
    ),
    Case("domain dropped", "DROP DOMAIN app.share", "domain app.share: missing"),
    Case(
        "domain default",
        "ALTER DOMAIN app.share SET DEFAULT 7",
        "domain app.share, default: none -> 7",
    ),
    Case(
        "domain not null",
        "ALTER DOMAIN app.share SET NOT NULL",
        "domain app.share, nullability: NULL -> NOT NULL",
    ),
    Case(
        "domain constraint added",
        "ALTER DOMAIN app.share ADD CONSTRAINT small CHECK (VALUE < 9)",
        "constraint app.share.small: unexpected",
    ),
    Case(
        "domain constraint dropped",
        "ALTER DOMAIN app.share DROP CONSTRAINT positive",
        "constraint app.share.positive: missing",
    ),
    Case(
        "domain constraint comment",
        "COMMENT ON CONSTRAINT positive ON DOMAIN app.share IS 'not 0'",
        "constraint app.share.positive, comment: none -> not 0",
    ),
    Case(
        "domain type",
        (
            "DROP DOMAIN app.share",
            "CREATE DOMAIN app.share AS bigint CONSTRAINT positive CHECK (VALUE > 0)",
        ),
        "domain app.share, type: integer -> bigint",
    ),
    Case(
        "composite type created",
        'CREATE TYPE app.trio AS (x integer, y text COLLATE "C")',
        "composite type app.trio: unexpected",
    ),
    Case("composite type dropped", "DROP TYPE app.pair", "composite type app.pair: missing"),
    Case(
        "attribute added",
        "ALTER TYPE app.pair ADD ATTRIBUTE c date",
        "attribute app.pair.c: unexpected",
    ),
    Case(
        "attribute's type",
        "ALTER TYPE app.pair ALTER ATTRIBUTE a TYPE bigint",
        "attribute app.pair.a, type: integer -> bigint",
    ),
    Case(
        "attribute's comment",
        "COMMENT ON COLUMN app.pair.a IS 'left'",
        "attribute app.pair.a, comment: none -> left",
    ),
    Case(
        "range created",
        "CREATE TYPE app.times AS RANGE (subtype = time, multirange_type_name = app.manytimes)",
        "range app.times: unexpected",
    ),
    Case("range dropped", "DROP TYPE app.floats", "range app.floats: missing"),
    Case(
        "range's difference",
        (
            "DROP TYPE app.floats",
            "CREATE TYPE app.floats AS RANGE (subtype = float8, subtype_diff = float8mi)",
        ),
        "range app.floats, subtype difference: none -> float8mi",
    ),
    Case("base type created", "CREATE TYPE app.shell", "type app.shell: unexpected"),
    Case(
        "type owner",
        f"ALTER TYPE app.mood OWNER TO {WRITER}",
        f"enum app.mood, owner: postgres -> {WRITER}",
    ),
    Case(
        "type revoked",
        "REVOKE USAGE ON TYPE app.mood FROM PUBLIC",
        "enum app.mood, grant to PUBLIC: USAGE -> none",
    ),
    Case(
        "type comment",
        "COMMENT ON TYPE app.pair IS 'two'",
        "composite type app.pair, comment: none -> two",
    ),
    Case(
        "domain comment",
        "COMMENT ON DOMAIN app.share IS 'part'",
        "domain app.share, comment: none -> part",
    ),
    Case(
        "sequence created",
        "CREATE SEQUENCE app.more AS smallint INCREMENT BY -1 CYCLE",
        "sequence app.more: unexpected",
    ),
    Case("sequence dropped", "DROP SEQUENCE app.numbers", f"{NUMBERS}: missing"),
    Case(
        "sequence type",
        "ALTER SEQUENCE app.numbers AS integer",
        f"{NUMBERS}, type: bigint -> integer",
    ),
    Case("sequence start", "ALTER SEQUENCE app.numbers START WITH 9", f"{NUMBERS}, start: 1 -> 9"),
    Case(
        "sequence increment",
        "ALTER SEQUENCE app.numbers INCREMENT BY 10",
        f"{NUMBERS}, increment: 1 -> 10",
    ),
    Case(
        "sequence minimum",
        "ALTER SEQUENCE app.numbers MINVALUE -5",
        f"{NUMBERS}, minimum: none -> -5",
    ),
    Case(
        "sequence maximum",
        "ALTER SEQUENCE app.numbers MAXVALUE 99",
        f"{NUMBERS}, maximum: none -> 99",
    ),
    Case("sequence cache", "ALTER SEQUENCE app.numbers CACHE 20", f"{NUMBERS}, cache: 1 -> 20"),
    Case("sequence cycle", "ALTER SEQUENCE app.numbers CYCLE", f"{NUMBERS}, cycle: none -> yes"),
    Case(
        "sequence owned",
        "ALTER SEQUENCE app.numbers OWNED BY app.notes.a",
        f"{NUMBERS}, owned by: none -> app.notes.a",
    ),
    Case(
        "serial's sequence dropped",
        (
            "ALTER TABLE app.users ALTER COLUMN serial_number DROP DEFAULT",
            "DROP SEQUENCE app.users_serial_number_seq",
        ),
        "sequence app.users_serial_number_seq: missing",
        setup=("ALTER TABLE app.users ALTER COLUMN serial_number DROP DEFAULT",),
    ),
    Case(
        "sequence unlogged",
        "ALTER SEQUENCE app.numbers SET UNLOGGED",
        f"{NUMBERS}, persistence: none -> unlogged",
    ),
    Case(
        "sequence owner",
        f"ALTER SEQUENCE app.numbers OWNER TO {WRITER}",
        f"{NUMBERS}, owner: postgres -> {WRITER}",
    ),
    Case(
        "sequence granted",
        f"GRANT UPDATE ON SEQUENCE app.numbers TO {READER}",
        f"{NUMBERS}, grant to {READER}: none -> UPDATE",
    ),
    Case(
        "identity's sequence granted",
        f"GRANT SELECT ON SEQUENCE app.users_id_seq TO {READER}",
        f"identity app.users.id, grant to {READER}: none -> SELECT",
    ),
    Case(
        "sequence comment",
        "COMMENT ON SEQUENCE app.numbers IS 'counts'",
        f"{NUMBERS}, comment: none -> counts",
    ),
    Case(
        "attribute's collation",
        'ALTER TYPE app.pair ALTER ATTRIBUTE b TYPE text COLLATE "C"',
        'attribute app.pair.b, collation: none -> "C"',
    ),
    Case(
        "composite type's owner",
        f"ALTER TYPE app.pair OWNER TO {WRITER}",
        f"composite type app.pair, owner: postgres -> {WRITER}",
    ),
    Case(
        "composite type's order",
        ("ALTER TYPE app.pair DROP ATTRIBUTE a", "ALTER TYPE app.pair ADD ATTRIBUTE a integer"),
        "column-order app.pair: a, b -> b, a",
    ),
    Case(
        "domain's collation",
        ("DROP DOMAIN app.word", 'CREATE DOMAIN app.word AS text COLLATE "C"'),
        'domain app.word, collation: none -> "C"',
        setup=("CREATE DOMAIN app.word AS text",),
    ),
    Case(
        "domain owner",
        f"ALTER DOMAIN app.share OWNER TO {WRITER}",
        f"domain app.share, owner: postgres -> {WRITER}",
    ),
    Case(
        "domain's not null comment",
        "COMMENT ON CONSTRAINT nn ON DOMAIN app.word IS 'why'",
        "domain app.word, not null comment: none -> why",
        setup=("CREATE DOMAIN app.word AS text CONSTRAINT nn NOT NULL",),
        since=18,
    ),
    Case(
        "enum comment", "COMMENT ON TYPE app.mood IS 'how'", "enum app.mood, comment: none -> how"
    ),
    Case(
        "identity's comment",
        "COMMENT ON SEQUENCE app.users_id_seq IS 'ids'",
        "identity app.users.id, comment: none -> ids",
    ),
    Case(
        "range owner",
        f"ALTER TYPE app.floats OWNER TO {WRITER}",
        f"range app.floats, owner: postgres -> {WRITER}",
    ),
    Case(
        "range comment",
        "COMMENT ON TYPE app.floats IS 'from to'",
        "range app.floats, comment: none -> from to",
    ),
    Case(
        "range's subtype",
        ("DROP TYPE app.floats", "CREATE TYPE app.floats AS RANGE (subtype = integer)"),
        "range app.floats, subtype: double precision -> integer",
    ),
    Case(
        "range's collation",
        ("DROP TYPE app.words", 'CREATE TYPE app.words AS RANGE (subtype = text, collation = "C")'),
        'range app.words, subtype collation: none -> "C"',
        setup=("CREATE TYPE app.words AS RANGE (subtype = text)",),
    ),
    Case(
        "range's operator class",
        (
            "DROP TYPE app.words",
            "CREATE TYPE app.words AS RANGE (subtype = text, subtype_opclass = text_pattern_ops)",
        ),
        "range app.words, subtype operator class: none -> pg_catalog.text_pattern_ops",
        setup=("CREATE TYPE app.words AS RANGE (subtype = text)",),
    ),
    Case(
        "range's multirange",
        (
            "DROP TYPE app.floats",
            "CREATE TYPE app.floats AS RANGE (subtype = float8, multirange_type_name = app.many)",
        ),
        "range app.floats, multirange: app.floats_multirange -> app.many",
    ),
)
