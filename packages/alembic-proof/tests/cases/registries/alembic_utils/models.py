"""Objects of every kind, registered in an order in which they cannot be created."""

import sqlalchemy as sa
from alembic_utils.pg_extension import PGExtension
from alembic_utils.pg_function import PGFunction
from alembic_utils.pg_trigger import PGTrigger
from alembic_utils.pg_view import PGView
from alembic_utils.replaceable_entity import register_entities

metadata = sa.MetaData()
sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("code", sa.Text, server_default=sa.text("new_code()"), nullable=False),
    sa.Column("name", sa.Text),
)
sa.event.listen(
    metadata, "after_create", sa.DDL("CREATE VIEW notes_by_event AS SELECT id FROM notes")
)
register_entities(
    [
        PGView("public", "codes_of_notes", "SELECT code FROM codes"),
        PGView("public", "codes", "SELECT code, id FROM notes"),
        PGView("public", "notes_by_event", "SELECT id FROM notes"),
        PGTrigger(
            "public",
            "notes_stamp",
            "BEFORE INSERT ON public.notes FOR EACH ROW EXECUTE FUNCTION public.stamp()",
            on_entity="public.notes",
        ),
        PGFunction(
            "public", "stamp()", "RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$"
        ),
        PGFunction("public", "new_code()", "RETURNS text LANGUAGE sql AS $$SELECT 'x'::text$$"),
        PGExtension("public", "pg_trgm"),
    ],
    # The grants of PGGrantTable would have Alembic revoke those of the owner.
    entity_types=[PGExtension, PGFunction, PGTrigger, PGView],
)
