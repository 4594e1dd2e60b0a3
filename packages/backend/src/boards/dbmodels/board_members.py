"""Board members: who may do what on a board besides its owner."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from boards.dbmodels.base import (
    NOW,
    Base,
    TenantScoped,
    Timestamps,
    allowed_values,
    tenant_foreign_key,
)
from boards.dbmodels.boards import Board
from boards.dbmodels.ddl import READ_WRITE


class BoardMember(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """A user's role on one board."""

    __tablename__ = "board_members"
    __table_args__ = (
        UniqueConstraint("tenant_id", "board_id", "user_id"),
        tenant_foreign_key("board_id", "boards", ondelete="CASCADE"),
        tenant_foreign_key("user_id", "users", ondelete="CASCADE"),
        tenant_foreign_key("invited_by", "users"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "tenant_id", "invited_by"),
        allowed_values("role", "viewer", "editor", "admin"),
        {"comment": "Who may do what on a board besides its owner"},
    )

    board_id: Mapped[UUID] = mapped_column(comment="The board")
    user_id: Mapped[UUID] = mapped_column(comment="The member, once per board")
    role: Mapped[str] = mapped_column(comment="What the member may do: viewer, editor or admin")
    invited_by: Mapped[UUID | None] = mapped_column(
        comment="The user who invited the member; NULL for a user who joined a public board"
    )
    joined_at: Mapped[datetime] = mapped_column(
        server_default=NOW, comment="When the membership began"
    )

    board: Mapped[Board] = relationship(back_populates="members", lazy="raise")
