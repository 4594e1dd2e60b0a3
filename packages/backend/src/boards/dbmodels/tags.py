"""Tags: a tenant's own words for generations, and which generation has which."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import (
    EMPTY_OBJECT,
    Base,
    Created,
    Identified,
    TenantOwned,
    Updated,
    length,
    refers,
)
from boards.dbmodels.ddl import JOIN, WRITE, grant_to_app, isolate_tenants, keep_updated_at


class Tag(Identified, Updated, Base):
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
        "metadata", server_default=EMPTY_OBJECT, comment="What no column is for"
    )


class GenerationTag(TenantOwned, Created, Base):
    """One tag of one generation."""

    __tablename__ = "generation_tags"
    __table_args__ = (
        refers("generation_id", "generations", ondelete="CASCADE"),
        refers("tag_id", "tags", ondelete="CASCADE"),
        Index(None, "tenant_id", "tag_id"),
        {"comment": "Which generation has which tags"},
    )

    generation_id: Mapped[UUID] = mapped_column(primary_key=True, comment="The generation")
    tag_id: Mapped[UUID] = mapped_column(primary_key=True, comment="Its tag, once")


isolate_tenants(Tag)
keep_updated_at(Tag)
grant_to_app(Tag, WRITE)

isolate_tenants(GenerationTag)
grant_to_app(GenerationTag, JOIN)
