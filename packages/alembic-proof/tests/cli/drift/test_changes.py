"""Whatever differs from the history is drift, and nothing that may differ is."""

from __future__ import annotations

import pytest

from .live import KEEPER, KEEPER_QUOTED, Live, Open, Run

_HISTORY = "in the history; "
_LIVE = "in the live database"
_CHANGES = {
    "trigger dropped": (
        "DROP TRIGGER users_stamp ON users",
        "error: drift\n  trigger public.users.users_stamp: only in the history",
    ),
    "trigger disabled": (
        "ALTER TABLE users DISABLE TRIGGER users_stamp",
        f"error: drift\n  trigger public.users.users_stamp, enabled: none {_HISTORY}disabled {_LIVE}",
    ),
    "default changed": (
        "ALTER TABLE users ALTER COLUMN name SET DEFAULT 'somebody'",
        f"error: drift\n  column public.users.name, default: 'nobody'::text {_HISTORY}'somebody'::text {_LIVE}",
    ),
    "index by hand": (
        "CREATE INDEX by_hand ON users (name)",
        "error: drift\n  index public.by_hand: only in the live database",
    ),
    "index invalid": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_users_email'::regclass",
        f"error: drift\n  index public.ix_users_email, valid: none {_HISTORY}no {_LIVE}",
    ),
    "check loosened": (
        "ALTER TABLE users DROP CONSTRAINT ck_users_name",
        "error: drift\n  constraint public.users.ck_users_name: only in the history",
    ),
    "grant revoked": (
        "REVOKE INSERT ON users FROM alembic_proof_shop",
        (
            "error: drift\n  table public.users, grant to alembic_proof_shop: "
            f"INSERT, SELECT {_HISTORY}SELECT {_LIVE}"
        ),
    ),
    "column grant revoked": (
        "REVOKE UPDATE (name) ON users FROM alembic_proof_shop",
        f"error: drift\n  column public.users.name, grant to alembic_proof_shop: UPDATE {_HISTORY}none {_LIVE}",
    ),
    "grant to a role that only the live server has": (
        "GRANT SELECT ON users TO dba",
        f"error: drift\n  table public.users, grant to dba: none {_HISTORY}SELECT {_LIVE}",
    ),
    "owner's own privilege revoked": (
        f"REVOKE DELETE ON users FROM {KEEPER_QUOTED}",
        (
            f"error: drift\n  table public.users, grant to (owner): ALL {_HISTORY}"
            f"INSERT, MAINTAIN, REFERENCES, SELECT, TRIGGER, TRUNCATE, UPDATE {_LIVE}"
        ),
    ),
    "other owner": (
        "ALTER TABLE users OWNER TO dba",
        f"error: drift\n  table public.users, owner: {KEEPER} {_HISTORY}dba {_LIVE}",
    ),
    "other owner of a function": (
        "ALTER FUNCTION stamp() OWNER TO dba",
        f"error: drift\n  function public.stamp(), owner: {KEEPER} {_HISTORY}dba {_LIVE}",
    ),
    "row security off": (
        "ALTER TABLE users DISABLE ROW LEVEL SECURITY",
        f"error: drift\n  table public.users, row security: enabled {_HISTORY}none {_LIVE}",
    ),
    "policy for another role": (
        "ALTER POLICY users_all ON users TO dba",
        f"error: drift\n  policy public.users.users_all, roles: alembic_proof_shop {_HISTORY}dba {_LIVE}",
    ),
    "default privileges": (
        (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {KEEPER_QUOTED} "
            "REVOKE SELECT ON TABLES FROM alembic_proof_shop"
        ),
        (
            'error: drift\n  default privileges for role "Keeper of ""x""" on tables, '
            f"grant to alembic_proof_shop: SELECT {_HISTORY}none {_LIVE}"
        ),
    ),
    "extension's version": (
        f"DROP EXTENSION pg_trgm; SET ROLE {KEEPER_QUOTED}; CREATE EXTENSION pg_trgm VERSION '1.3'",
        f"error: drift\n  extension pg_trgm, version: 1.6 {_HISTORY}1.3 {_LIVE}",
    ),
    "extension installed by hand": (
        "CREATE EXTENSION citext",
        "error: drift\n  extension citext: only in the live database",
    ),
    "table by hand": (
        "CREATE TABLE audit (id integer PRIMARY KEY)",
        "error: drift\n  table public.audit: only in the live database",
    ),
}
_NOTES = {
    "view refreshed": (
        "REFRESH MATERIALIZED VIEW names",
        f"note: drift\n  materialized view public.names, populated: no {_HISTORY}yes {_LIVE}",
    ),
    "database's own setting": (
        'ALTER DATABASE "live ""x"": 100%" SET work_mem = \'8MB\'',
        f"note: drift\n  database current, settings: none {_HISTORY}'work_mem=8MB' {_LIVE}",
    ),
    "extension that an administrator made": (
        "UPDATE pg_extension SET extowner = 'dba'::regrole WHERE extname = 'pg_trgm'",
        f"note: drift\n  extension pg_trgm, owner: {KEEPER} {_HISTORY}dba {_LIVE}",
    ),
}


def test_a_database_with_another_owner_and_name_is_clean(live: Live, shop: str, run: Run) -> None:
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
    """Each difference names its object and its sides; changes of a running database are notes."""
    statements, expected = (_CHANGES | _NOTES)[change]
    live.do(shop, *statements.split("; "))

    code, out, _ = run("drift", "--url", live.url(shop))

    severity = expected.partition(":")[0]
    assert out == f"{expected}\ndrift: 1 {severity}\n"
    assert code == (1 if severity == "error" else 0)


def test_sql_undoes_the_drift(live: Live, shop: str, run: Run) -> None:
    """What drops an object is a comment, unless it is allowed; a refreshed view stays as it is."""
    changes = ("check loosened", "grant revoked", "index by hand", "table by hand")
    statements = (_CHANGES[one][0] for one in changes)
    live.do(shop, *statements, _NOTES["view refreshed"][0])
    url = live.url(shop)

    code, script, _ = run("drift", "--sql", "--url", url)

    assert code == 1
    assert [line for line in script.splitlines() if line.startswith("--")] == [
        "-- Only with --allow-drops:",
        "-- DROP INDEX public.by_hand;",
        "-- Only with --allow-drops:",
        "-- DROP TABLE public.audit;",
    ]
    live.do(shop, *_statements(script))
    assert run("drift", "--sql", "--url", url)[1].count("\n") == 4

    live.do(shop, *_statements(run("drift", "--sql", "--allow-drops", "--url", url)[1]))
    assert run("drift", "--sql", "--url", url)[:2] == (0, "")


def _statements(script: str) -> list[str]:
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return "\n".join(lines).removesuffix(";").split(";\n")
