"""Users: the people of a tenant, as an identity provider knows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import EMPTY_OBJECT, Base, Identified, Updated, length
from boards.dbmodels.ddl import WRITE, grant_to_app, isolate_tenants, keep_updated_at


class User(Identified, Updated, Base):
    """A person of one tenant."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("tenant_id", "auth_provider", "auth_subject"),
        Index("ix_users_tenant_id_lower_email", "tenant_id", text("lower(email)")),
        length("auth_provider", at_least=1, at_most=50),
        length("auth_subject", at_least=1, at_most=255),
        length("email", at_most=320),
        length("display_name", at_most=255),
        {"comment": "The people of a tenant; who owns something cannot be deleted"},
    )

    auth_provider: Mapped[str] = mapped_column(
        comment="The identity provider that vouches for the user"
    )
    auth_subject: Mapped[str] = mapped_column(comment="The user's id at that provider")
    email: Mapped[str | None] = mapped_column(
        comment="As the user writes it; compared without case, and not unique"
    )
    display_name: Mapped[str | None] = mapped_column(comment="The name that others see")
    avatar_url: Mapped[str | None] = mapped_column(comment="Where the user's picture is")
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="What no column is for"
    )


isolate_tenants(User)
keep_updated_at(User)
grant_to_app(User, WRITE)
