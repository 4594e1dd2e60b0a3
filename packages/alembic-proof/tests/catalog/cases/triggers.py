"""Triggers, event triggers, rules and policies."""

from __future__ import annotations

from .case import Case
from .sample_schema import READER, WRITER

TRIGGER = "trigger app.users.users_touch"
POLICY = "policy app.users.users_mine"
DELETE = "BEFORE DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch()"

CASES = (
    Case(
        "trigger created", f"CREATE TRIGGER other {DELETE}", "trigger app.users.other: unexpected"
    ),
    Case("trigger dropped", "DROP TRIGGER users_touch ON app.users", f"{TRIGGER}: missing"),
    Case(
        "trigger's event",
        f"CREATE OR REPLACE TRIGGER users_touch {DELETE}",
        f"{TRIGGER}: CREATE TRIGGER users_touch BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch() -> CREATE TRIGGER users_touch BEFORE DELETE",
    ),
    Case(
        "trigger's condition",
        "CREATE OR REPLACE TRIGGER users_touch BEFORE UPDATE ON app.users FOR EACH ROW WHEN (OLD.id > 3) EXECUTE FUNCTION app.touch()",
        f"{TRIGGER}: CREATE TRIGGER users_touch BEFORE UPDATE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch() -> CREATE TRIGGER users_touch BEFORE UPDATE ON app.users FOR EACH ROW WHEN ((old.id > 3))",
    ),
    Case(
        "trigger disabled",
        "ALTER TABLE app.users DISABLE TRIGGER users_touch",
        f"{TRIGGER}, enabled: none -> disabled",
    ),
    Case(
        "trigger always",
        "ALTER TABLE app.users ENABLE ALWAYS TRIGGER users_touch",
        f"{TRIGGER}, enabled: none -> always",
    ),
    Case(
        "trigger on a replica",
        "ALTER TABLE app.users ENABLE REPLICA TRIGGER users_touch",
        f"{TRIGGER}, enabled: none -> replica",
    ),
    Case(
        "partition's trigger disabled",
        "ALTER TABLE app.events_2024 DISABLE TRIGGER events_touch",
        "trigger app.events_2024.events_touch, enabled: none -> disabled",
    ),
    Case(
        "partitioned table's trigger dropped",
        "DROP TRIGGER events_touch ON app.events",
        "trigger app.events.events_touch: missing",
    ),
    Case(
        "trigger comment",
        "COMMENT ON TRIGGER users_touch ON app.users IS 'keeps stamp'",
        f"{TRIGGER}, comment: none -> keeps stamp",
    ),
    Case(
        "constraint trigger",
        "CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON app.users DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.touch()",
        "trigger app.users.late: unexpected",
    ),
    Case(
        "event trigger created",
        "CREATE EVENT TRIGGER second ON sql_drop EXECUTE FUNCTION app.watch()",
        "event trigger second: unexpected",
    ),
    Case("event trigger dropped", "DROP EVENT TRIGGER watcher", "event trigger watcher: missing"),
    Case(
        "event trigger's tags",
        (
            "DROP EVENT TRIGGER watcher",
            "CREATE EVENT TRIGGER watcher ON ddl_command_end WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION app.watch()",
            "ALTER EVENT TRIGGER watcher DISABLE",
        ),
        "event trigger watcher, tags: 'DROP INDEX' -> 'DROP VIEW'",
    ),
    Case(
        "event trigger enabled",
        "ALTER EVENT TRIGGER watcher ENABLE",
        "event trigger watcher, enabled: disabled -> none",
    ),
    Case(
        "event trigger comment",
        "COMMENT ON EVENT TRIGGER watcher IS 'sees'",
        "event trigger watcher, comment: none -> sees",
    ),
    Case(
        "rule created",
        "CREATE RULE calm AS ON UPDATE TO app.notes DO INSTEAD NOTHING",
        "rule app.notes.calm: unexpected",
    ),
    Case(
        "rule dropped", "DROP RULE notes_quiet ON app.notes", "rule app.notes.notes_quiet: missing"
    ),
    Case(
        "rule changed",
        "CREATE OR REPLACE RULE notes_quiet AS ON DELETE TO app.notes DO ALSO NOTHING",
        "rule app.notes.notes_quiet: changed\n     CREATE RULE notes_quiet AS\n    -    ON DELETE TO app.notes DO INSTEAD NOTHING;\n    +    ON DELETE TO app.notes DO NOTHING;",
    ),
    Case(
        "rule disabled",
        "ALTER TABLE app.notes DISABLE RULE notes_quiet",
        "rule app.notes.notes_quiet, enabled: none -> disabled",
    ),
    Case(
        "rule comment",
        "COMMENT ON RULE notes_quiet ON app.notes IS 'hush'",
        "rule app.notes.notes_quiet, comment: none -> hush",
    ),
    Case(
        "policy created",
        "CREATE POLICY other ON app.notes FOR SELECT USING (true)",
        "policy app.notes.other: unexpected",
    ),
    Case("policy dropped", "DROP POLICY users_mine ON app.users", f"{POLICY}: missing"),
    Case(
        "policy's using",
        "ALTER POLICY users_mine ON app.users USING (true)",
        f"{POLICY}, using: (tenant_id = 1) -> true",
    ),
    Case(
        "policy's check",
        "ALTER POLICY users_mine ON app.users WITH CHECK (false)",
        f"{POLICY}, with check: (tenant_id = 1) -> false",
    ),
    Case(
        "policy's roles",
        "ALTER POLICY users_mine ON app.users TO PUBLIC",
        f"{POLICY}, roles: {READER} -> PUBLIC",
    ),
    Case(
        "policy's command",
        (
            "DROP POLICY users_mine ON app.users",
            f"CREATE POLICY users_mine ON app.users FOR UPDATE TO {READER} USING (tenant_id = 1) WITH CHECK (tenant_id = 1)",
        ),
        f"{POLICY}, command: ALL -> UPDATE",
    ),
    Case(
        "policy restrictive",
        (
            "DROP POLICY users_mine ON app.users",
            f"CREATE POLICY users_mine ON app.users AS RESTRICTIVE TO {READER} USING (tenant_id = 1) WITH CHECK (tenant_id = 1)",
        ),
        f"{POLICY}, permissive: PERMISSIVE -> RESTRICTIVE",
    ),
    Case(
        "policy comment",
        "COMMENT ON POLICY users_mine ON app.users IS 'mine'",
        f"{POLICY}, comment: none -> mine",
    ),
    Case(
        "event trigger's event",
        (
            "DROP EVENT TRIGGER watcher",
            "CREATE EVENT TRIGGER watcher ON ddl_command_start WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION app.watch()",
            "ALTER EVENT TRIGGER watcher DISABLE",
        ),
        "event trigger watcher, event: ddl_command_end -> ddl_command_start",
    ),
    Case(
        "event trigger's function",
        (
            "DROP EVENT TRIGGER watcher",
            "CREATE EVENT TRIGGER watcher ON ddl_command_end WHEN TAG IN ('DROP INDEX') EXECUTE FUNCTION app.see()",
            "ALTER EVENT TRIGGER watcher DISABLE",
        ),
        "event trigger watcher, function: app.watch -> app.see",
        setup=("CREATE FUNCTION app.see() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'",),
    ),
    Case(
        "event trigger owner",
        f"ALTER EVENT TRIGGER watcher OWNER TO {WRITER}",
        f"event trigger watcher, owner: postgres -> {WRITER}",
        setup=(f"ALTER ROLE {WRITER} SUPERUSER",),
    ),
)
