"""Publications, subscriptions and statistics objects."""

from __future__ import annotations

from .case import Case
from .sample_schema import WRITER

CASES = (
    Case(
        "statistics created",
        "CREATE STATISTICS app.more (mcv) ON a, b FROM app.notes",
        "statistics app.more: unexpected",
    ),
    Case(
        "statistics dropped",
        "DROP STATISTICS app.notes_stats",
        "statistics app.notes_stats: missing",
    ),
    Case(
        "statistics' kinds",
        (
            "DROP STATISTICS app.notes_stats",
            "CREATE STATISTICS app.notes_stats (ndistinct) ON a, c FROM app.notes",
        ),
        "statistics app.notes_stats: CREATE STATISTICS app.notes_stats (dependencies) ON a, c FROM app.notes -> CREATE STATISTICS app.notes_stats (ndistinct)",
    ),
    Case(
        "statistics' target",
        "ALTER STATISTICS app.notes_stats SET STATISTICS 900",
        "statistics app.notes_stats, target: none -> 900",
    ),
    Case(
        "statistics comment",
        "COMMENT ON STATISTICS app.notes_stats IS 'both'",
        "statistics app.notes_stats, comment: none -> both",
    ),
    Case(
        "publication created",
        "CREATE PUBLICATION more FOR ALL TABLES WITH (publish = 'insert')",
        "publication more: unexpected",
    ),
    Case("publication dropped", "DROP PUBLICATION news", "publication news: missing"),
    Case(
        "publication's events",
        "ALTER PUBLICATION news SET (publish = 'insert, update')",
        "publication news, publish: insert, update, delete, truncate -> insert, update",
    ),
    Case(
        "publication through the root",
        "ALTER PUBLICATION news SET (publish_via_partition_root = true)",
        "publication news, via partition root: none -> yes",
    ),
    Case(
        "publication of generated columns",
        "ALTER PUBLICATION news SET (publish_generated_columns = stored)",
        "publication news, generated columns: none -> stored",
        since=18,
    ),
    Case(
        "published table added",
        "ALTER PUBLICATION news ADD TABLE app.users",
        "published table news.app.users: unexpected",
    ),
    Case(
        "published table dropped",
        "ALTER PUBLICATION news DROP TABLE app.tenants",
        "published table news.app.tenants: missing",
    ),
    Case(
        "published columns",
        "ALTER PUBLICATION news SET TABLE app.tenants (id)",
        "published table news.app.tenants, columns: none -> id",
    ),
    Case(
        "published rows",
        "ALTER PUBLICATION news SET TABLE app.tenants WHERE (id > 3)",
        "published table news.app.tenants, row filter: none -> (id > 3)",
    ),
    Case(
        "published schema",
        "ALTER PUBLICATION news ADD TABLES IN SCHEMA app",
        "published schema news.app: unexpected",
    ),
    Case(
        "publication owner",
        f"ALTER PUBLICATION news OWNER TO {WRITER}",
        f"publication news, owner: postgres -> {WRITER}",
        setup=(f"GRANT CREATE ON DATABASE {{database}} TO {WRITER}",),
    ),
    Case(
        "publication comment",
        "COMMENT ON PUBLICATION news IS 'out'",
        "publication news, comment: none -> out",
    ),
    Case(
        "subscription created",
        "CREATE SUBSCRIPTION {database}_s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)",
        "subscription ",
    ),
    Case(
        "publication of all tables",
        ("DROP PUBLICATION all_of_it", "CREATE PUBLICATION all_of_it FOR ALL TABLES"),
        "publication all_of_it, all tables: none -> yes",
        setup=("CREATE PUBLICATION all_of_it",),
    ),
    Case(
        "statistics owner",
        f"ALTER STATISTICS app.notes_stats OWNER TO {WRITER}",
        f"statistics app.notes_stats, owner: postgres -> {WRITER}",
    ),
)
