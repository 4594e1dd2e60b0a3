"""Types that hold less on the way, and downgrades that tidy up what was never untidy."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE public.readings ALTER exact TYPE float8, ALTER measured TYPE float4,"
        " ALTER payload TYPE jsonb, ALTER rate TYPE numeric(11, 3)"
        " USING trunc(rate, 3)"
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE public.readings ALTER exact TYPE numeric, ALTER measured TYPE float8,"
        " ALTER payload TYPE json, ALTER rate TYPE numeric(12, 4)"
    )
    op.execute(
        "UPDATE public.readings SET name = replace(name, chr(10), ' '), title = rtrim(title),"
        " details = jsonb_strip_nulls(details), lasted = justify_interval(lasted),"
        " is_open = nullif(is_open, false), home = network(home)"
    )
