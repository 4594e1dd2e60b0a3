"""A revision id that does not fit into alembic_version."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.finding import Finding
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_LONGEST = 32


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each longer id, unless env.py creates the table itself."""
    if history.makes_version_table:
        return
    for revision in history.revisions:
        name = revision.revision_id or ""
        if len(name) > _LONGEST:
            yield Finding(
                id=RULE.id,
                message=f"the revision id has {len(name)} characters; alembic_version.version_num "
                f"takes {_LONGEST}",
                location=revision.at(revision.assigned("revision")),
                help="choose a shorter id; put the words into the file's name",
            )


_BAD = """\
revision = "0010_give_every_note_a_language_of_its_own"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("notes", sa.Column("lang", sa.Text()))


def downgrade() -> None:
    op.drop_column("notes", "lang")
"""

RULE = Rule(
    id="revision-id-too-long",
    title="Revision id of more than 32 characters",
    what_happens=(
        "Alembic keeps the id in `alembic_version.version_num`, a VARCHAR(32). PostgreSQL "
        "refuses a longer one (value too long for type character varying(32)), and the upgrade "
        "is rolled back."
    ),
    what_to_do=(
        "Choose a shorter id; put the words into the file's name. An env.py that mentions "
        "`version_num` or `version_table_impl` is assumed to create a wider column."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.environment.EnvironmentContext.configure",
    bad=(SourceFile("0010_languages.py", _BAD),),
    good=(
        SourceFile(
            "0010_languages.py", _BAD.replace("0010_give_every_note_a_language_of_its_own", "0010")
        ),
    ),
    check=check,
)
