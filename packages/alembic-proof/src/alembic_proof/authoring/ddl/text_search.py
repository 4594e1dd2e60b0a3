"""Create and alter text search configurations, dictionaries, parsers and templates."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.authoring.ddl.reference import Alteration
from alembic_proof.catalog.model import Catalog, CatalogObject

_PARSER = {
    "start": "START",
    "token": "GETTOKEN",
    "end": "END",
    "types": "LEXTYPES",
    "headline": "HEADLINE",
}
_TEMPLATE = {"init": "INIT", "lexize": "LEXIZE"}


def create_dictionary(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TEXT SEARCH DICTIONARY."""
    options = record.fact("options")
    parts = [f"TEMPLATE = {record.fact('template')}", *([options] if options else [])]
    return f"CREATE TEXT SEARCH DICTIONARY {record.identity} ({', '.join(parts)})"


def create_configuration(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TEXT SEARCH CONFIGURATION, without its mappings."""
    parser = record.fact("parser")
    return f"CREATE TEXT SEARCH CONFIGURATION {record.identity} (PARSER = {parser})"


def alter_mappings(at: Alteration) -> tuple[str, ...]:
    """Return ALTER TEXT SEARCH CONFIGURATION with DROP, ADD and ALTER MAPPING."""
    old, new = dict(_mappings(at.before)), dict(_mappings(at.after))
    head = f"ALTER TEXT SEARCH CONFIGURATION {at.record.identity}"
    dropped = tuple(f"{head} DROP MAPPING FOR {token}" for token in old if token not in new)
    return dropped + tuple(
        f"{head} {'ALTER' if token in old else 'ADD'} MAPPING FOR {token} WITH {dictionaries}"
        for token, dictionaries in new.items()
        if old.get(token) != dictionaries
    )


def _mappings(text: str | None) -> Iterator[tuple[str, str]]:
    """Yield the type of token and its dictionaries, for `asciiword: simple, word: app.names simple`."""
    for part in text.split(", ") if text else ():
        token, _, dictionaries = part.partition(": ")
        yield token, ", ".join(dictionaries.split(" "))


def create_parser(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TEXT SEARCH PARSER."""
    return f"CREATE TEXT SEARCH PARSER {record.identity} ({_parameters(record, _PARSER)})"


def create_template(record: CatalogObject, _catalog: Catalog) -> str:
    """Return CREATE TEXT SEARCH TEMPLATE."""
    return f"CREATE TEXT SEARCH TEMPLATE {record.identity} ({_parameters(record, _TEMPLATE)})"


def _parameters(record: CatalogObject, words: dict[str, str]) -> str:
    found = ((word, record.fact(name)) for name, word in words.items())
    return ", ".join(f"{word} = {text}" for word, text in found if text is not None)
