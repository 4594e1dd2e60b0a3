"""create_all() and drop_all(): the whole database, and nothing of it."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, create_mock_engine
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_proof.catalog import diff, read_catalog
from boards.database.roles import bootstrap_statements
from boards.dbmodels import target_metadata
from boards.dbmodels.schema_objects import CREATE_UUID_OSSP, REQUIRE_APP_ROLE
from boards.settings import APP_ROLE


def execute(url: str, *statements: str) -> None:
    """Send the statements in one transaction."""
    run_on(url, lambda connection: [connection.exec_driver_sql(sql) for sql in statements])


def extension(connection: Connection) -> tuple[str, str] | None:
    """Return the schema of uuid-ossp and the comment on it; None when it is not installed."""
    row = connection.exec_driver_sql(
        "SELECT extnamespace::regnamespace::text, obj_description(oid, 'pg_extension')"
        " FROM pg_extension WHERE extname = 'uuid-ossp'"
    ).one_or_none()
    return None if row is None else (row[0], row[1])


@pytest.fixture(autouse=True)
def app_role(server_url: str) -> None:
    """Provide the application's role, which belongs to the cluster."""
    execute(server_url, *bootstrap_statements(None))


def test_create_all_names_a_missing_role(scratch_url: str) -> None:
    """Without the application's role create_all() stops before the first object."""
    sql = REQUIRE_APP_ROLE.replace(APP_ROLE, "boards_no_such_role")

    with pytest.raises(DBAPIError, match="the role boards_no_such_role does not exist") as caught:
        execute(scratch_url, sql)

    assert "boards-migrate bootstrap" in str(caught.value)
    execute(scratch_url, REQUIRE_APP_ROLE)


def test_create_all_makes_no_role() -> None:
    """No statement that the metadata executes creates a role; the control is the bootstrap."""
    engine = create_mock_engine("postgresql://", lambda ddl, *_: sent.append(str(ddl)))
    sent: list[str] = []

    target_metadata.create_all(engine, checkfirst=False)

    assert [sql for sql in sent if "CREATE ROLE" in sql] == []
    assert "CREATE ROLE" in "".join(bootstrap_statements(None))


def test_drop_all_leaves_nothing(scratch_url: str) -> None:
    """After create_all() and drop_all() the catalog is that of the empty database."""
    empty = run_on(scratch_url, read_catalog)

    run_on(scratch_url, target_metadata.create_all)
    full = run_on(scratch_url, read_catalog)
    run_on(scratch_url, target_metadata.drop_all)

    assert diff(empty, full) != ()
    assert diff(empty, run_on(scratch_url, read_catalog)) == ()


def test_create_all_can_be_repeated(scratch_url: str) -> None:
    """A second create_all() finds everything there and changes nothing."""
    run_on(scratch_url, target_metadata.create_all)
    first = run_on(scratch_url, read_catalog)

    run_on(scratch_url, target_metadata.create_all)

    assert diff(first, run_on(scratch_url, read_catalog)) == ()


def test_extension_of_others_survives(scratch_url: str) -> None:
    """An extension that was there before keeps its comment, and drop_all() leaves it."""
    execute(scratch_url, 'CREATE EXTENSION "uuid-ossp"')
    before = run_on(scratch_url, extension)

    run_on(scratch_url, target_metadata.create_all)
    run_on(scratch_url, target_metadata.drop_all)

    assert before is not None
    assert run_on(scratch_url, extension) == before


def test_extension_out_of_reach_is_a_clear_error(scratch_url: str) -> None:
    """An extension in a schema that is not on the search_path is refused with what to do."""
    execute(scratch_url, "CREATE SCHEMA far", 'CREATE EXTENSION "uuid-ossp" WITH SCHEMA far')

    with pytest.raises(DBAPIError, match=r"schema far.*not on the search_path") as caught:
        run_on(scratch_url, target_metadata.create_all)

    assert 'ALTER EXTENSION "uuid-ossp" SET SCHEMA public' in str(caught.value)


def test_extension_within_reach_is_taken_where_it_is(scratch_url: str) -> None:
    """An extension in another schema that is on the search_path is as good."""
    execute(scratch_url, "CREATE SCHEMA near", 'CREATE EXTENSION "uuid-ossp" WITH SCHEMA near')

    def create(connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL search_path = public, near")
        target_metadata.create_all(connection)

    run_on(scratch_url, create)

    found = run_on(scratch_url, extension)
    assert found is not None
    assert found[0] == "near"


def test_extension_that_is_not_offered_is_a_clear_error(scratch_url: str) -> None:
    """A server without the extension is refused with what to install."""
    statement = CREATE_UUID_OSSP.replace("uuid-ossp", "no-such-extension")

    with pytest.raises(DBAPIError, match="not available on this server") as caught:
        execute(scratch_url, statement)

    assert "contrib" in str(caught.value)
