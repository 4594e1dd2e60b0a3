"""Generation inputs: lineage, which generation was made from which others."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from boards.dbmodels.base import Base, CreatedAt, TenantLink, length, tenant_foreign_key
from boards.dbmodels.ddl import LINK_TABLE
from boards.dbmodels.generations import Generation


class GenerationInput(TenantLink, CreatedAt, Base, app_privileges=LINK_TABLE):
    """One generation that another one was made from."""

    __tablename__ = "generation_inputs"
    __table_args__ = (
        tenant_foreign_key("generation_id", "generations", ondelete="CASCADE"),
        tenant_foreign_key("input_generation_id", "generations", ondelete="CASCADE"),
        Index(None, "tenant_id", "input_generation_id"),
        CheckConstraint("position >= 0", name="position"),
        length("role", at_least=1, at_most=50),
        {"comment": "Lineage: which generation was made from which others, in order"},
    )

    generation_id: Mapped[UUID] = mapped_column(
        primary_key=True, comment="The generation that was made"
    )
    position: Mapped[int] = mapped_column(
        primary_key=True,
        autoincrement=False,
        comment="The input's position in the list, starting at 0",
    )
    input_generation_id: Mapped[UUID] = mapped_column(
        comment="The generation used as the input; one may be used more than once"
    )
    role: Mapped[str] = mapped_column(comment="What the input was used as")

    generation: Mapped[Generation] = relationship(
        back_populates="inputs",
        foreign_keys="[GenerationInput.tenant_id, GenerationInput.generation_id]",
        lazy="raise",
    )
