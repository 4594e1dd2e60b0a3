"""Provider configurations: how a tenant reaches a provider of generators."""

from __future__ import annotations

from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import TRUE, Base, TenantScoped, Timestamps, length
from boards.dbmodels.ddl import READ_WRITE


class ProviderConfig(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """A tenant's configuration of one provider."""

    __tablename__ = "provider_configs"
    __table_args__ = (
        UniqueConstraint("tenant_id", "provider_name"),
        length("provider_name", at_least=1, at_most=100),
        {"comment": "How a tenant reaches the providers that generate for it"},
    )

    provider_name: Mapped[str] = mapped_column(comment="The provider, once per tenant")
    config: Mapped[dict[str, Any]] = mapped_column(
        comment="The provider's connection settings; secrets by reference only"
    )
    is_enabled: Mapped[bool] = mapped_column(
        server_default=TRUE, comment="Whether generations may use the provider"
    )
