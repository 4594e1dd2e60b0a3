"""One SELECT per kind of object, all of one shape, so that one statement reads them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

COLUMNS = (
    "kind",
    "identity",
    "class",
    "oid",
    "sub",
    "parents",
    "origin",
    "implicit",
    "owner",
    "acl",
    "facts",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """A SQL expression that only servers from a major version on understand."""

    major: int
    sql: str
    otherwise: str = "NULL"

    def on(self, major: int) -> str:
        """The expression for a server of that major version."""
        return self.sql if major >= self.major else self.otherwise


Expression = str | Since


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """How one kind of object is read; every field but the first two is SQL."""

    reads: str
    """The system catalog that it reads."""
    manual: str
    """The page of PostgreSQL's manual that describes that catalog."""
    kind: str
    identity: str
    oid: str
    source: Expression
    """What follows FROM, the WHERE clause included."""
    facts: Mapping[str, Expression]
    """Attribute to expression; NULL says nothing about the object."""
    sub: str = "0"
    """The column's number where the object is a column."""
    parents: tuple[str, ...] = ()
    """Pairs of kind and identity, flattened."""
    origin: tuple[str, str] | None = None
    implicit: str = "false"
    owner: str = "NULL"
    """The role that the access control list speaks of as its owner."""
    acl: str = "NULL"
    since: int = 0

    def sql(self, major: int) -> str:
        """The SELECT for a server of that major version."""
        facts = [
            part
            for name, expression in self.facts.items()
            for part in (f"'{name}'", _on(expression, major=major))
        ]
        values = (
            self.kind,
            self.identity,
            f"'{self.reads}'",
            self.oid,
            self.sub,
            _text_array(self.parents),
            _text_array(self.origin or ()),
            self.implicit,
            self.owner,
            f"{self.acl}::text[]",
            _text_array(tuple(facts)),
        )
        return f"SELECT {', '.join(values)}\nFROM {_on(self.source, major=major)}"


def _on(expression: Expression, *, major: int) -> str:
    return expression if isinstance(expression, str) else expression.on(major)


def _text_array(parts: tuple[str, ...]) -> str:
    return f"ARRAY[{', '.join(parts)}]::text[]" if parts else "NULL::text[]"
