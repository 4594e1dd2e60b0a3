"""One SELECT per kind of object, all of one shape, so that one statement reads them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

COLUMNS = ("number", "kind", "name", "oid", "sub", "links", "implicit", "owner", "acl", "facts")
"""Of every row; `number` says which SELECT made it, `facts` holds its attributes' values."""


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


Role = Literal["scope", "holder", "parent", "origin", "heir", "carries"]
"""What another object is to the one that a row describes.

scope: a parent whose qualified name precedes the object's own; what has an unknown scope or
    holder (an extension's table, a temporary schema) is left out;
holder: a parent that the object belongs to, though another one qualifies its name;
parent: an object without which this one cannot be;
origin: the object that this one follows;
heir: a relation; the origin has the object's own name in what that relation inherits from;
carries: an object that cannot be without this one.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """Another object that a row speaks of, by its address; an OID of NULL or 0 means none."""

    role: Role
    catalog: str
    oid: str
    sub: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Select:
    """How one kind of object is read."""

    reads: str
    """The system catalog that it reads, which is the first part of an object's address."""
    manual: str
    """The page of PostgreSQL's manual that describes that catalog."""
    kinds: tuple[str, ...]
    """The kinds that it finds; `kind` is needed where they are several."""
    name: str
    oid: str
    source: Expression
    """What follows FROM, the WHERE clause included."""
    facts: Mapping[str, Expression] = field(default_factory=dict)
    """Attribute to expression; NULL says nothing about the object."""
    kind: str = ""
    sub: str = "0"
    """The column's number where the object is a column."""
    links: tuple[Link, ...] = ()
    implicit: str = "false"
    owner: str = "NULL"
    """The role that the access control list speaks of as its owner."""
    acl: str = "NULL"
    since: int = 0
    """The first major version that has such objects."""

    def sql(self, number: int, *, major: int, only: str = "") -> str:
        """The SELECT for a server of that major version, of all or only where `{oid}` is such."""
        addresses = (part for link in self.links for part in (link.oid, link.sub))
        values = (
            str(number),
            f"({self.kind or repr(self.kinds[0])})::text",
            f"({self.name})::text",
            f"({self.oid})::bigint",
            f"({self.sub})::integer",
            f"ARRAY[{', '.join(addresses)}]::bigint[]",
            f"{self.implicit}",
            f"({self.owner})::text",
            f"({self.acl})::text[]",
            f"ARRAY[{', '.join(on(fact, major=major) for fact in self.facts.values())}]::text[]",
        )
        source = _narrowed(on(self.source, major=major), only.format(oid=self.oid))
        return f"SELECT {', '.join(values)}\nFROM {source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """One attribute of objects that another SELECT finds, by their address; it wins over theirs.

    An attribute in parentheses is for the assembly alone.
    """

    attribute: str
    catalog: str
    """The first part of the address, as SQL."""
    oid: str
    value: str
    source: str
    sub: str = "0"
    since: int = 0
    about: tuple[str, ...] = ()
    """The catalogs that are followed row by row and whose objects it is about."""

    def sql(self, *, only: str = "") -> str:
        """The SELECT; the attribute stands for the kind, the catalog for the owner."""
        values = (
            "-1",
            f"'{self.attribute}'::text",
            f"({self.value})::text",
            f"({self.oid})::bigint",
            f"({self.sub})::integer",
            "NULL::bigint[]",
            "false",
            f"({self.catalog})::text",
            "NULL::text[]",
            "NULL::text[]",
        )
        source = _narrowed(self.source, only.format(oid=self.oid))
        return f"SELECT {', '.join(values)}\nFROM {source}"


def _narrowed(source: str, condition: str) -> str:
    """The source with one more condition; its own WHERE and GROUP BY begin a line."""
    if not condition:
        return source
    source, group, by = source.partition("\nGROUP BY ")
    tables, _, conditions = source.partition("\nWHERE ")
    both = f"{condition} AND ({conditions})" if conditions else condition
    return f"{tables}\nWHERE {both}{group}{by}"


def on(expression: Expression, *, major: int) -> str:
    """The SQL of an expression for a server of that major version."""
    return expression if isinstance(expression, str) else expression.on(major)
