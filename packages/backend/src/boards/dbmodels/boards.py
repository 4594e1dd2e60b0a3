"""Boards: where the users of a tenant collect what they generate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from boards.dbmodels.base import EMPTY_OBJECT, FALSE, Base, Identified, Updated, length, refers
from boards.dbmodels.ddl import WRITE, grant_to_app, isolate_tenants, keep_updated_at
from boards.dbmodels.users import User

if TYPE_CHECKING:
    from boards.dbmodels.board_members import BoardMember
    from boards.dbmodels.generations import Generation


class Board(Identified, Updated, Base):
    """A collection of generations that has an owner and members."""

    __tablename__ = "boards"
    __table_args__ = (
        refers("owner_id", "users"),
        Index(None, "tenant_id", "owner_id"),
        length("title", at_least=1, at_most=255),
        {"comment": "Collections of generations; deleting one deletes what is on it"},
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
        "metadata", server_default=EMPTY_OBJECT, comment="What no column is for"
    )

    owner: Mapped[User] = relationship(lazy="raise")
    members: Mapped[list[BoardMember]] = relationship(
        back_populates="board", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )
    generations: Mapped[list[Generation]] = relationship(
        back_populates="board", cascade="all, delete-orphan", passive_deletes=True, lazy="raise"
    )


isolate_tenants(Board)
keep_updated_at(Board)
grant_to_app(Board, WRITE)
