"""The rows of a run: as many as wanted in the tables of Boards, with ids that a client can compute."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import md5
from uuid import UUID

from chaos.server import Server

START = "c80b52f6e3d4"
"""The first revision at which the application's login may read and write."""
TENANTS = 8

# A foreign key's trigger for each of millions of rows would take minutes.
_SEED = """
SET session_replication_role = replica;

INSERT INTO public.tenants (id, name, slug)
SELECT md5('tenant' || n)::uuid, 'Tenant ' || n, 'tenant-' || n
FROM generate_series(0, {tenants} - 1) AS n;

INSERT INTO public.users (tenant_id, id, auth_provider, auth_subject, email, display_name)
SELECT md5('tenant' || n % {tenants})::uuid, md5('user' || n)::uuid, 'oidc', 'user-' || n,
    'user-' || n || '@example.org', CASE WHEN n % 1000 <> 0 THEN 'User ' || n END
FROM generate_series(1, {rows}) AS n;

INSERT INTO public.boards (tenant_id, id, owner_id, title)
SELECT md5('tenant' || n % {tenants})::uuid, md5('board' || n)::uuid, md5('user' || n)::uuid,
    'Board ' || n
FROM generate_series(1, {rows}) AS n;

INSERT INTO public.board_members (tenant_id, board_id, user_id, role, joined_at)
SELECT md5('tenant' || n % {tenants})::uuid, md5('board' || n)::uuid,
    md5('user' || n + {tenants})::uuid, 'viewer', CASE WHEN n % 100 <> 0 THEN now() END
FROM generate_series(1, {rows} - {tenants}) AS n;

INSERT INTO public.generations (
    tenant_id, id, board_id, user_id, generator_name, artifact_type, input_params,
    input_generation_ids, storage_url, external_job_id
)
SELECT md5('tenant' || n % {tenants})::uuid, md5('generation' || n)::uuid,
    md5('board' || n)::uuid, md5('user' || n)::uuid, 'flux', 'image', '{{}}',
    CASE
        WHEN n % 10 = 0 AND n > {tenants} THEN ARRAY[md5('generation' || n - {tenants})::uuid]
        ELSE '{{}}'
    END,
    's3://artifacts/' || n, 'job-' || n
FROM generate_series(1, {rows}) AS n
"""


@dataclass(frozen=True, slots=True)
class Numbered:
    """The ids of the rows that have one number, all of one tenant."""

    number: int

    @property
    def tenant(self) -> UUID:
        """Return the tenant's id."""
        return _id("tenant", self.number % TENANTS)

    @property
    def user(self) -> UUID:
        """Return the user's id."""
        return _id("user", self.number)

    @property
    def board(self) -> UUID:
        """Return the board's id."""
        return _id("board", self.number)

    @property
    def generation(self) -> UUID:
        """Return the generation's id."""
        return _id("generation", self.number)


def seed(server: Server, database: str, *, rows: int) -> None:
    """Fill the tables of a database at the revision `START`, `rows` in each but tenants."""
    server.execute(
        *_SEED.format(rows=rows, tenants=TENANTS).split(";\n"),
        "RESET session_replication_role",
        "VACUUM ANALYZE",
        database=database,
    )


def _id(kind: str, number: int) -> UUID:
    return UUID(md5(f"{kind}{number}".encode(), usedforsecurity=False).hexdigest())
