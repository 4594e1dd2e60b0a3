"""Catalogs with renamed roles equal those that another role created."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from alembic_proof.catalog import Catalog, diff
from alembic_proof.catalog.roles import Role, rename_roles

from .cases.sample_schema import READER, WRITER
from .conftest import Database
from .random_schemas import Schema, schemas

_MAY_CREATE = f"GRANT CREATE ON SCHEMA public TO {READER}"
_ODD = Role('Some "body"', '"Some ""body"""')
_MADE = (
    "CREATE TABLE public.t (a integer, b text)",
    f"GRANT SELECT, INSERT ON public.t TO {WRITER} WITH GRANT OPTION",
    f"GRANT UPDATE (b) ON public.t TO {WRITER}",
    f"CREATE POLICY p ON public.t TO {WRITER}, {READER} USING (true)",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {WRITER} GRANT SELECT ON TABLES TO {READER}",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {READER} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC",
    f"ALTER DEFAULT PRIVILEGES FOR ROLE {READER} IN SCHEMA public GRANT SELECT ON TABLES TO {WRITER}",
    "CREATE FOREIGN DATA WRAPPER w",
    "CREATE SERVER s FOREIGN DATA WRAPPER w",
    f"CREATE USER MAPPING FOR {WRITER} SERVER s",
    f"GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_waldir() TO {WRITER}",
    f"ALTER TABLE public.t OWNER TO {READER}",
)


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schema=schemas())
def test_the_creating_role_does_not_matter_after_renaming(empty: Database, schema: Schema) -> None:
    """Also if the creating role is granted something by name, which the owner has already."""
    by_superuser = _built(empty, [_MAY_CREATE, *schema.statements()])
    by_reader = _built(empty, [_MAY_CREATE, f"SET LOCAL ROLE {READER}", *schema.statements()])

    renamed = _renamed(by_superuser, {"postgres": Role(READER, READER)})

    assert diff(renamed, by_reader) == ()
    assert diff(by_superuser, by_reader) != ()


def test_a_role_is_renamed_everywhere(empty: Database) -> None:
    """Renaming back gives the same catalog, also with names that need quotes."""
    before = _built(empty, list(_MADE))

    away = _renamed(before, {WRITER: _ODD})
    back = _renamed(away, {_ODD.name: Role(WRITER, WRITER)})

    assert back == before
    assert not [one for one in away.objects if WRITER in str(one)]
    assert 'user mapping for "Some ""body""" server s' in {str(one.key) for one in away.objects}


def _renamed(catalog: Catalog, names: dict[str, Role]) -> Catalog:
    return rename_roles(catalog, names, of_built_in=names)


def _built(database: Database, statements: list[str]) -> Catalog:
    """Return the catalog after the statements in an empty database, which is empty again afterwards."""
    try:
        database.execute(*statements)
        return database.read()
    finally:
        database.rollback()
