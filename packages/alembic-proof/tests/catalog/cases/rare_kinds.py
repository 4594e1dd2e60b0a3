"""Kinds of objects that few databases have."""

from __future__ import annotations

from .case import Case

CASES = (
    Case(
        "collation created",
        'CREATE COLLATION app.other FROM "C"',
        "collation app.other: unexpected",
    ),
    Case(
        "collation's locale",
        (
            "DROP COLLATION app.german",
            "CREATE COLLATION app.german (provider = icu, locale = 'fr')",
        ),
        "collation app.german, locale: de -> fr",
    ),
    Case(
        "collation comment",
        "COMMENT ON COLLATION app.german IS 'umlauts'",
        "collation app.german, comment: none -> umlauts",
    ),
    Case(
        "conversion created",
        "CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "conversion app.conv: unexpected",
    ),
    Case(
        "cast created",
        "CREATE CAST (app.pair AS text) WITH INOUT AS ASSIGNMENT",
        "cast (app.pair AS pg_catalog.text): unexpected",
    ),
    Case(
        "operator created",
        "CREATE OPERATOR app.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer)",
        "operator app.===(integer,integer): unexpected",
    ),
    Case(
        "operator class created",
        "CREATE OPERATOR CLASS app.odd FOR TYPE integer USING btree AS OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer)",
        "operator class app.odd USING btree: unexpected",
    ),
    Case(
        "operator family created",
        "CREATE OPERATOR FAMILY app.clan USING btree",
        "operator family app.clan USING btree: unexpected",
    ),
    Case(
        "text search dictionary created",
        "CREATE TEXT SEARCH DICTIONARY app.other (TEMPLATE = simple, accept = false)",
        "text search dictionary app.other: unexpected",
    ),
    Case(
        "text search dictionary's options",
        "ALTER TEXT SEARCH DICTIONARY app.plain (accept = false)",
        "text search dictionary app.plain, options: none -> accept = 'false'",
    ),
    Case(
        "text search mapping",
        "ALTER TEXT SEARCH CONFIGURATION app.search ADD MAPPING FOR word WITH simple",
        "text search configuration app.search, mappings: none -> word: simple",
    ),
    Case(
        "text search parser created",
        "CREATE TEXT SEARCH PARSER app.reader (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)",
        "text search parser app.reader: unexpected",
    ),
    Case(
        "text search template created",
        "CREATE TEXT SEARCH TEMPLATE app.form (LEXIZE = dsimple_lexize)",
        "text search template app.form: unexpected",
    ),
    Case(
        "language created",
        "CREATE LANGUAGE other HANDLER plpgsql_call_handler",
        "language other: unexpected",
    ),
    Case(
        "transform created",
        "CREATE TRANSFORM FOR app.pair LANGUAGE plpgsql (FROM SQL WITH FUNCTION app.from_sql(internal))",
        "transform for app.pair ",
        setup=(
            "CREATE FUNCTION app.from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'boolin'",
        ),
    ),
    Case(
        "access method created",
        "CREATE ACCESS METHOD other TYPE INDEX HANDLER bthandler",
        "access method other: unexpected",
    ),
)
