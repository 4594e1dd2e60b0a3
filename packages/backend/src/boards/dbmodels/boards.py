"""Boards: where the users of a tenant collect what they generate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

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
from boards.dbmodels.users import User

if TYPE_CHECKING:
    from boards.dbmodels.board_members import BoardMember
    from boards.dbmodels.generations import Generation


class Board(TenantScoped, Timestamps, Base, app_privileges=READ_WRITE):
    """A collection of generations that has an owner and members."""

    __tablename__ = "boards"
    __table_args__ = (
        tenant_foreign_key("owner_id", "users"),
        Index(None, "tenant_id", "owner_id"),
        length("title", at_least=1, at_most=255),
        {"comment": "Collections of generations; deleting a board deletes its generations"},
    )

    owner_id: Mapped[UUID] = mapped_column(comment="The user who owns the board")
    title: Mapped[str] = mapped_column(comment="The name that people read")
    description: Mapped[str | None] = mapped_column(comment="What the board is for")
    is_public: Mapped[bool] = mapped_column(
        server_default=FALSE, comment="Whether everybody of the tenant may look at it"
    )
    settings: Mapped[dict[str, Any]] = mapped_column(
        server_default=EMPTY_OBJECT, comment="The board's preferences"
    )
    metadata_: Mapped[dict[str, Any]] = mapped_column(
        "metadata", server_default=EMPTY_OBJECT, comment="Further attributes, as JSON"
    )

    owner: Mapped[User] = relationship(lazy="raise")
    members: Mapped[list[BoardMember]] = relationship(
        back_populates="board", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )
    generations: Mapped[list[Generation]] = relationship(
        back_populates="board", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )
