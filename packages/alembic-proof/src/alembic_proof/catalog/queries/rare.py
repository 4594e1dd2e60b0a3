"""What few databases have, one shape for all: named by pg_identify_object.

Source: functions-info, "Object Information and Addressing Functions".
"""

from __future__ import annotations

from collections.abc import Mapping

from alembic_proof.catalog.queries.frame import (
    function_name,
    identity,
    is_by_itself,
    is_users,
    operator_name,
    signature,
    type_name,
)
from alembic_proof.catalog.select import Expression, Link, Select, Since


def rare(
    kind: str,
    *,
    reads: str,
    facts: Mapping[str, Expression],
    prefix: str = "",
    acl: str = "NULL",
    links: tuple[Link, ...] = (),
    implicit: str = "false",
    name: str = "",
) -> Select:
    """The SELECT over a catalog; `prefix` is that of its columns where it has owner and schema."""
    owned = {"owner": f"pg_get_userbyid(o.{prefix}owner)"} if prefix else {}
    spaced = (
        (Link("parent", "pg_namespace", f"o.{prefix}namespace"),)
        if prefix not in ("", "lan")
        else ()
    )
    return Select(
        reads=reads,
        manual=f"catalog-{reads.replace('_', '-')}",
        kinds=(kind,),
        name=name or identity(reads, "o.oid"),
        oid="o.oid",
        links=(*spaced, *links),
        implicit=implicit,
        owner=owned.get("owner", "NULL"),
        acl=acl,
        facts={**owned, **facts},
        source=f"{reads} AS o\nWHERE {is_users('o.oid')} AND {is_by_itself(reads, 'o.oid')}",
    )


def _flag(condition: str) -> str:
    return f"CASE WHEN {condition} THEN 'yes' END"


_OPERATORS = """(SELECT string_agg(e.amopstrategy || ' ' || e.amopopr::regoperator
        || CASE WHEN e.amopsortfamily <> 0 THEN ' for order by' ELSE '' END, ', '
        ORDER BY e.amoplefttype, e.amoprighttype, e.amopstrategy)
    FROM pg_amop AS e WHERE e.amopfamily = o.oid)"""
_FUNCTIONS = """(SELECT string_agg(e.amprocnum || ' ' || e.amproc::regprocedure, ', '
        ORDER BY e.amproclefttype, e.amprocrighttype, e.amprocnum)
    FROM pg_amproc AS e WHERE e.amprocfamily = o.oid)"""
_CLASS_OF_FAMILY = """(SELECT k.oid FROM pg_opclass AS k
    WHERE k.opcfamily = o.oid AND k.opcname = o.opfname AND k.opcnamespace = o.opfnamespace)"""
_MAPPINGS = """(SELECT string_agg(t.alias || ': ' || t.dictionaries, ', ' ORDER BY t.alias)
    FROM (SELECT k.alias, string_agg(m.mapdict::regdictionary::text, ' ' ORDER BY m.mapseqno)
        AS dictionaries FROM pg_ts_config_map AS m
        JOIN ts_token_type(o.cfgparser) AS k ON k.tokid = m.maptokentype
        WHERE m.mapcfg = o.oid GROUP BY k.alias) AS t)"""

_TRANSFORM = """'for ' || format_type(o.trftype, NULL) || ' language ' ||
    (SELECT quote_ident(l.lanname) FROM pg_language AS l WHERE l.oid = o.trflang)"""
"""As SQL has it; pg_identify_object puts it otherwise on PostgreSQL 15 than on 18."""

BASE_TYPES = Select(
    reads="pg_type",
    manual="catalog-pg-type",
    kinds=("type",),
    name=identity("pg_type", "o.oid"),
    oid="o.oid",
    links=(Link("parent", "pg_namespace", "o.typnamespace"),),
    owner="pg_get_userbyid(o.typowner)",
    acl="coalesce(o.typacl, acldefault('T', o.typowner))",
    facts={
        "owner": "pg_get_userbyid(o.typowner)",
        "input": function_name("o.typinput"),
        "output": function_name("o.typoutput"),
        "receive": function_name("o.typreceive"),
        "send": function_name("o.typsend"),
        "modifier input": function_name("o.typmodin"),
        "modifier output": function_name("o.typmodout"),
        "analyze": function_name("o.typanalyze"),
        "subscript": function_name("o.typsubscript"),
        "length": "o.typlen",
        "passed by value": _flag("o.typbyval"),
        "alignment": "o.typalign",
        "storage": "o.typstorage",
        "category": "o.typcategory",
        "preferred": _flag("o.typispreferred"),
        "default": "o.typdefault",
        "element": type_name("o.typelem"),
        "delimiter": "o.typdelim",
        "collatable": _flag("o.typcollation <> 0"),
        "defined": "CASE WHEN NOT o.typisdefined THEN 'no' END",
    },
    source=f"""pg_type AS o
WHERE o.typtype IN ('b', 'p') AND {is_users("o.oid")}
    AND NOT EXISTS (SELECT FROM pg_type AS element WHERE element.typarray = o.oid)""",
)

