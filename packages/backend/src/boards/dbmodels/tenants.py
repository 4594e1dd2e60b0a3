"""Tenants: the units of isolation. A tenant sees its own row and no other."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import EMPTY_OBJECT, Base, Updated, length
from boards.dbmodels.ddl import READ, grant_to_app, isolate_tenants, keep_updated_at


class Tenant(Updated, Base):
    """The unit of isolation, with everything that is its own."""

    __tablename__ = "tenants"
    __table_args__ = (
        UniqueConstraint("slug"),
        length("name", at_least=1, at_most=255),
        length("slug", at_least=1, at_most=63),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_shape"),
        {"comment": "The units of isolation: every other row belongs to exactly one of them"},
    )

    id: Mapped[UUID] = mapped_column(
        primary_key=True,
        default=uuid4,
        server_default=text("gen_random_uuid()"),
        insert_sentinel=True,
        comment="The tenant's id, first part of every key",
    )
    name: Mapped[str] = mapped_column(comment="The name that people read")
    slug: Mapped[str] = mapped_column(
        comment="The name in URLs, unique among all tenants: a-z, 0-9 and single hyphens"
    )
    settings: Mapped[dict[str, Any]] = mapped_column(
        server_default=EMPTY_OBJECT, comment="The tenant's preferences"
    )


isolate_tenants(Tenant, key="id")
keep_updated_at(Tenant)
grant_to_app(Tenant, READ)
