"""The law of the reader: what was touched, put into the last reading, is the whole catalog."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import sqlalchemy as sa

from alembic_proof.catalog import Catalog, CatalogReader, diff, read_catalog
from alembic_proof.catalog.ddl import changes_sql
from alembic_proof.catalog.queries.touched import touched_statement
from alembic_proof.errors import DatabaseError

from .battery import CASES, Case
from .conftest import Database, open_zoo


def _commit(database: Database, *statements: str) -> None:
    database.execute(*statements)
    database.commit()


def _read(database: Database, reader: CatalogReader, *, after: str) -> Catalog:
    """What the reader and a whole reading both see."""
    found = database.run(reader.read)
    whole = database.run(read_catalog)
    assert [str(change) for change in diff(whole, found)] == [], after
    assert found == whole, after
    return found


def _turn_back(database: Database, reader: CatalogReader, case: Case, *, before: Catalog) -> bool:
    """Whether the database is as before the case again, by what ddl proposes."""
    now = _read(database, reader, after=case.name)
    try:
        _commit(database, *changes_sql(diff(now, before), now, before))
    except (sa.exc.DBAPIError, ValueError):
        database.rollback()
    return _read(database, reader, after=f"back from {case.name}") == before


def test_every_single_change_is_read_as_by_a_whole_reading(admin_url: str) -> None:
    """All cases of the battery, there and back, one after the other."""
    with ExitStack() as stack:
        database: Database | None = None
        for case in CASES:
            if database is None:
                database, reader = stack.enter_context(open_zoo(admin_url)), CatalogReader()
            if case.since > database.major or "subscription" in case.name:
                continue
            before = _read(database, reader, after=f"before {case.name}")
            _commit(database, *case.setup)
            _read(database, reader, after=f"setup of {case.name}")
            _commit(database, *case.changes)
            if not _turn_back(database, reader, case, before=before):
                stack.close()
                database = None


def test_what_is_not_followed_is_noticed(admin_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that forgets what depends on the touched is refused when it is verified."""
    blind = touched_statement().replace("d.refobjid = t.oid\n)", "d.refobjid = t.oid AND false\n)")
    assert blind != touched_statement()
    rename = "ALTER TABLE app.users RENAME COLUMN name TO called"
    with open_zoo(admin_url) as database:
        seeing = CatalogReader(is_verified=True)
        database.run(seeing.read)
        _commit(database, rename)
        database.run(seeing.read)

    with open_zoo(admin_url) as database:
        monkeypatch.setattr("alembic_proof.catalog.reader.touched_statement", lambda: blind)
        reader = CatalogReader(is_verified=True)
        database.run(reader.read)
        _commit(database, rename)

        with pytest.raises(DatabaseError, match=r"view app\.names"):
            database.run(reader.read)
