"""What a revision declares: the SQL of its backfill, or the backfills that it requires."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from alembic_deploy.errors import HistoryError

_NEEDED = ("name", "table", "set", "where", "undo")
_OPTIONAL = ("settings",)
_UNDO_KEYS = ("set", "where")
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
_TABLE = re.compile(rf"{_IDENTIFIER}\.(?P<name>{_IDENTIFIER})")
_NAME = re.compile(r"[a-z0-9_]{1,63}")
_SETTING = re.compile(r"[A-Za-z_][\w.]*")
_EXAMPLE = """\
write it like this:

backfill = {
    "name": "fill_display_names",
    "table": "public.users",
    "set": "display_name = split_part(email, '@', 1)",
    "where": "display_name IS NULL AND email <> ''",
    "undo": None,  # or {"set": …, "where": …}
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One direction of a backfill, as the parts of an UPDATE."""

    set: str
    where: str
    """The condition of a row that is still to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The backfill of one revision."""

    name: str
    revision: str
    path: str
    """The revision's file."""
    table: str
    """With its schema, quoted where it needs to be."""
    fill: Assignment
    undo: Assignment | None
    """What takes it back before the downgrade; None where the downgrade needs nothing."""
    settings: tuple[tuple[str, str], ...] = ()
    """Settings of the transaction of each batch, as SET LOCAL has them."""

    @property
    def alias(self) -> str:
        """Return the table's name without its schema, by which the SQL may qualify columns."""
        match = _TABLE.fullmatch(self.table)
        return match["name"] if match else self.table

    def assignment(self, *, is_undo: bool) -> Assignment:
        """Return the UPDATE of the direction.

        :raises ValueError: There is no undo.
        """
        if not is_undo:
            return self.fill
        if self.undo is None:
            raise ValueError(f"the backfill {self.name} has no undo")
        return self.undo


def read_backfill(module: ModuleType, *, revision: str, path: str) -> Backfill | None:
    """Return the backfill that a revision declares; None without one.

    A function called `backfill` is a revision's own affair.

    :raises HistoryError: A declaration that cannot be used; says what is wrong with it.
    """
    declared = getattr(module, "backfill", None)
    if declared is None or callable(declared) or isinstance(declared, ModuleType):
        return None
    return _Reader(revision, path).backfill(declared)


def read_requirements(module: ModuleType, *, revision: str, path: str) -> tuple[str, ...]:
    """Return the names of the backfills that must be finished before a revision's upgrade.

    :raises HistoryError: `requires_backfill` is neither a name nor a tuple of names.
    """
    declared = getattr(module, "requires_backfill", ())
    names = (declared,) if isinstance(declared, str) else declared
    if not isinstance(names, tuple | list) or not all(isinstance(one, str) for one in names):
        raise HistoryError(
            f"requires_backfill of revision {revision} is no name of a backfill",
            where=path,
            todo='write requires_backfill = "NAME", or a tuple of names',
        )
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Checks a declaration; every error names the revision's file."""

    revision: str
    path: str

    def backfill(self, declared: Any) -> Backfill:
        """Return the declared backfill."""
        values = self._table_of("backfill", declared, needed=_NEEDED, optional=_OPTIONAL)
        name, table = self._text(values, "name"), self._text(values, "table")
        if not _NAME.fullmatch(name):
            self._refuse(f"its name {name!r} is more than lower-case letters, digits and _")
        if not _TABLE.fullmatch(table):
            self._refuse(f"its table {table!r} is no table with its schema, as in public.users")
        undo = values["undo"]
        return Backfill(
            name=name,
            revision=self.revision,
            path=self.path,
            table=table,
            fill=self._assignment(values),
            undo=None if undo is None else self._undo(undo),
            settings=self._settings(values.get("settings", {})),
        )

    def _undo(self, declared: Any) -> Assignment:
        return self._assignment(self._table_of("its undo", declared, needed=_UNDO_KEYS))

    def _assignment(self, values: Mapping[str, Any]) -> Assignment:
        return Assignment(set=self._text(values, "set"), where=self._text(values, "where"))

    def _settings(self, declared: Any) -> tuple[tuple[str, str], ...]:
        if not isinstance(declared, Mapping):
            self._refuse("its settings are no dict of names and values")
        for name, value in declared.items():
            if not (isinstance(name, str) and _SETTING.fullmatch(name) and isinstance(value, str)):
                self._refuse(f"its setting {name!r} is no name with a string as its value")
        return tuple(declared.items())

    def _table_of(
        self, what: str, declared: Any, *, needed: tuple[str, ...], optional: tuple[str, ...] = ()
    ) -> Mapping[str, Any]:
        if not isinstance(declared, Mapping):
            self._refuse(f"{what} is {type(declared).__name__}, not a dict")
        if missing := [key for key in needed if key not in declared]:
            self._refuse(f"{what} has no key {missing[0]!r}")
        if unknown := [key for key in declared if key not in (*needed, *optional)]:
            self._refuse(f"{what} has an unknown key {unknown[0]!r}")
        return dict(declared)

    def _text(self, values: Mapping[str, Any], key: str) -> str:
        value = values[key]
        if not isinstance(value, str) or not value.strip():
            self._refuse(f"its {key} is no SQL" if key != "name" else "its name is no text")
        if "\0" in value or value.rstrip().endswith(";"):
            self._refuse(f"its {key} is a part of a statement: it cannot end with a semicolon")
        return str(value).strip()

    def _refuse(self, why: str) -> None:
        raise HistoryError(
            f"the backfill of revision {self.revision} cannot be used: {why}",
            where=self.path,
            todo=_EXAMPLE,
        )
