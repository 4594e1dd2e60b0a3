"""The declarative base, and the mixins and constraints that the models share."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from boards.dbmodels.ddl import Privilege, access_statements, after_create
from boards.dbmodels.rules import refuse_incomplete_model

naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Each name tells the kind, the table and the columns, so that a revision can be read on its own."""

EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_ARRAY = text("'[]'::jsonb")
FALSE = text("false")
TRUE = text("true")
NOW = text("now()")


class Base(DeclarativeBase):
    """The base of every model.

    A model names the privileges of the application's role as a class keyword. Its policy, its
    `updated_at` trigger and its grants are created together with its table:

        class Board(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):

    The types text, jsonb and timestamptz follow from the annotations. Values that the server
    generates are returned by the statement that writes the row, because an async session cannot
    load them later.

    :raises IncompleteModelError: The class lacks something that every table of a tenant has.
    """

    metadata = MetaData(naming_convention=naming_convention)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it, nobody changes it
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }
    app_privileges: ClassVar[tuple[Privilege, ...]]
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012

    def __init_subclass__(
        cls, *, app_privileges: tuple[Privilege, ...] = (), **options: Any
    ) -> None:
        """Map the class, refuse an incomplete one, and declare its policy, trigger and grants."""
        super().__init_subclass__(**options)
        cls.app_privileges = app_privileges
        table: Table | None = vars(cls).get("__table__")
        if table is None:  # an abstract class
            return
        refuse_incomplete_model(cls, table, app_privileges)
        after_create(cls, *access_statements(table, app_privileges))


target_metadata = Base.metadata


class _TenantOwned:
    """The column `tenant_id`: physically the first one, and the first one of every key."""

    @declared_attr
    def tenant_id(self) -> Mapped[UUID]:
        """Return a new column for each table."""
        return mapped_column(
            ForeignKey("tenants.id", ondelete="CASCADE"),
            primary_key=True,
            sort_order=-20,
            comment="The tenant that owns the row, first part of every key",
        )


class TenantLink(_TenantOwned):
    """A link table of a tenant: its primary key is `tenant_id` and columns that the model adds."""


class TenantScoped(_TenantOwned):
    """A table of a tenant with the primary key `(tenant_id, id)`."""

    id: Mapped[UUID] = mapped_column(
        primary_key=True,
        default=uuid4,
        server_default=text("gen_random_uuid()"),
        insert_sentinel=True,
        sort_order=-10,
        comment="The row's own id, unique together with the tenant",
    )


class CreatedAt:
    """The column `created_at`, for rows that never change."""

    created_at: Mapped[datetime] = mapped_column(
        server_default=NOW, sort_order=100, comment="When the row was inserted"
    )


class Timestamps(CreatedAt):
    """The columns `created_at` and `updated_at`; a trigger sets the latter on every UPDATE."""

    updated_at: Mapped[datetime] = mapped_column(
        server_default=NOW,
        server_onupdate=FetchedValue(),
        sort_order=101,
        comment="When the row was last changed; kept by a trigger",
    )


def tenant_foreign_key(
    column: str, target: str, *, ondelete: str | None = None
) -> ForeignKeyConstraint:
    """Return a foreign key within the tenant: `(tenant_id, column)` to `target (tenant_id, id)`."""
    return ForeignKeyConstraint(
        ["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], ondelete=ondelete
    )


def allowed_values(column: str, *values: str) -> CheckConstraint:
    """Return a CHECK that the column holds one of the values, named after the column."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=column)


def length(column: str, *, at_most: int, at_least: int = 0) -> CheckConstraint:
    """Return a CHECK on the number of characters, named `<column>_length`."""
    condition = f"char_length({column}) <= {at_most}"
    if at_least:
        condition = f"char_length({column}) BETWEEN {at_least} AND {at_most}"
    return CheckConstraint(condition, name=f"{column}_length")
