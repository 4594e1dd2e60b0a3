"""The declarative base: names of constraints, types of columns, and the columns tables share."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every name says its kind, its table and its columns, so that a revision can be read alone."""

EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_ARRAY = text("'[]'::jsonb")
FALSE = text("false")
TRUE = text("true")
NOW = text("now()")


class Base(DeclarativeBase):
    """What every model is; text, jsonb and timestamptz follow from the annotation.

    Values that the server makes come back with the statement that wrote the row, because an
    async session cannot fetch them later.
    """

    metadata = MetaData(naming_convention=naming_convention)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it, nobody changes it
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012


target_metadata = Base.metadata


class TenantOwned:
    """The tenant that owns the row: physically the first column, first in every key."""

    @declared_attr
    def tenant_id(self) -> Mapped[UUID]:
        """The column, anew for each table."""
        return mapped_column(
            ForeignKey("tenants.id", ondelete="CASCADE"),
            primary_key=True,
            sort_order=-20,
            comment="The tenant that owns the row, first part of every key",
        )


class Identified(TenantOwned):
    """The primary key (tenant_id, id) of a table whose rows are named by others."""

    id: Mapped[UUID] = mapped_column(
        primary_key=True,
        default=uuid4,
        server_default=text("gen_random_uuid()"),
        insert_sentinel=True,
        sort_order=-10,
        comment="The row's own id, unique together with the tenant",
    )


class Created:
    """When the row was inserted."""

    created_at: Mapped[datetime] = mapped_column(
        server_default=NOW, sort_order=100, comment="When the row was inserted"
    )


class Updated(Created):
    """When the row was inserted and last changed; the table needs `keep_updated_at`."""

    updated_at: Mapped[datetime] = mapped_column(
        server_default=NOW,
        server_onupdate=FetchedValue(),
        sort_order=101,
        comment="When the row was last changed; kept by a trigger",
    )


def refers(column: str, target: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """A foreign key to a row of the same tenant: (tenant_id, column) -> target (tenant_id, id)."""
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], ondelete=ondelete
    )


def one_of(column: str, *values: str) -> CheckConstraint:
    """A check that `column` holds one of `values`; its name ends in the column's."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def length(column: str, *, at_most: int, at_least: int = 0) -> CheckConstraint:
    """A check on the number of characters; its name ends in `<column>_length`."""
    condition = f"char_length({column}) <= {at_most}"
    if at_least:
        condition = f"char_length({column}) BETWEEN {at_least} AND {at_most}"
    return CheckConstraint(condition, name=f"{column}_length")
