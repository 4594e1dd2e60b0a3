"""What a revision declares as `lossy`, read as the tables and columns that it names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from alembic_proof.catalog.names import unquoted

_NAME = r'(?:"(?:[^"]|"")+"|(?![A-Z])[^\W\d](?:(?![A-Z])[\w$])*)'
_PATH = rf"{_NAME}(?:\.{_NAME}){{0,2}}"
_DIRECTION = r"(?:upgrade|downgrade)\s*:\s*"
_ENTRY = re.compile(
    rf"\s*(?:{_DIRECTION})?(?!{_DIRECTION})(?P<names>{_PATH}(?:\s*,\s*{_PATH})*)\s*:\s+\S"
)
_PART = re.compile(_NAME)
_SEPARATOR = re.compile(r"[;\n]")

TableColumn = tuple[str, str, str]
"""Schema, table and column; the column is empty for the table as a whole."""


@dataclass(frozen=True, slots=True)
class LossName:
    """A table or a column as the declaration writes it: `tags`, `tags.name`, `audit.log.at`."""

    text: str

    @property
    def places(self) -> tuple[TableColumn, ...]:
        """Return what it may mean: of `a.b` the column b of public.a, or the table b of the schema a."""
        match [unquoted(part) for part in _PART.findall(self.text)]:
            case [table]:
                return (("public", table, ""),)
            case [first, second]:
                return (("public", first, second), (first, second, ""))
            case [schema, table, column]:
                return ((schema, table, column),)
        return ()

    def covers(self, table: str, column: str) -> bool:
        """Return whether it names the column, or the table that has it.

        :param table: the qualified and quoted name.
        :param column: the name as it is; empty where whole rows are lost.
        """
        return self.covers_place(place_of(table, column))

    def covers_place(self, place: TableColumn) -> bool:
        """Return whether it names the place, or the table of the column."""
        return any(one in (place, (*place[:2], "")) for one in self.places)

    def is_one_of(self, places: Collection[TableColumn]) -> bool:
        """Return whether it names any of these."""
        return any(one in places for one in self.places)


@dataclass(frozen=True, slots=True)
class Loss:
    """One entry of a declaration; without names it is about the whole revision."""

    text: str
    names: tuple[LossName, ...] = ()

    def covers(self, table: str, column: str) -> bool:
        """Return whether a loss there is declared."""
        return not self.names or any(name.covers(table, column) for name in self.names)


def parse_losses(text: str) -> tuple[Loss, ...]:
    """Return the entries: `tags.name: cut after 50 characters; users, tags.slug: …`.

    What stands behind a semicolon or in a new line begins an entry where it names something.
    """
    return tuple(_loss(entry) for entry in _entries(text))


def place_of(table: str, column: str = "") -> TableColumn:
    """Return the place of a column, or of a table, whose name is qualified and quoted."""
    schema, name = (unquoted(part) for part in _PART.findall(table))
    return (schema, name, column)


def _entries(text: str) -> Iterator[str]:
    start = 0
    for separator in _SEPARATOR.finditer(text):
        if _ENTRY.match(text, separator.end()):
            yield text[start : separator.start()]
            start = separator.end()
    if text.strip():
        yield text[start:]


def _loss(entry: str) -> Loss:
    found = _ENTRY.match(entry)
    names = re.findall(_PATH, found["names"]) if found else ()
    return Loss(" ".join(entry.split()), tuple(LossName(name) for name in names))
