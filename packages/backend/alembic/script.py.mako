<%!
def safe(text):
    """The message as it can stand in a docstring: no escapes, no early end, one sentence."""
    words = " ".join(str(text).split()).replace("\\", "/").replace('"', "'")
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")


def used(upgrades, downgrades, further):
    """The imports that the body needs; a blank one gets those that it will need.

    `alembic merge` passes no body and no imports: what the template is not given is false.
    """
    body = f"{upgrades or ''}{downgrades or ''}"
    if "op." not in body:
        return "import sqlalchemy as sa\nfrom alembic import op\n"
    sqlalchemy = "import sqlalchemy as sa\n" if "sa." in body else ""
    return sqlalchemy + "from alembic import op\n" + (further + "\n" if further else "")


def written(body):
    """What Alembic wrote; a blank body, which it found nothing for, speaks of no commands."""
    return body if body and "op." in body else "pass"
%>"""${safe(message)}

Revision: ${up_revision}, after ${down_revision | comma,n}
Created: ${create_date}
"""

# House rules. Delete these lines once they are followed.
# - Frozen: import nothing of the project; spell out every name and every SQL expression.
# - downgrade() takes back exactly what upgrade() did, in reverse order, with rows in the tables.
# - What cannot be taken back is declared here, as one plain string:
#       lossy = "table.column: what is lost"            (downgrade() may then be empty)
#       irreversible = "why there is no way back"
#     and then downgrade() is: raise NotImplementedError(irreversible)
# - Alembic does not see checks, triggers, functions, policies, grants: write them by hand, with
#   op.execute(), one statement a call; a colon before a letter is written with a backslash.
# - A new table: tenant_id first and in every key, a policy, grants, an index per foreign key.
# - Locks: CREATE INDEX CONCURRENTLY goes into op.get_context().autocommit_block(). NOT NULL takes
#   two revisions: backfill and CHECK ... NOT VALID, then VALIDATE, SET NOT NULL, drop the check.
# - A backfill marks its rows and keeps updated_at.

from __future__ import annotations

from collections.abc import Sequence

${used(upgrades, downgrades, imports)}
revision: str = ${repr(up_revision)}
down_revision: str | Sequence[str] | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${written(upgrades)}


def downgrade() -> None:
    ${written(downgrades)}
