"""Users: the people of a tenant, as an identity provider knows them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import EMPTY_OBJECT, Base, TenantScoped, Timestamps, length
from boards.dbmodels.ddl import READ_WRITE


class User(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """A person of one tenant."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("tenant_id", "auth_provider", "auth_subject"),
        Index("ix_users_tenant_id_lower_email", "tenant_id", text("lower(email)")),
        length("auth_provider", at_least=1, at_most=50),
        length("auth_subject", at_least=1, at_most=255),
        length("email", at_most=320),
        length("display_name", at_most=255),
        {"comment": "The people of a tenant; a user who owns something cannot be deleted"},
    )

    auth_provider: Mapped[str] = mapped_column(
        comment="The identity provider that vouches for the user"
    )
    auth_subject: Mapped[str] = mapped_column(comment="The user's id at that provider")
    email: Mapped[str | None] = mapped_column(
        comment="The address as the user writes it; compared case-insensitively, not unique"
    )
    display_name: Mapped[str | None] = mapped_column(comment="The name that others see")
    avatar_url: Mapped[str | None] = mapped_column(comment="Where the user's picture is")
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="Further attributes, as JSON"
    )
