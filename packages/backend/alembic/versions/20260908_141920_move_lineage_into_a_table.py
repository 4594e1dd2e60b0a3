"""Move lineage from an array of ids into generation_inputs, where the database keeps it true.

Order and duplicates survive in both directions. LOCK TABLE comes first, so that no array changes
while it is copied. Without it the foreign keys would block writers of generations first, and DROP
COLUMN readers later: a transaction that reads and writes in between would end in a deadlock.

Revision: f05c3e92b7a1, after b7e4108fd35c
Created: 2026-09-08 14:19:20+00:00
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "f05c3e92b7a1"
down_revision: str | Sequence[str] | None = "b7e4108fd35c"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

lossy = (
    "upgrade: NULLs and ids that name no generation of the tenant; "
    "downgrade: roles, positions that are not counted from 0, and when an input was added"
)


def upgrade() -> None:
    op.execute("LOCK TABLE public.generations IN ACCESS EXCLUSIVE MODE")
    op.execute("LOCK TABLE public.tenants IN SHARE ROW EXCLUSIVE MODE")
    op.create_table(
        "generation_inputs",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            nullable=False,
            comment="The tenant that owns the row, first part of every key",
        ),
        sa.Column(
            "generation_id", sa.Uuid(), nullable=False, comment="The generation that was made"
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="The input's place, from 0"),
        sa.Column(
            "input_generation_id",
            sa.Uuid(),
            nullable=False,
            comment="The generation that it was made from; may come more than once",
        ),
        sa.Column("role", sa.Text(), nullable=False, comment="What the input was used as"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was inserted",
        ),
        sa.CheckConstraint(
            "char_length(role) BETWEEN 1 AND 50", name=op.f("ck_generation_inputs_role_length")
        ),
        sa.CheckConstraint("position >= 0", name=op.f("ck_generation_inputs_position")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "generation_id"],
            ["generations.tenant_id", "generations.id"],
            name=op.f("fk_generation_inputs_tenant_id_generation_id_generations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "input_generation_id"],
            ["generations.tenant_id", "generations.id"],
            name=op.f("fk_generation_inputs_tenant_id_input_generation_id_generations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"],
            ["tenants.id"],
            name=op.f("fk_generation_inputs_tenant_id_tenants"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "generation_id", "position", name=op.f("pk_generation_inputs")
        ),
        comment="Lineage: which generation was made from which others, in order",
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON TABLE public.generation_inputs TO boards_app")
    op.execute("ALTER TABLE public.generation_inputs ENABLE ROW LEVEL SECURITY")
    op.execute("""
        CREATE POLICY generation_inputs_isolation ON public.generation_inputs
        USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
        WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    """)
    op.execute("""
        DO $lineage$
        DECLARE
            given bigint;
            nulls bigint;
            kept bigint;
        BEGIN
            SELECT count(*), count(*) FILTER (WHERE entry.id IS NULL)
            INTO given, nulls
            FROM public.generations, pg_catalog.unnest(input_generation_ids) AS entry (id);

            INSERT INTO public.generation_inputs (
                tenant_id, generation_id, position, input_generation_id, role, created_at
            )
            SELECT
                made.tenant_id,
                made.id,
                row_number() OVER (PARTITION BY made.tenant_id, made.id ORDER BY entry.place) - 1,
                source.id,
                'input',
                made.created_at
            FROM public.generations AS made
            CROSS JOIN LATERAL
                pg_catalog.unnest(made.input_generation_ids) WITH ORDINALITY AS entry (id, place)
            JOIN public.generations AS source
                ON source.tenant_id = made.tenant_id
                AND source.id = entry.id;
            GET DIAGNOSTICS kept = ROW_COUNT;

            RAISE NOTICE 'lineage: % of % inputs moved, % NULLs and % unknown ids dropped',
                kept, given, nulls, given - nulls - kept;
        END
        $lineage$
    """)
    op.create_index(
        op.f("ix_generation_inputs_tenant_id_input_generation_id"),
        "generation_inputs",
        ["tenant_id", "input_generation_id"],
        unique=False,
    )
    op.drop_column("generations", "input_generation_ids")


def downgrade() -> None:
    op.execute("""
        LOCK TABLE public.generation_inputs, public.generations, public.tenants
        IN ACCESS EXCLUSIVE MODE
    """)
    op.add_column(
        "generations",
        sa.Column(
            "input_generation_ids",
            postgresql.ARRAY(sa.Uuid()),
            server_default=sa.text("'{}'::uuid[]"),
            nullable=False,
            comment="The generations that it was made from, in order",
        ),
    )
    op.execute("SET LOCAL boards.keep_updated_at = 'on'")
    op.execute("""
        UPDATE public.generations AS made
        SET input_generation_ids = lineage.ids
        FROM (
            SELECT
                tenant_id,
                generation_id,
                pg_catalog.array_agg(input_generation_id ORDER BY position) AS ids
            FROM public.generation_inputs
            GROUP BY tenant_id, generation_id
        ) AS lineage
        WHERE made.tenant_id = lineage.tenant_id
        AND made.id = lineage.generation_id
    """)
    op.execute("SET LOCAL boards.keep_updated_at = 'off'")
    op.drop_table("generation_inputs")
