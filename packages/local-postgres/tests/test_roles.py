"""Roles of a server: which are dropped, and which stay."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from local_postgres.roles import role_names
from local_postgres.scratch import (
    ScratchServer,
    drop_created_roles,
    drop_leftover_roles,
    scratch_database,
    scratch_server,
)
from local_postgres.server import LocalServer, start


@pytest.fixture
def own_server(environ: dict[str, str], state: Path) -> ScratchServer:
    """Return a scratch server that no other test uses."""
    return scratch_server(environ, state=state)


def test_a_role_with_privileges_or_in_use_is_kept(server: ScratchServer) -> None:
    """It has privileges, or work in another scratch database may be about to use it."""
    with scratch_database(server) as url:
        database = url.partition("@/")[2].partition("?")[0]
        name = f"alembic_proof_role_{secrets.token_hex(4)}"
        with server.running.connect(database, "alembic_proof") as execute:
            execute(f"CREATE ROLE {name}")
            execute(f"GRANT CONNECT ON DATABASE {database} TO {name}")

            drop_created_roles(execute, [name], database=database)
            assert name in role_names(execute)

            execute(f"REVOKE CONNECT ON DATABASE {database} FROM {name}")
            drop_created_roles(execute, [name], database="")  # this session counts as another's
            assert name in role_names(execute)
            execute(f"DROP ROLE {name}")


def test_an_unused_role_is_dropped(own_server: ScratchServer) -> None:
    """No other scratch database is in use on this server."""
    with own_server.running.connect() as execute:
        execute("CREATE ROLE unused")

        drop_created_roles(execute, ["unused"], database="")

        assert "unused" not in role_names(execute)


def test_leftover_roles_are_dropped_on_scratch_servers_only(
    own_server: ScratchServer, durable: LocalServer, environ: dict[str, str]
) -> None:
    """A scratch server is known by its cluster_name; roles to keep stay."""
    left: dict[str, frozenset[str]] = {}
    for name, running in (("scratch", own_server.running), ("durable", start(durable, environ))):
        with running.connect() as execute:
            execute("CREATE ROLE kept")
            execute("CREATE ROLE left_behind")
            drop_leftover_roles(execute, keep=("kept", "alembic_proof"))
            left[name] = role_names(execute)

    assert {"kept", "left_behind"} <= left["durable"]
    assert "kept" in left["scratch"]
    assert "left_behind" not in left["scratch"]


def test_a_role_that_granted_a_membership_is_dropped_after_the_member(
    own_server: ScratchServer,
) -> None:
    """PostgreSQL 16 and later refuse the other order."""
    with own_server.running.connect(user="alembic_proof") as execute:
        execute("CREATE ROLE a_granter")
        execute("CREATE ROLE club")
        execute("CREATE ROLE z_member")
        execute("GRANT club TO a_granter WITH ADMIN OPTION")
        execute("GRANT a_granter TO CURRENT_USER")
        execute("SET ROLE a_granter")
        execute("GRANT club TO z_member")

    with own_server.running.connect(user="alembic_proof") as execute:
        drop_leftover_roles(execute, keep=())

        assert not {"a_granter", "club", "z_member"} & role_names(execute)
