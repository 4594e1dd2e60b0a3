"""Functions, aggregates, triggers, rules, policies and views."""

from __future__ import annotations

from .case import Case
from .zoo import READER, SPACE, WRITER

TOUCH = "function app.touch()"
DOUBLE = "function app.double(integer)"
TRIGGER = "trigger app.users.users_touch"
POLICY = "policy app.users.users_mine"
DELETE = "BEFORE DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.touch()"

CASES = (
    Case(
        "function created",
        "CREATE FUNCTION app.triple(n integer, m integer = 3) RETURNS integer LANGUAGE sql RETURN n * m",
        "function app.triple(integer, integer): unexpected",
    ),
    Case(
        "function overloaded",
        "CREATE FUNCTION app.double(n text) RETURNS text LANGUAGE sql AS 'SELECT n || n'",
        "function app.double(text): unexpected",
    ),
    Case("function dropped", "DROP FUNCTION app.double", f"{DOUBLE}: missing"),
    Case(
        "function body",
        "CREATE OR REPLACE FUNCTION app.double(n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT n * 3'",
        f"{DOUBLE}: changed\n      IMMUTABLE\n    -AS $function$ SELECT n * 2 $function$\n    +AS $function$SELECT n * 3$function$",
    ),
    Case(
        "function volatility",
        "ALTER FUNCTION app.double STABLE",
        f"{DOUBLE}: changed\n      LANGUAGE sql\n    - IMMUTABLE\n    + STABLE",
    ),
    Case(
        "function security",
        "ALTER FUNCTION app.touch SECURITY DEFINER",
        f"{TOUCH}: changed\n      LANGUAGE plpgsql\n    + SECURITY DEFINER",
    ),
    Case(
        "function setting",
        "ALTER FUNCTION app.touch RESET search_path",
        f"{TOUCH}: changed\n      LANGUAGE plpgsql\n    - SET search_path TO ''",
    ),
    Case(
        "function result",
        (
            "DROP FUNCTION app.double",
            "CREATE FUNCTION app.double(n integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$ SELECT n * 2 $$",
        ),
        f"{DOUBLE}: changed\n     CREATE OR REPLACE FUNCTION app.double(n integer)\n    - RETURNS integer\n    + RETURNS bigint",
    ),
    Case(
        "function owner",
        f"ALTER FUNCTION app.double OWNER TO {WRITER}",
        f"{DOUBLE}, owner: postgres -> {WRITER}",
    ),
    Case(
        "function revoked",
        "REVOKE EXECUTE ON FUNCTION app.double FROM PUBLIC",
        f"{DOUBLE}, grant to PUBLIC: EXECUTE -> none",
    ),
    Case(
        "function comment",
        "COMMENT ON FUNCTION app.double IS 'twice'",
        f"{DOUBLE}, comment: none -> twice",
    ),
    Case(
        "procedure created",
        "CREATE PROCEDURE app.sweep(INOUT n integer) LANGUAGE plpgsql AS 'BEGIN n := 1; END'",
        "procedure app.sweep(integer): unexpected",
    ),
    Case(
        "procedure body",
        "CREATE OR REPLACE PROCEDURE app.tidy() LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; END $$",
        "procedure app.tidy(): changed",
    ),
    Case(
        "aggregate created",
        "CREATE AGGREGATE app.highest (integer) (SFUNC = int4larger, STYPE = integer, SORTOP = >, PARALLEL = safe)",
        "aggregate app.highest(integer): unexpected",
    ),
    Case(
        "aggregate dropped",
        "DROP AGGREGATE app.total (integer)",
        "aggregate app.total(integer): missing",
    ),
    Case(
        "aggregate's start",
        "CREATE OR REPLACE AGGREGATE app.total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '1')",
        "aggregate app.total(integer), initial value: '0' -> '1'",
    ),
    Case(
        "aggregate comment",
        "COMMENT ON AGGREGATE app.total (integer) IS 'the sum'",
        "aggregate app.total(integer), comment: none -> the sum",
    ),
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
        "view created",
        "CREATE VIEW app.more WITH (security_invoker = true) AS SELECT 1 AS one",
        "view app.more: unexpected",
    ),
    Case("view dropped", "DROP VIEW app.names", "view app.names: missing"),
    Case(
        "view's query",
        "CREATE OR REPLACE VIEW app.names AS SELECT id, name FROM app.users WHERE id > 1",
        "view app.names: changed",
    ),
    Case(
        "view's column added",
        "CREATE OR REPLACE VIEW app.names AS SELECT id, name, email FROM app.users",
        "view app.names: changed",
    ),
    Case(
        "view security invoker",
        "ALTER VIEW app.names SET (security_invoker = true)",
        "view app.names, options: none -> 'security_invoker=true'",
    ),
    Case(
        "view check option",
        "ALTER VIEW app.names SET (check_option = local)",
        "view app.names, options: none -> 'check_option=local'",
    ),
    Case(
        "view column default",
        "ALTER VIEW app.names ALTER COLUMN name SET DEFAULT 'x'",
        "column app.names.name, default: none -> 'x'::",
    ),
    Case(
        "view column comment",
        "COMMENT ON COLUMN app.names.name IS 'a name'",
        "column app.names.name, comment: none -> a name",
    ),
    Case(
        "view column granted",
        f"GRANT SELECT (name) ON app.names TO {READER}",
        f"column app.names.name, grant to {READER}: none -> SELECT",
    ),
    Case(
        "view owner",
        f"ALTER VIEW app.names OWNER TO {WRITER}",
        f"view app.names, owner: postgres -> {WRITER}",
    ),
    Case(
        "view granted",
        f"GRANT SELECT ON app.names TO {READER}",
        f"view app.names, grant to {READER}: none -> SELECT",
    ),
    Case(
        "view comment", "COMMENT ON VIEW app.names IS 'who'", "view app.names, comment: none -> who"
    ),
    Case(
        "materialized view created",
        "CREATE MATERIALIZED VIEW app.more AS SELECT 1 AS one WITH NO DATA",
        "materialized view app.more: unexpected",
    ),
    Case(
        "materialized view dropped",
        "DROP MATERIALIZED VIEW app.counts",
        "materialized view app.counts: missing",
    ),
    Case(
        "materialized view's query",
        (
            "DROP MATERIALIZED VIEW app.counts",
            "CREATE MATERIALIZED VIEW app.counts AS SELECT tenant_id, count(id) AS n FROM app.users GROUP BY 1",
        ),
        "materialized view app.counts: changed",
    ),
    Case(
        "materialized view emptied",
        "REFRESH MATERIALIZED VIEW app.counts WITH NO DATA",
        "materialized view app.counts, populated: none -> no",
    ),
    Case(
        "materialized view option",
        "ALTER MATERIALIZED VIEW app.counts SET (fillfactor = 60)",
        "materialized view app.counts, options: none -> 'fillfactor=60'",
    ),
    Case(
        "materialized view comment",
        "COMMENT ON MATERIALIZED VIEW app.counts IS 'how many'",
        "materialized view app.counts, comment: none -> how many",
    ),
    Case(
        "procedure owner",
        f"ALTER PROCEDURE app.tidy OWNER TO {WRITER}",
        f"procedure app.tidy(), owner: postgres -> {WRITER}",
    ),
    Case(
        "procedure comment",
        "COMMENT ON PROCEDURE app.tidy IS 'tidies'",
        "procedure app.tidy(), comment: none -> tidies",
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
    Case(
        "materialized view owner",
        f"ALTER MATERIALIZED VIEW app.counts OWNER TO {WRITER}",
        f"materialized view app.counts, owner: postgres -> {WRITER}",
    ),
    Case(
        "materialized view's replica identity",
        "ALTER TABLE app.counts REPLICA IDENTITY FULL",
        "materialized view app.counts, replica identity: none -> full",
    ),
    Case(
        "materialized view's tablespace",
        f"ALTER MATERIALIZED VIEW app.counts SET TABLESPACE {SPACE}",
        f"materialized view app.counts, tablespace: none -> {SPACE}",
    ),
    Case(
        "materialized view's access method",
        "ALTER MATERIALIZED VIEW app.counts SET ACCESS METHOD heap2",
        "materialized view app.counts, access method: none -> heap2",
        setup=("CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",),
    ),
    Case(
        "materialized view's toast option",
        "ALTER MATERIALIZED VIEW app.texts SET (toast.autovacuum_enabled = false)",
        "materialized view app.texts, toast options: none -> 'autovacuum_enabled=false'",
        setup=("CREATE MATERIALIZED VIEW app.texts AS SELECT 'x'::text AS t",),
    ),
)
