"""Describe how each kind of catalog object is read, in one row shape for all kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alembic_proof.catalog.queries.sql_fragments import (
    identity,
    is_independent,
    is_user_made,
    with_condition,
)

COLUMNS = ("number", "kind", "name", "oid", "sub", "links", "implicit", "owner", "acl", "facts")
"""The columns of every row; `number` is the query's index, `facts` the attributes' values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """A SQL expression that only servers from one major version on understand."""

    major: int
    sql: str
    older: str = "NULL"
    """The expression for servers before that version."""


Expression = str | Since


def sql_for(expression: Expression, *, major: int) -> str:
    """Return the SQL of an expression for a server of that major version."""
    match expression:
        case Since():
            return expression.sql if major >= expression.major else expression.older
        case str():
            return expression


Role = Literal["qualifier", "table", "parent", "origin", "inheriting_relation", "owned"]
"""The part that another object plays for the object of a row.

qualifier: a parent whose qualified name is the prefix of the object's own name. An object is left
    out if its qualifier or table is (a table of an extension, a temporary schema).
table: a parent table, where another object qualifies the name, as the schema does for an index.
parent: an object without which this one cannot exist.
origin: the object that this one is inherited from, as a partition's index from its parent's.
inheriting_relation: the relation that inherits this object. The origin is the object of the same
    name in the first parent of that relation.
owned: an object that cannot exist without this one, as the index of a constraint.
"""


@dataclass(frozen=True, slots=True)
class Link:
    """The address of another object, as SQL; an OID of NULL or 0 means that there is none."""

    role: Role
    catalog: str
    oid: str
    sub: str = "0"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectQuery:
    """The SELECT that reads all objects of one kind, or of a few similar kinds."""

    reads: str
    """The system catalog; the first part of an object's address."""
    manual: str
    """The page of PostgreSQL's manual that describes that catalog."""
    kinds: tuple[str, ...]
    """The kinds that it finds; `kind` is required if there are several."""
    name: str
    oid: str
    source: Expression
    """The text after FROM, the WHERE clause included."""
    facts: Mapping[str, Expression] = field(default_factory=dict)
    """The value of each attribute; NULL means that the object does not have it."""
    kind: str = ""
    sub: str = "0"
    """The column's number if the object is a column."""
    links: tuple[Link, ...] = ()
    implicit: str = "false"
    """Whether another object implies this one, as a constraint implies its index."""
    owner: str = "NULL"
    """The role that `acl` treats as the owner."""
    acl: str = "NULL"
    since: int = 0
    """The first major version that has such objects."""

    def sql(self, number: int, *, major: int, condition: str = "") -> str:
        """Return the SELECT for a server of that major version.

        :param number: the query's index in OBJECT_QUERIES.
        :param condition: restricts the rows; `{oid}` in it stands for the object's OID.
        """
        addresses = (part for link in self.links for part in (link.oid, link.sub))
        facts = (sql_for(fact, major=major) for fact in self.facts.values())
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
            f"ARRAY[{', '.join(facts)}]::text[]",
        )
        source = with_condition(sql_for(self.source, major=major), condition.format(oid=self.oid))
        return f"SELECT {', '.join(values)}\nFROM {source}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeQuery:
    """The SELECT that reads one attribute of objects that an ObjectQuery finds.

    Its value replaces the ObjectQuery's. An attribute in parentheses is used by the parser only.
    """

    attribute: str
    catalog: str
    """The first part of the object's address, as SQL."""
    oid: str
    value: str
    source: str
    sub: str = "0"
    since: int = 0
    catalogs: tuple[str, ...] = ()
    """The catalogs of the objects, if they are few and the accelerator tracks their rows."""

    def sql(self, *, condition: str = "") -> str:
        """Return the SELECT: the attribute is in column `kind`, the catalog in `owner`.

        :param condition: restricts the rows; `{oid}` in it stands for the object's OID.
        """
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
        source = with_condition(self.source, condition.format(oid=self.oid))
        return f"SELECT {', '.join(values)}\nFROM {source}"


def query_by_identity(
    kind: str,
    *,
    reads: str,
    facts: Mapping[str, Expression],
    prefix: str = "",
    acl: str = "NULL",
    links: tuple[Link, ...] = (),
    implicit: str = "false",
    name: str = "",
) -> ObjectQuery:
    """Return the query of a kind that is rare and that pg_identify_object names.

    :param prefix: the prefix of the catalog's columns, if it has an owner and a schema column.
    :param name: replaces pg_identify_object's name.

    Source: functions-info, "Object Information and Addressing Functions".
    """
    owned = {"owner": f"pg_get_userbyid(o.{prefix}owner)"} if prefix else {}
    has_schema = prefix not in ("", "lan")
    schema = (Link("parent", "pg_namespace", f"o.{prefix}namespace"),) if has_schema else ()
    return ObjectQuery(
        reads=reads,
        manual=f"catalog-{reads.replace('_', '-')}",
        kinds=(kind,),
        name=name or identity(reads, "o.oid"),
        oid="o.oid",
        links=(*schema, *links),
        implicit=implicit,
        owner=owned.get("owner", "NULL"),
        acl=acl,
        facts={**owned, **facts},
        source=f"{reads} AS o\nWHERE {is_user_made('o.oid')} AND {is_independent(reads, 'o.oid')}",
    )
