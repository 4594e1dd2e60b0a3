"""Attributes of kinds of objects that few databases have."""

from __future__ import annotations

from .case import Case
from .one_line import altered, commented, granted, owned

_FUNCTIONS = (
    "CREATE FUNCTION app.from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'boolin'",
    "CREATE FUNCTION app.off_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'boolin'",
    "CREATE FUNCTION app.to_sql(internal) RETURNS app.pair LANGUAGE internal IMMUTABLE AS 'boolin'",
    "CREATE FUNCTION app.handle() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'",
)
_BASE = (
    "CREATE TYPE app.base",
    "CREATE FUNCTION app.base_in(cstring) RETURNS app.base LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
    "CREATE FUNCTION app.base_out(app.base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
    "CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out)",
)
_CONVERSION = "CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8"
_PARSER = (
    "CREATE TEXT SEARCH PARSER app.reader (START = prsd_start, GETTOKEN = prsd_nexttoken,"
    " END = prsd_end, LEXTYPES = prsd_lextype)"
)
_TRANSFORM = "CREATE {}TRANSFORM FOR app.pair LANGUAGE plpgsql ({})"
_FROM, _TO = (
    "FROM SQL WITH FUNCTION app.from_sql(internal)",
    "TO SQL WITH FUNCTION app.to_sql(internal)",
)
_SUBSCRIPTION = (
    "CREATE SUBSCRIPTION {database}_s CONNECTION 'host=nowhere' PUBLICATION p"
    " WITH (connect = false, slot_name = NONE)"
)
_COLLATION = "CREATE COLLATION app.plain (LC_COLLATE = '{}', LC_CTYPE = '{}')"


def _subscribed(attribute: str, message: str, setting: str, *, since: int = 15) -> Case:
    change = f"ALTER SUBSCRIPTION {{database}}_s SET {setting}"
    key = "subscription {database}_s"
    return altered(key, attribute, message, change, _SUBSCRIPTION, since=since)


