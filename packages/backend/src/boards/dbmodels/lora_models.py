"""LoRA models: what users trained for later generations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from boards.dbmodels.base import (
    EMPTY_OBJECT,
    FALSE,
    Base,
    TenantScoped,
    Timestamps,
    length,
    tenant_foreign_key,
)
from boards.dbmodels.ddl import READ_WRITE


class LoraModel(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """Trained weights that adapt a base model."""

    __tablename__ = "lora_models"
    __table_args__ = (
        tenant_foreign_key("user_id", "users"),
        Index(None, "tenant_id", "user_id"),
        length("name", at_least=1, at_most=255),
        length("base_model", at_least=1, at_most=100),
        length("trigger_word", at_most=100),
        {"comment": "Trained weights that adapt a base model"},
    )

    user_id: Mapped[UUID] = mapped_column(comment="The user who trained or uploaded it")
    name: Mapped[str] = mapped_column(comment="The name that people read")
    base_model: Mapped[str] = mapped_column(comment="The model that the weights adapt")
    storage_url: Mapped[str] = mapped_column(comment="Where the weights are stored")
    config: Mapped[dict[str, Any]] = mapped_column(
        comment="How the weights were trained and how to apply them"
    )
    trigger_word: Mapped[str | None] = mapped_column(
        comment="The word in a prompt that activates the weights"
    )
    is_public: Mapped[bool] = mapped_column(
        server_default=FALSE, comment="Whether everybody of the tenant may use it"
    )
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="Further attributes, as JSON"
    )
