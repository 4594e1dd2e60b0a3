"""Find Alembic's version table, and read the revisions in it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.engine import Connection

# Tables with this name; the first one is most likely Alembic's.
_VERSION_TABLES = """\
SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       pg_catalog.pg_get_userbyid(c.relowner)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relname = :table AND c.relkind IN ('r', 'p')
  AND n.nspname = coalesce(CAST(:schema AS text), n.nspname) AND n.nspname !~ '^pg_'
  AND EXISTS (SELECT FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attname = 'version_num' AND NOT a.attisdropped)
ORDER BY n.nspname = 'public' DESC, pg_catalog.pg_table_is_visible(c.oid) DESC, n.nspname"""


@dataclass(frozen=True, slots=True)
class VersionTable:
    """A table that may be Alembic's."""

    name: str
    """With its schema, quoted."""
    owner: str

    def read(self, connection: Connection) -> tuple[str, ...]:
        """Return the revisions in the table, sorted."""
        # Neither a colon nor a per cent sign in a name is a parameter.
        rows = connection.exec_driver_sql(
            f"SELECT version_num FROM {self.name}", execution_options={"no_parameters": True}
        )
        return tuple(sorted(str(head) for head in rows.scalars()))


def version_tables(
    connection: Connection, *, name: str, schema: str | None
) -> tuple[VersionTable, ...]:
    """Return the tables of that name; Alembic's own is the first one.

    :param schema: None for any schema: Alembic then takes what the search path finds.
    """
    found = connection.execute(text(_VERSION_TABLES), {"table": name, "schema": schema})
    return tuple(VersionTable(name, owner) for name, owner in found)
