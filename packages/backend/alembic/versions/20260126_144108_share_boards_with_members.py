"""Share boards: who may do what on a board besides its owner.

Revision: 8d27f4b3a916, after 5b6e0c94d1f2
Created: 2026-01-26 14:41:08+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "8d27f4b3a916"
down_revision: str | Sequence[str] | None = "5b6e0c94d1f2"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "board_members",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            nullable=False,
            comment="The tenant that owns the row, first part of every key",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("gen_random_uuid()"),
            nullable=False,
            comment="The row's own id, unique together with the tenant",
        ),
        sa.Column("board_id", sa.Uuid(), nullable=False, comment="The board"),
        sa.Column("user_id", sa.Uuid(), nullable=False, comment="The member, once per board"),
        sa.Column(
            "role",
            sa.Text(),
            nullable=False,
            comment="What the member may do: viewer, editor or admin",
        ),
        sa.Column(
            "invited_by",
            sa.Uuid(),
            nullable=True,
            comment="The user who invited the member; none for who joined a public board",
        ),
        sa.Column(
            "joined_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the membership began",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was last changed; kept by a trigger",
        ),
        sa.CheckConstraint(
            "role IN ('viewer', 'editor', 'admin')", name=op.f("ck_board_members_role")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "board_id"],
            ["boards.tenant_id", "boards.id"],
            name=op.f("fk_board_members_tenant_id_board_id_boards"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "invited_by"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_board_members_tenant_id_invited_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.id"],
            name=op.f("fk_board_members_tenant_id_user_id_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_board_members_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_board_members")),
        sa.UniqueConstraint(
            "tenant_id",
            "board_id",
            "user_id",
            name=op.f("uq_board_members_tenant_id_board_id_user_id"),
        ),
        comment="Who may do what on a board besides its owner",
    )
    op.create_index(
        op.f("ix_board_members_tenant_id_user_id"),
        "board_members",
        ["tenant_id", "user_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_board_members_tenant_id_invited_by"),
        "board_members",
        ["tenant_id", "invited_by"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_table("board_members")
