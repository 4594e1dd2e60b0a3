"""CREATE of what few databases have."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.catalog.ddl.address import address
from alembic_proof.catalog.ddl.names import literal
from alembic_proof.catalog.model import Catalog, CatalogObject

_AGGREGATE = {
    "state function": "SFUNC",
    "state type": "STYPE",
    "state size": "SSPACE",
    "final function": "FINALFUNC",
    "combine function": "COMBINEFUNC",
    "serialize function": "SERIALFUNC",
    "deserialize function": "DESERIALFUNC",
    "initial value": "INITCOND",
    "moving state function": "MSFUNC",
    "moving inverse function": "MINVFUNC",
    "moving state type": "MSTYPE",
    "moving state size": "MSSPACE",
    "moving final function": "MFINALFUNC",
    "moving initial value": "MINITCOND",
    "parallel": "PARALLEL",
}
_OPERATOR = {
    "function": "FUNCTION",
    "left type": "LEFTARG",
    "right type": "RIGHTARG",
    "commutator": "COMMUTATOR",
    "negator": "NEGATOR",
    "restriction": "RESTRICT",
    "join": "JOIN",
}
_PARSER = {
    "start": "START",
    "token": "GETTOKEN",
    "end": "END",
    "types": "LEXTYPES",
    "headline": "HEADLINE",
}
_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def create_aggregate(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE AGGREGATE."""
    parts = list(_parameters(record, _AGGREGATE))
    flags = {
        "final function gets all arguments": "FINALFUNC_EXTRA",
        "moving final function gets all arguments": "MFINALFUNC_EXTRA",
    }
    parts += [word for name, word in flags.items() if record.fact(name)]
    parts += [
        f"{word} = {text}"
        for name, word in (
            ("final function modifies", "FINALFUNC_MODIFY"),
            ("moving final function modifies", "MFINALFUNC_MODIFY"),
        )
        if (text := record.fact(name)) is not None
    ]
    if record.fact("kind") == "hypothetical":
        parts.append("HYPOTHETICAL")
    if (sort := record.fact("sort operator")) is not None:
        parts.append(f"SORTOP = {_operator(sort)}")
    name, _, _ = record.identity.partition("(")
    return f"CREATE AGGREGATE {name}({record.fact('arguments') or '*'}) ({', '.join(parts)})"


def create_operator(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE OPERATOR."""
    name, _, _ = record.identity.partition("(")
    parts = [
        f"{_OPERATOR[key]} = {_operator(text) if key in ('commutator', 'negator') else text}"
        for key in _OPERATOR
        if (text := record.fact(key)) is not None
    ]
    parts += [
        word for key, word in (("merges", "MERGES"), ("hashes", "HASHES")) if record.fact(key)
    ]
    return f"CREATE OPERATOR {name} ({', '.join(parts)})"


def _operator(text: str) -> str:
    """`OPERATOR(public.=)` of `public.=(integer,integer)`."""
    name, _, _ = text.partition("(")
    return f"OPERATOR({name if '.' in name else f'pg_catalog.{name}'})"


def create_cast(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE CAST."""
    match record.fact("method"):
        case "in and out":
            how = "WITH INOUT"
        case "binary":
            how = "WITHOUT FUNCTION"
        case _:
            how = f"WITH FUNCTION {record.fact('function')}"
    context = record.fact("context")
    when = "" if context == "explicit" else f" AS {(context or '').upper()}"
    return f"CREATE CAST {record.identity} {how}{when}"


def create_collation(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE COLLATION."""
    parts = [f"PROVIDER = {_PROVIDERS.get(record.fact('provider') or '', 'libc')}"]
    for name, word in (
        ("collate", "LC_COLLATE"),
        ("ctype", "LC_CTYPE"),
        ("locale", "LOCALE"),
        ("rules", "RULES"),
    ):
        if (text := record.fact(name)) is not None:
            parts.append(f"{word} = {literal(text)}")
    if record.fact("deterministic") is not None:
        parts.append("DETERMINISTIC = false")
    return f"CREATE COLLATION {record.identity} ({', '.join(parts)})"


def create_conversion(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE [DEFAULT] CONVERSION."""
    default = "DEFAULT " if record.fact("default") else ""
    return (
        f"CREATE {default}CONVERSION {record.identity} FOR {literal(record.fact('from') or '')}"
        f" TO {literal(record.fact('to') or '')} FROM {record.fact('function')}"
    )


def create_operator_family(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE OPERATOR FAMILY, which is empty; its operators and functions are not offered."""
    return f"CREATE OPERATOR FAMILY {record.identity}"


def create_dictionary(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TEXT SEARCH DICTIONARY."""
    options = record.fact("options")
    parts = [f"TEMPLATE = {record.fact('template')}", *([options] if options else [])]
    return f"CREATE TEXT SEARCH DICTIONARY {record.identity} ({', '.join(parts)})"


def create_configuration(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TEXT SEARCH CONFIGURATION, without its mappings."""
    parser = record.fact("parser")
    return f"CREATE TEXT SEARCH CONFIGURATION {record.identity} (PARSER = {parser})"


def create_parser(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TEXT SEARCH PARSER."""
    return (
        f"CREATE TEXT SEARCH PARSER {record.identity} ({', '.join(_parameters(record, _PARSER))})"
    )


def create_template(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TEXT SEARCH TEMPLATE."""
    parts = _parameters(record, {"init": "INIT", "lexize": "LEXIZE"})
    return f"CREATE TEXT SEARCH TEMPLATE {record.identity} ({', '.join(parts)})"


def create_language(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE [TRUSTED] LANGUAGE."""
    trusted = "TRUSTED " if record.fact("trusted") else ""
    words = {"handler": "HANDLER", "inline handler": "INLINE", "validator": "VALIDATOR"}
    tail = " ".join(f"{words[name]} {record.fact(name)}" for name in words if record.fact(name))
    return f"CREATE {trusted}LANGUAGE {record.identity} {tail}"


def create_transform(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE TRANSFORM."""
    words = {"from SQL": "FROM SQL", "to SQL": "TO SQL"}
    parts = [f"{words[n]} WITH FUNCTION {record.fact(n)}" for n in words if record.fact(n)]
    return f"CREATE {address(record)} ({', '.join(parts)})"


def create_access_method(record: CatalogObject, _catalog: Catalog) -> str:
    """CREATE ACCESS METHOD."""
    what = "INDEX" if record.fact("type") == "i" else "TABLE"
    return f"CREATE ACCESS METHOD {record.identity} TYPE {what} HANDLER {record.fact('handler')}"


def _parameters(record: CatalogObject, words: dict[str, str]) -> Iterator[str]:
    """`WORD = value` for each attribute that says something."""
    for name, word in words.items():
        if (text := record.fact(name)) is not None:
            yield f"{word} = {text}"
