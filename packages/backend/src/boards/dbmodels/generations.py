"""Generations: jobs of a generator and the artifacts that they made."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from boards.dbmodels.base import (
    EMPTY_ARRAY,
    EMPTY_OBJECT,
    Base,
    TenantScoped,
    Timestamps,
    allowed_values,
    length,
    tenant_foreign_key,
)
from boards.dbmodels.boards import Board
from boards.dbmodels.ddl import READ_WRITE

if TYPE_CHECKING:
    from boards.dbmodels.generation_inputs import GenerationInput
    from boards.dbmodels.tags import Tag


class Generation(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """One job of a generator, from the request to the artifact."""

    __tablename__ = "generations"
    __table_args__ = (
        tenant_foreign_key("board_id", "boards", ondelete="CASCADE"),
        tenant_foreign_key("user_id", "users"),
        Index(None, "tenant_id", "board_id"),
        Index(None, "tenant_id", "user_id"),
        allowed_values("artifact_type", "image", "video", "audio", "text", "lora", "model"),
        allowed_values("status", "pending", "processing", "completed", "failed", "cancelled"),
        length("generator_name", at_least=1, at_most=100),
        length("external_job_id", at_most=255),
        CheckConstraint(
            "progress BETWEEN CAST(0 AS numeric) AND CAST(100 AS numeric)", name="progress"
        ),
        {"comment": "Jobs of a generator and the artifacts that they made"},
    )

    board_id: Mapped[UUID] = mapped_column(comment="The board that the artifact is for")
    user_id: Mapped[UUID] = mapped_column(comment="The user who asked for it")
    generator_name: Mapped[str] = mapped_column(comment="The generator that does the job")
    artifact_type: Mapped[str] = mapped_column(
        comment="What is made: image, video, audio, text, lora or model"
    )
    input_params: Mapped[dict[str, Any]] = mapped_column(
        comment="The generator's parameters, except other generations"
    )
    status: Mapped[str] = mapped_column(
        server_default=text("'pending'"),
        comment="The job's state: pending, processing, completed, failed or cancelled",
    )
    storage_url: Mapped[str | None] = mapped_column(comment="Where the artifact is stored")
    thumbnail_url: Mapped[str | None] = mapped_column(
        comment="Where the artifact's thumbnail is stored"
    )
    additional_files: Mapped[list[Any]] = mapped_column(
        server_default=EMPTY_ARRAY, comment="Further files that the job made"
    )
    output_metadata: Mapped[dict[str, Any]] = mapped_column(
        server_default=EMPTY_OBJECT, comment="What the generator reports about the artifact"
    )
    external_job_id: Mapped[str | None] = mapped_column(comment="The job's id at the provider")
    progress: Mapped[Decimal] = mapped_column(
        Numeric(5, 2), server_default=text("0"), comment="How much is done, in percent"
    )
    error_message: Mapped[str | None] = mapped_column(comment="Why the job failed")
    started_at: Mapped[datetime | None] = mapped_column(comment="When the provider began")
    completed_at: Mapped[datetime | None] = mapped_column(
        comment="When the job ended, successfully or not"
    )

    board: Mapped[Board] = relationship(back_populates="generations", lazy="raise")
    inputs: Mapped[list[GenerationInput]] = relationship(
        back_populates="generation",
        cascade="all, delete-orphan",
        foreign_keys="[GenerationInput.tenant_id, GenerationInput.generation_id]",
        order_by="GenerationInput.position",
        passive_deletes=True,
        lazy="raise",
    )
    tags: Mapped[list[Tag]] = relationship(
        secondary="generation_tags", order_by="Tag.slug", passive_deletes=True, lazy="raise"
    )
