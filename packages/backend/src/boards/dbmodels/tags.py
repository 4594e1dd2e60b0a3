"""Tags: a tenant's own words for generations, and which generation has which."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import (
    EMPTY_OBJECT,
    Base,
    CreatedAt,
    TenantLink,
    TenantScoped,
    Timestamps,
    length,
    tenant_foreign_key,
)
from boards.dbmodels.ddl import LINK_TABLE, READ_WRITE


class Tag(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """A word by which a tenant sorts its generations."""

    __tablename__ = "tags"
    __table_args__ = (
        UniqueConstraint("tenant_id", "slug"),
        length("name", at_least=1, at_most=100),
        length("slug", at_least=1, at_most=100),
        CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'", name="slug_shape"),
        {"comment": "The words by which a tenant sorts its generations"},
    )

    name: Mapped[str] = mapped_column(comment="The word that people read")
    slug: Mapped[str] = mapped_column(
        comment="The word in URLs, unique in the tenant: a-z, 0-9 and single hyphens"
    )
    description: Mapped[str | None] = mapped_column(comment="When to use the tag")
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="Further attributes, as JSON"
    )


class GenerationTag(TenantLink, CreatedAt, Base, app_privileges=LINK_TABLE):
    """One tag of one generation."""

    __tablename__ = "generation_tags"
    __table_args__ = (
        tenant_foreign_key("generation_id", "generations", ondelete="CASCADE"),
        tenant_foreign_key("tag_id", "tags", ondelete="CASCADE"),
        Index(None, "tenant_id", "tag_id"),
        {"comment": "Which generation has which tags"},
    )

    generation_id: Mapped[UUID] = mapped_column(primary_key=True, comment="The generation")
    tag_id: Mapped[UUID] = mapped_column(primary_key=True, comment="A tag of the generation")