CASES = (
    owned("collation app.german", "COLLATION app.german"),
    Case(
        "collation's rules",
        (
            "DROP COLLATION app.german",
            "CREATE COLLATION app.german (provider = icu, locale = 'de', rules = '&a < g')",
        ),
        "collation app.german, rules: none -> &a < g",
        since=16,
    ),
    Case(
        "collation not deterministic",
        (
            "DROP COLLATION app.german",
            "CREATE COLLATION app.german (provider = icu, locale = 'de', deterministic = false)",
        ),
        "collation app.german, deterministic: none -> no",
    ),
    *(
        Case(
            f"collation's {attribute}",
            ("DROP COLLATION app.plain", _COLLATION.format(*changed)),
            f"collation app.plain, {attribute}: C -> POSIX",
            setup=(_COLLATION.format("C", "C"),),
        )
        for attribute, changed in (("collate", ("POSIX", "C")), ("ctype", ("C", "POSIX")))
    ),
    owned("conversion app.conv", "CONVERSION app.conv", _CONVERSION),
    commented("conversion app.conv", "CONVERSION app.conv", _CONVERSION),
    Case(
        "conversion by default",
        ("DROP CONVERSION app.conv", _CONVERSION.replace("CREATE", "CREATE DEFAULT")),
        "conversion app.conv, default: none -> yes",
        setup=(_CONVERSION,),
    ),
    altered(
        "foreign-data wrapper nothing",
        "validator",
        "none -> postgresql_fdw_validator",
        "ALTER FOREIGN DATA WRAPPER nothing VALIDATOR postgresql_fdw_validator",
    ),
    granted("foreign-data wrapper nothing", "FOREIGN DATA WRAPPER nothing", "USAGE"),
    commented("foreign-data wrapper nothing", "FOREIGN DATA WRAPPER nothing"),
    granted("foreign table app.remote", "app.remote", "SELECT"),
    granted("materialized view app.counts", "app.counts", "SELECT"),
    granted("procedure app.tidy()", "PROCEDURE app.tidy()", "EXECUTE"),
    granted("composite type app.pair", "TYPE app.pair", "USAGE"),
    granted("domain app.share", "DOMAIN app.share", "USAGE"),
    granted("range app.floats", "TYPE app.floats", "USAGE"),
    granted("type app.base", "TYPE app.base", "USAGE", *_BASE),
    owned("type app.base", "TYPE app.base", *_BASE),
    commented("type app.base", "TYPE app.base", *_BASE),
    owned("language other", "LANGUAGE other", "CREATE LANGUAGE other HANDLER plpgsql_call_handler"),
    commented(
        "language other", "LANGUAGE other", "CREATE LANGUAGE other HANDLER plpgsql_call_handler"
    ),
    granted(
        "language other",
        "LANGUAGE other",
        "USAGE",
        "CREATE TRUSTED LANGUAGE other HANDLER plpgsql_call_handler",
    ),
    *(
        altered(
            "language other",
            attribute,
            message,
            f"CREATE OR REPLACE {trusted}LANGUAGE other HANDLER {handler}{more}",
            *_FUNCTIONS,
            "CREATE LANGUAGE other HANDLER plpgsql_call_handler",
        )
        for attribute, message, trusted, handler, more in (
            ("handler", "plpgsql_call_handler -> app.handle", "", "app.handle", ""),
            (
                "inline handler",
                "none -> plpgsql_inline_handler",
                "",
                "plpgsql_call_handler",
                " INLINE plpgsql_inline_handler",
            ),
            (
                "validator",
                "none -> plpgsql_validator",
                "",
                "plpgsql_call_handler",
                " VALIDATOR plpgsql_validator",
            ),
            ("trusted", "none -> yes", "TRUSTED ", "plpgsql_call_handler", ""),
        )
    ),
    owned("text search configuration app.search", "TEXT SEARCH CONFIGURATION app.search"),
    commented("text search configuration app.search", "TEXT SEARCH CONFIGURATION app.search"),
    Case(
        "text search configuration created",
        "CREATE TEXT SEARCH CONFIGURATION app.seek (PARSER = default)",
        "text search configuration app.seek: unexpected",
    ),
    Case(
        "text search configuration's parser",
        (
            "DROP TEXT SEARCH CONFIGURATION app.search",
            "CREATE TEXT SEARCH CONFIGURATION app.search (PARSER = app.reader)",
        ),
        'text search configuration app.search, parser: pg_catalog."default" -> app.reader',
        setup=(_PARSER,),
    ),
    owned("text search dictionary app.plain", "TEXT SEARCH DICTIONARY app.plain"),
    commented("text search dictionary app.plain", "TEXT SEARCH DICTIONARY app.plain"),
    Case(
        "text search dictionary's template",
        (
            "DROP TEXT SEARCH DICTIONARY app.plain",
            "CREATE TEXT SEARCH DICTIONARY app.plain (TEMPLATE = app.form)",
        ),
        "text search dictionary app.plain, template: pg_catalog.simple -> app.form",
        setup=("CREATE TEXT SEARCH TEMPLATE app.form (LEXIZE = dsimple_lexize)",),
    ),
    commented("text search parser app.reader", "TEXT SEARCH PARSER app.reader", _PARSER),
    commented(
        "text search template app.form",
        "TEXT SEARCH TEMPLATE app.form",
        "CREATE TEXT SEARCH TEMPLATE app.form (LEXIZE = dsimple_lexize)",
    ),
    altered(
        "transform for app.pair language plpgsql",
        "from SQL",
        "app.from_sql(internal) -> app.off_sql(internal)",
        _TRANSFORM.format("OR REPLACE ", "FROM SQL WITH FUNCTION app.off_sql(internal)"),
        *_FUNCTIONS,
        _TRANSFORM.format("", _FROM),
    ),
    altered(
        "transform for app.pair language plpgsql",
        "to SQL",
        "none -> app.to_sql(internal)",
        _TRANSFORM.format("OR REPLACE ", f"{_FROM}, {_TO}"),
        *_FUNCTIONS,
        _TRANSFORM.format("", _FROM),
    ),
    commented(
        "transform for app.pair language plpgsql",
        "TRANSFORM FOR app.pair LANGUAGE plpgsql",
        *_FUNCTIONS,
        _TRANSFORM.format("", _FROM),
    ),
    commented(
        "access method other",
        "ACCESS METHOD other",
        "CREATE ACCESS METHOD other TYPE INDEX HANDLER bthandler",
    ),
    _subscribed("publications", "p -> p, q", "PUBLICATION q, p WITH (refresh = false)"),
    _subscribed("slot", "none -> there", "(slot_name = 'there')"),
    _subscribed("synchronous commit", "off -> local", "(synchronous_commit = 'local')"),
    _subscribed("binary", "none -> yes", "(binary = true)"),
    _subscribed("disable on error", "none -> yes", "(disable_on_error = true)"),
    _subscribed("streaming", "", "(streaming = on)"),
    _subscribed("origin", "any -> none", "(origin = none)", since=16),
    commented("subscription {database}_s", "SUBSCRIPTION {database}_s", _SUBSCRIPTION),
)
