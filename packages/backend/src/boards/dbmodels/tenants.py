"""Tenants: the units of isolation. A tenant sees its own row and no other."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import EMPTY_OBJECT, Base, Timestamps, length
from boards.dbmodels.ddl import READ


class Tenant(Timestamps, Base, app_privileges=READ):
    """The unit of isolation: every other row belongs to one tenant."""

    __tablename__ = "tenants"
    __table_args__ = (
        # An index on the column itself would answer EXPLAIN ANALYZE whether another tenant has a slug:
        # lower() is not leakproof, so that the policy is applied before this index is asked.
        Index("ix_tenants_lower_slug", text("lower(slug)"), unique=True),
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
