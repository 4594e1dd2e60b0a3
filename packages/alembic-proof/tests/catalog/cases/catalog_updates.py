"""Attributes that no statement changes by itself: the system catalog is written, as superusers may.

Recreating the object would change more than the attribute, or need functions written in C.
"""

from __future__ import annotations

from .case import Case
from .sample_schema import WRITER

_BASE = (
    "CREATE TYPE app.base",
    "CREATE FUNCTION app.base_in(cstring) RETURNS app.base LANGUAGE internal IMMUTABLE STRICT AS 'textin'",
    "CREATE FUNCTION app.base_out(app.base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'",
    "CREATE TYPE app.base (INPUT = app.base_in, OUTPUT = app.base_out)",
)
_OPERATOR = ("CREATE OPERATOR app.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer)",)
_CLASS = (
    (
        "CREATE OPERATOR CLASS app.odd FOR TYPE integer USING btree AS OPERATOR 1 <,"
        " FUNCTION 1 btint4cmp(integer, integer)"
    ),
    "CREATE OPERATOR FAMILY app.clan USING btree",
)
_CAST = ("CREATE CAST (app.pair AS text) WITH INOUT",)
_CONVERSION = ("CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",)
_PARSER = (
    (
        "CREATE TEXT SEARCH PARSER app.reader (START = prsd_start, GETTOKEN = prsd_nexttoken,"
        " END = prsd_end, LEXTYPES = prsd_lextype)"
    ),
)
_TEMPLATE = ("CREATE TEXT SEARCH TEMPLATE app.form (LEXIZE = dsimple_lexize)",)
_METHOD = ("CREATE ACCESS METHOD other TYPE INDEX HANDLER bthandler",)
_SUBSCRIPTION = (
    f"ALTER ROLE {WRITER} SUPERUSER",
    (
        "CREATE SUBSCRIPTION {database}_s CONNECTION 'host=nowhere' PUBLICATION p"
        " WITH (connect = false, slot_name = NONE)"
    ),
)

_Row = tuple[str, str, str, str]
"""Attribute, what is said of it, column, new value."""


def _written(
    key: str, catalog: str, where: str, rows: tuple[_Row, ...], *, setup: tuple[str, ...] = ()
) -> tuple[Case, ...]:
    return tuple(
        Case(
            f"{key}: {attribute} written",
            f"UPDATE {catalog} SET {column} = {value} WHERE {where}",
            f"{key}, {attribute}: {message}",
            setup=setup,
        )
        for attribute, message, column, value in rows
    )