RARE = (
    BASE_TYPES,
    rare(
        "operator",
        reads="pg_operator",
        prefix="opr",
        facts={
            "left type": type_name("o.oprleft"),
            "right type": type_name("o.oprright"),
            "function": function_name("o.oprcode"),
            "result": type_name("o.oprresult"),
            "commutator": operator_name("o.oprcom"),
            "negator": operator_name("o.oprnegate"),
            "restriction": function_name("o.oprrest"),
            "join": function_name("o.oprjoin"),
            "merges": _flag("o.oprcanmerge"),
            "hashes": _flag("o.oprcanhash"),
        },
    ),
    rare(
        "operator class",
        reads="pg_opclass",
        prefix="opc",
        facts={
            "family": identity("pg_opfamily", "o.opcfamily"),
            "input type": type_name("o.opcintype"),
            "key type": type_name("o.opckeytype"),
            "default": _flag("o.opcdefault"),
        },
    ),
    rare(
        "operator family",
        reads="pg_opfamily",
        prefix="opf",
        links=(Link("parent", "pg_opclass", _CLASS_OF_FAMILY),),
        implicit=f"{_CLASS_OF_FAMILY} IS NOT NULL",
        facts={"operators": _OPERATORS, "functions": _FUNCTIONS},
    ),
    rare(
        "cast",
        reads="pg_cast",
        facts={
            "function": signature("o.castfunc"),
            "method": "CASE o.castmethod WHEN 'i' THEN 'in and out' WHEN 'b' THEN 'binary' END",
            "context": """CASE o.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment'
                ELSE 'implicit' END""",
        },
        links=(
            Link("parent", "pg_type", "o.castsource"),
            Link("parent", "pg_type", "o.casttarget"),
        ),
    ),
    rare(
        "collation",
        reads="pg_collation",
        prefix="coll",
        facts={
            "provider": "o.collprovider",
            "collate": "o.collcollate",
            "ctype": "o.collctype",
            "locale": Since(major=17, sql="o.colllocale", otherwise="o.colliculocale"),
            "rules": Since(major=16, sql="o.collicurules"),
            "deterministic": "CASE WHEN NOT o.collisdeterministic THEN 'no' END",
        },
    ),
    rare(
        "conversion",
        reads="pg_conversion",
        prefix="con",
        facts={
            "from": "pg_encoding_to_char(o.conforencoding)",
            "to": "pg_encoding_to_char(o.contoencoding)",
            "function": function_name("o.conproc"),
            "default": _flag("o.condefault"),
        },
    ),
    rare(
        "text search configuration",
        reads="pg_ts_config",
        prefix="cfg",
        facts={
            "parser": identity("pg_ts_parser", "o.cfgparser"),
            "mappings": _MAPPINGS,
        },
    ),
    rare(
        "text search dictionary",
        reads="pg_ts_dict",
        prefix="dict",
        facts={
            "template": identity("pg_ts_template", "o.dicttemplate"),
            "options": "o.dictinitoption",
        },
    ),
    rare(
        "text search parser",
        reads="pg_ts_parser",
        links=(Link("parent", "pg_namespace", "o.prsnamespace"),),
        facts={
            "start": function_name("o.prsstart"),
            "token": function_name("o.prstoken"),
            "end": function_name("o.prsend"),
            "headline": function_name("o.prsheadline"),
            "types": function_name("o.prslextype"),
        },
    ),
    rare(
        "text search template",
        reads="pg_ts_template",
        links=(Link("parent", "pg_namespace", "o.tmplnamespace"),),
        facts={"init": function_name("o.tmplinit"), "lexize": function_name("o.tmpllexize")},
    ),
    rare(
        "language",
        reads="pg_language",
        prefix="lan",
        acl="coalesce(o.lanacl, acldefault('l', o.lanowner))",
        facts={
            "handler": function_name("o.lanplcallfoid"),
            "inline handler": function_name("o.laninline"),
            "validator": function_name("o.lanvalidator"),
            "trusted": _flag("o.lanpltrusted"),
        },
    ),
    rare(
        "transform",
        reads="pg_transform",
        name=_TRANSFORM,
        facts={
            "from SQL": signature("o.trffromsql"),
            "to SQL": signature("o.trftosql"),
        },
    ),
    rare(
        "access method",
        reads="pg_am",
        facts={"handler": function_name("o.amhandler"), "type": "o.amtype"},
    ),
)
