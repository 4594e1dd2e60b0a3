"""A view over a function over a view, a trigger, grants on all of them, and a schema."""

import sqlalchemy as sa
from sqlalchemy_declarative_extensions import (
    Functions,
    Grants,
    Schemas,
    Triggers,
    View,
    Views,
    declare_database,
)
from sqlalchemy_declarative_extensions.dialects.postgresql import Function, Grant, Trigger

metadata = sa.MetaData()
sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
)
declare_database(
    metadata,
    schemas=Schemas().are("shop"),
    views=Views().are(
        View("counted", "SELECT how_many() AS n", schema="public"),
        View("ids", "SELECT id FROM notes", schema="shop"),
        View("names", "SELECT name, id FROM notes", schema="public"),
    ),
    functions=Functions().are(
        Function(
            "how_many",
            "SELECT count(*) FROM names",
            returns="bigint",
            language="sql",
            schema="public",
        ),
        Function(
            "stamp", "BEGIN RETURN new; END", returns="trigger", language="plpgsql", schema="public"
        ),
    ),
    triggers=Triggers().are(
        Trigger.before("insert", on="notes", execute="stamp").named("notes_stamp").for_each_row()
    ),
    grants=Grants().are(
        Grant.new("select", to="case_reader").on_tables("public.notes", "public.names"),
    ),
)
