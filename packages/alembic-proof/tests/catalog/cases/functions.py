"""Functions, procedures and aggregates."""

from __future__ import annotations

from .case import Case
from .sample_schema import WRITER

TOUCH = "function app.touch()"
DOUBLE = "function app.double(integer)"

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
        "procedure owner",
        f"ALTER PROCEDURE app.tidy OWNER TO {WRITER}",
        f"procedure app.tidy(), owner: postgres -> {WRITER}",
    ),
    Case(
        "procedure comment",
        "COMMENT ON PROCEDURE app.tidy IS 'tidies'",
        "procedure app.tidy(), comment: none -> tidies",
    ),
)
