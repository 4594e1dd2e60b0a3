"""Whatever differs from the history is drift, and nothing that may differ is."""

from __future__ import annotations

import pytest

from .live import KEEPER, KEEPER_QUOTED, Live, Open, Run

_HISTORY = "history -> live database: "
_CHANGES = {
    "trigger dropped": (
        "DROP TRIGGER users_stamp ON users",
        "error: trigger public.users.users_stamp: only in the history",
    ),
    "trigger disabled": (
        "ALTER TABLE users DISABLE TRIGGER users_stamp",
        f"error: {_HISTORY}trigger public.users.users_stamp, enabled: none -> disabled",
    ),
    "default changed": (
        "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'somebody'",
        f"error: {_HISTORY}column public.users.name, default: 'nobody'::text -> 'somebody'::text",
    ),
    "index by hand": (
        "CREATE INDEX by_hand ON users (name)",
        "error: index public.by_hand: only in the live database",
    ),
    "index invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_users_email'::regclass",
        f"error: {_HISTORY}index public.ix_users_email, valid: none -> no",
    ),
    "check loosened": (
        "ALTER TABLE users DROP CONSTRAINT ck_users_name",
        "error: constraint public.users.ck_users_name: only in the history",
    ),
    "grant revoked": (
        "REVOKE INSERT ON users FROM alembic_proof_shop",
        (
            f"error: {_HISTORY}table public.users, grant to alembic_proof_shop: "
            "INSERT, SELECT -> SELECT"
        ),
    ),
    "column grant revoked": (
        "REVOKE UPDATE (name) ON users FROM alembic_proof_shop",
        f"error: {_HISTORY}column public.users.name, grant to alembic_proof_shop: UPDATE -> none",
    ),
    "grant to a role that only the live server has": (
        "GRANT SELECT ON users TO dba",
        f"error: {_HISTORY}table public.users, grant to dba: none -> SELECT",
    ),
    "owner's own privilege revoked": (
        f"REVOKE DELETE ON users FROM {KEEPER_QUOTED}",
        (
            f"error: {_HISTORY}table public.users, grant to (owner): ALL -> "
            "INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE"
        ),
    ),
    "other owner": (
        "ALTER TABLE users OWNER TO dba",
        f"error: {_HISTORY}table public.users, owner: {KEEPER} -> dba",
    ),
    "other owner of a function": (
        "ALTER FUNCTION stamp() OWNER TO dba",
        f"error: {_HISTORY}function public.stamp(), owner: {KEEPER} -> dba",
    ),
    "row security off": (
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        f"error: {_HISTORY}table public.users, row security: enabled -> none",
    ),
    "policy for another role": (
        "ALTER POLICY users_all ON users TO dba",
        f"error: {_HISTORY}policy public.users.users_all, roles: alembic_proof_shop -> dba",
    ),
    "default privileges": (
        (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER_QUOTED} "
            "REVOKE SELECT ON TABLES FROM alembic_proof_shop"
        ),
        (
            f'error: {_HISTORY}default privileges for role "Keeper of ""x""" on tables, '
            "grant to alembic_proof_shop: SELECT -> none"
        ),
    ),
    "extension's version": (
        f"DROP EXTENSION pg_trgm; SET ROLE {KEEPER_QUOTED}; CREATE EXTENSION pg_trgm VERSION '1.3'",
        f"error: {_HISTORY}extension pg_trgm, version: 1.6 -> 1.3",
    ),
    "extension installed by hand": (
        "CREATE EXTENSION citext",
        "error: extension citext: only in the live database",
    ),
    "table by hand": (
        "CREATE TABLE audit (id integer PRIMARY KEY)",
        "error: table public.audit: only in the live database",
    ),
}
_NOTES = {
    "view refreshed": (
        "REFRESH MATERIALIZED VIEW names",
        f"note: {_HISTORY}materialized view public.names, populated: no -> yes",
    ),
    "database's own setting": (
        'ALTER DATABASE "live ""x"": 100%" SET work_mem = \'8MB\'',
        f"note: {_HISTORY}database current, settings: none -> 'work_mem=8MB'",
    ),
    "extension that an administrator made": (
        "UPDATE pg_extension SET extowner = 'dba'::regrole WHERE extname = 'pg_trgm'",
        f"note: {_HISTORY}extension pg_trgm, owner: {KEEPER} -> dba",
    ),
}


def test_a_database_that_somebody_else_has_migrated_is_clean(
    live: Live, shop: str, run: Run
) -> None:
    """Another server, another name, another role that owns it all, and other values in it."""
    live.do(shop, "INSERT INTO users (name) VALUES ('a')", "SELECT nextval('tickets')")

    code, out, err = run("drift", "--url", live.url(shop, KEEPER))

    assert (out, code) == ("drift: no findings\n", 0)
    assert err.startswith('live database: live "x": 100% on socket ')


@pytest.mark.parametrize("owner", ["alembic_proof_shop", "postgres"])
def test_a_role_that_the_history_grants_to_may_be_the_owner(
    live: Live, migrated: dict[str, str], open_case: Open, run: Run, owner: str
) -> None:
    """What it is granted is its own already; a superuser may be the owner as well."""
    open_case("drift/shop")

    code, out, _ = run("drift", "--url", live.url(migrated[owner]))

    assert (out, code) == ("drift: no findings\n", 0)


@pytest.mark.parametrize("change", [*_CHANGES, *_NOTES])
def test_each_change_is_found_once(live: Live, shop: str, run: Run, change: str) -> None:
    """At its own kind, told of its side; only what running a database brings along is a note."""
    statements, expected = (_CHANGES | _NOTES)[change]
    live.do(shop, *statements.split("; "))

    code, out, _ = run("drift", "--url", live.url(shop))

    severity = expected.partition(":")[0]
    assert out == f"{expected} [drift]\ndrift: 1 {severity}\n"
    assert code == (1 if severity == "error" else 0)
