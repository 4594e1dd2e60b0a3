"""The findings of parity and drift."""

from __future__ import annotations

from alembic_proof.finding import Severity
from alembic_proof.findings.entry import Entry, SourceFile, revision, shell

_MODELS = """\
import sqlalchemy as sa

metadata = sa.MetaData()
notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text{body}),
    sa.Column("meta", sa.JSON),
{more})
"""
_PARITY = shell("alembic-proof parity")
_DRIFT = "alembic-proof drift --url-env DATABASE_URL"
_TRIGRAM = revision(
    "CREATE EXTENSION pg_trgm WITH SCHEMA public\n"
    "CREATE INDEX ix_notes_title ON notes USING gin (title gin_trgm_ops)",
    "DROP INDEX ix_notes_title\nDROP EXTENSION pg_trgm",
)
_INDEX = """\
    sa.Index(
        "ix_notes_title",
        "title",
        postgresql_using="gin",
        postgresql_ops={"title": "gin_trgm_ops"},
    ),
"""
_EXTENSION = """\
sa.event.listen(
    metadata, "before_create", sa.DDL("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public")
)
"""


def _models(*, body: str = "", more: str = "", after: str = "") -> SourceFile:
    return SourceFile("models.py", _MODELS.format(body=body, more=more) + after)


CATALOG_FINDINGS = (
    Entry(
        id="parity",
        title="Models and history that disagree",
        what_happens=(
            "The models (create_all()) and the history build different databases. Each finding says "
            "which side has the object. An index or a constraint that differs in its name only is "
            "one finding. The order of a table's columns is a note, with `column_order`."
        ),
        what_to_do=(
            "Write a revision (`alembic-proof revision` writes it), or correct the model if the "
            "history is right."
        ),
        bad=(_models(body=", nullable=False"), _PARITY),
        good=(_models(), _PARITY),
    ),
    Entry(
        id="not-in-the-models",
        title="Objects that the models do not declare",
        severity=Severity.NOTE,
        what_happens=(
            "create_all() fails without a schema or an extension that the models do not declare: it "
            "was created as in the history. Or only the history has an object of a kind that the models "
            "do not declare at all, a partition, or a schema that Alembic does not look at: it is not "
            "compared, and no revision drops it. Everything else is compared."
        ),
        what_to_do=(
            "Nothing; or create it in an event of the metadata (sqlalchemy.DDL); or name its kind in "
            "`drop_undeclared`."
        ),
        bad=(_TRIGRAM, _models(more=_INDEX), _PARITY),
        good=(_TRIGRAM, _models(more=_INDEX, after=_EXTENSION), _PARITY),
        source="https://docs.sqlalchemy.org/en/20/core/ddl.html",
    ),
    Entry(
        id="drift",
        title="Live database that differs from its history",
        what_happens=(
            "The live database is not what its revision builds: somebody changed it by hand, or the "
            "history was edited after it was applied. What running a database changes by itself (a "
            "refreshed materialized view, the owner of an extension) is a note."
        ),
        what_to_do=(
            "Write a revision that makes the same change, or undo the change in the live database."
        ),
        bad=(shell('psql "$DATABASE_URL" -c "CREATE INDEX by_hand ON notes (title)"', _DRIFT),),
        good=(shell(_DRIFT),),
    ),
    Entry(
        id="pending",
        title="Revisions that the live database does not have yet",
        severity=Severity.NOTE,
        what_happens=(
            "The live database is at an older revision. It is compared with the history at that "
            "revision: this is no drift."
        ),
        what_to_do="Upgrade the database when it is time.",
        bad=(
            revision("COMMENT ON TABLE notes IS 'empty'", "COMMENT ON TABLE notes IS NULL"),
            shell(_DRIFT),
        ),
        good=(shell(_DRIFT),),
    ),
)