CASES = (
    *_written(
        "type app.base",
        "pg_type",
        "oid = 'app.base'::regtype",
        (
            ("input", "app.base_in -> textin", "typinput", "'textin'::regproc"),
            ("output", "app.base_out -> textout", "typoutput", "'textout'::regproc"),
            ("receive", "none -> textrecv", "typreceive", "'textrecv'::regproc"),
            ("send", "none -> textsend", "typsend", "'textsend'::regproc"),
            ("modifier input", "none -> varchartypmodin", "typmodin", "'varchartypmodin'::regproc"),
            (
                "modifier output",
                "none -> varchartypmodout",
                "typmodout",
                "'varchartypmodout'::regproc",
            ),
            ("analyze", "none -> range_typanalyze", "typanalyze", "'range_typanalyze'::regproc"),
            (
                "subscript",
                "none -> raw_array_subscript_handler",
                "typsubscript",
                "'raw_array_subscript_handler'::regproc",
            ),
            ("length", "-1 -> 4", "typlen", "4"),
            ("passed by value", "none -> yes", "typbyval", "true"),
            ("alignment", "i -> d", "typalign", "'d'"),
            ("storage", "p -> x", "typstorage", "'x'"),
            ("category", "U -> S", "typcategory", "'S'"),
            ("preferred", "none -> yes", "typispreferred", "true"),
            ("default", "none -> x", "typdefault", "'x'"),
            ("element", "none -> integer", "typelem", "'integer'::regtype"),
            ("delimiter", ", -> ;", "typdelim", "';'"),
            ("collatable", "none -> yes", "typcollation", "100"),
            ("defined", "none -> no", "typisdefined", "false"),
        ),
        setup=_BASE,
    ),
    *_written(
        "operator app.===(integer,integer)",
        "pg_operator",
        "oprname = '==='",
        (
            (
                "negator",
                "none -> <>(integer,integer)",
                "oprnegate",
                "'<>(integer,integer)'::regoperator",
            ),
            ("result", "boolean -> integer", "oprresult", "'integer'::regtype"),
        ),
        setup=_OPERATOR,
    ),
    *_written(
        "operator class app.odd USING btree",
        "pg_opclass",
        "opcname = 'odd'",
        (
            ("input type", "integer -> bigint", "opcintype", "'bigint'::regtype"),
            ("key type", "none -> integer", "opckeytype", "'integer'::regtype"),
        ),
        setup=_CLASS,
    ),
    *_written(
        "operator class app.odd USING btree",
        "pg_opclass",
        "opcname = 'odd'",
        (("default", "none -> yes", "opcdefault", "true"),),
        setup=(
            *_CLASS,
            "UPDATE pg_opclass SET opcintype = 'app.pair'::regtype WHERE opcname = 'odd'",
        ),
    ),
    *_written(
        "operator class app.odd USING btree",
        "pg_opclass",
        "opcname = 'odd'",
        (
            (
                "family",
                "app.clan USING btree -> app.kin USING btree",
                "opcfamily",
                "(SELECT oid FROM pg_opfamily WHERE opfname = 'kin')",
            ),
        ),
        setup=(
            "CREATE OPERATOR FAMILY app.clan USING btree",
            "CREATE OPERATOR FAMILY app.kin USING btree",
            _CLASS[0].replace("USING btree", "USING btree FAMILY app.clan"),
        ),
    ),
    *_written(
        "cast (app.pair AS pg_catalog.text)",
        "pg_cast",
        "castsource = 'app.pair'::regtype",
        (("method", "in and out -> binary", "castmethod", "'b'"),),
        setup=_CAST,
    ),
    *_written(
        "collation app.german",
        "pg_collation",
        "collname = 'german'",
        (("provider", "i -> c", "collprovider", "'c'"),),
    ),
    *_written(
        "conversion app.conv",
        "pg_conversion",
        "conname = 'conv'",
        (
            ("from", "LATIN1 -> LATIN2", "conforencoding", "pg_char_to_encoding('LATIN2')"),
            ("to", "UTF8 -> LATIN2", "contoencoding", "pg_char_to_encoding('LATIN2')"),
            (
                "function",
                "iso8859_1_to_utf8 -> iso8859_to_utf8",
                "conproc",
                "'iso8859_to_utf8'::regproc",
            ),
        ),
        setup=_CONVERSION,
    ),
    *_written(
        "foreign-data wrapper nothing",
        "pg_foreign_data_wrapper",
        "fdwname = 'nothing'",
        (
            ("owner", f"postgres -> {WRITER}", "fdwowner", f"'{WRITER}'::regrole"),
            ("handler", "none -> fdw_handler_in", "fdwhandler", "'fdw_handler_in'::regproc"),
        ),
    ),
    *_written(
        "text search parser app.reader",
        "pg_ts_parser",
        "prsname = 'reader'",
        (
            ("start", "prsd_start -> now", "prsstart", "'now'::regproc"),
            ("token", "prsd_nexttoken -> now", "prstoken", "'now'::regproc"),
            ("end", "prsd_end -> now", "prsend", "'now'::regproc"),
            ("headline", "none -> prsd_headline", "prsheadline", "'prsd_headline'::regproc"),
            ("types", "prsd_lextype -> now", "prslextype", "'now'::regproc"),
        ),
        setup=_PARSER,
    ),
    *_written(
        "text search template app.form",
        "pg_ts_template",
        "tmplname = 'form'",
        (
            ("init", "none -> dsimple_init", "tmplinit", "'dsimple_init'::regproc"),
            (
                "lexize",
                "dsimple_lexize -> dsynonym_lexize",
                "tmpllexize",
                "'dsynonym_lexize'::regproc",
            ),
        ),
        setup=_TEMPLATE,
    ),
    *_written(
        "access method other",
        "pg_am",
        "amname = 'other'",
        (
            ("handler", "bthandler -> hashhandler", "amhandler", "'hashhandler'::regproc"),
            ("type", "i -> t", "amtype", "'t'"),
        ),
        setup=_METHOD,
    ),
    *_written(
        "subscription {database}_s",
        "pg_subscription",
        "subname = '{database}_s'",
        (
            ("owner", f"postgres -> {WRITER}", "subowner", f"'{WRITER}'::regrole"),
            ("enabled", "none -> yes", "subenabled", "true"),
            ("two phase", "none -> yes", "subtwophasestate", "'e'"),
        ),
        setup=_SUBSCRIPTION,
    ),
    *_written(
        "range app.floats",
        "pg_range",
        "rngtypid = 'app.floats'::regtype",
        (
            (
                "canonical",
                "none -> int4range_canonical",
                "rngcanonical",
                "'int4range_canonical'::regproc",
            ),
        ),
    ),
    Case(
        "security label",
        "INSERT INTO pg_seclabel VALUES ('app.notes'::regclass, 'pg_class'::regclass, 0, 'guard', 'secret: 1')",
        "table app.notes, security label (guard): none -> secret: 1",
    ),
    Case(
        "subscription's failover",
        "UPDATE pg_subscription SET subfailover = true WHERE subname = '{database}_s'",
        "subscription {database}_s, failover: none -> yes",
        setup=_SUBSCRIPTION,
        since=17,
    ),
)
