"""One value of the table, in the type that its key asks for; or an error that names the key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from alembic_proof.config.model import URL_PARTS, Declaration
from alembic_proof.errors import ConfigError

TABLE = "[tool.alembic-proof]"


@dataclass(frozen=True, slots=True)
class Values:
    """The table as TOML has it, and its file for messages."""

    table: dict[str, object]
    path: Path

    def text(self, key: str) -> str | None:
        """A non-empty string, None where the key is missing."""
        return self._text(self.table[key], key=key) if key in self.table else None

    def variable(self, key: str) -> str | None:
        """The name of an environment variable, None where the key is missing."""
        name = self.text(key)
        if name is not None and re.fullmatch(r"[^\s=]+", name) is None:
            raise self.wrong_type(key, expected="the name of an environment variable")
        return name

    def texts(self, key: str, *, what: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of `what`, each a non-empty string."""
        values = self.table.get(key)
        if values is None:
            return default
        if not isinstance(values, list):
            raise self.wrong_type(key, expected=f"a list of {what}")
        return tuple(self._text(value, key=f"{key}[{at}]") for at, value in enumerate(values))

    def switch(self, key: str) -> bool:
        """Return true or false, false where the key is missing."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong_type(key, expected="true or false")
        return value

    def seconds(self, key: str, *, default: float) -> float:
        """Return a number above 0."""
        value = self.table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise self.wrong_type(key, expected="a number of seconds above 0")
        return float(value)

    def files(self, key: str) -> tuple[Path, ...]:
        """One file or a list of them; absolute, as they lie beside the pyproject.toml."""
        value = self.table.get(key, [])
        names = value if isinstance(value, list) else [value]
        texts = (self._text(name, key=key) for name in names)
        return tuple((self.path.parent / Path(text).expanduser()).resolve() for text in texts)

    def reasons(self, key: str) -> tuple[tuple[str, str], ...]:
        """A table of names and why."""
        return tuple(
            (name, self._text(why, key=f"{key}.{name}")) for name, why in self._table(key).items()
        )

    def parts(self, key: str) -> tuple[tuple[str, str], ...]:
        """Return a table of a URL's parts and the names of what holds each."""
        expected = f"a table of {', '.join(URL_PARTS)} and their names"
        table = self.table.get(key, {})
        if not isinstance(table, dict) or not table.keys() <= set(URL_PARTS):
            raise self.wrong_type(key, expected=expected)
        return tuple((part, self._text(name, key=f"{key}.{part}")) for part, name in table.items())

    def declarations(self, key: str) -> Iterator[Declaration]:
        """A table of revisions, each with `lossy = "why"` or `irreversible = "why"`, or both."""
        expected = '{ lossy = "why" } or { irreversible = "why" }'
        for revision, declared in self._table(key).items():
            if not isinstance(declared, dict) or not declared:
                raise self.wrong_type(f"{key}.{revision}", expected=expected)
            for kind, reason in declared.items():
                text = self._text(reason, key=f"{key}.{revision}.{kind}")
                yield Declaration(revision=revision, kind=self._kind(kind, revision), reason=text)

    def wrong_type(self, key: str, *, expected: str) -> ConfigError:
        """The error for a value that is something else."""
        return ConfigError(
            f"{key} in {TABLE} is not {expected}",
            where=str(self.path),
            todo="docs/adopting.md has every key and what it takes",
        )

    def _kind(self, kind: str, revision: str) -> Literal["lossy", "irreversible"]:
        match kind:
            case "lossy" | "irreversible":
                return kind
        raise ConfigError(
            f"unknown exception {kind!r} of {revision} in {TABLE}",
            where=str(self.path),
            todo="write lossy or irreversible",
        )

    def _table(self, key: str) -> dict[str, object]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong_type(key, expected="a table of revisions")
        return value

    def _text(self, value: object, *, key: str) -> str:
        if isinstance(value, str) and value.strip():
            return value
        raise self.wrong_type(key, expected="a non-empty string")
