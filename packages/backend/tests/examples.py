"""Example rows for every table of the models: a tenant, and rows of its own everywhere.

Only values that tests refer to are written here. `alembic_proof.rows` makes every other value, and
the rows of every other table, from the constraints of the database that the models build.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from typing import Self
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import Column, Connection, Table, Uuid

from alembic_proof.rows import fill, read_user_tables
from boards.dbmodels import target_metadata

SLUG = "example"
"""Stands for the tenant's slug wherever a row has it as its text."""


@dataclass(frozen=True, slots=True)
class World:
    """The ids of one tenant's rows: `made` is a generation that was made from `source`."""

    tenant: UUID = field(default_factory=uuid4)
    user: UUID = field(default_factory=uuid4)
    guest: UUID = field(default_factory=uuid4)
    board: UUID = field(default_factory=uuid4)
    source: UUID = field(default_factory=uuid4)
    made: UUID = field(default_factory=uuid4)
    tag: UUID = field(default_factory=uuid4)
    movement: UUID = field(default_factory=uuid4)


Rows = Sequence[Mapping[str, object]]
EXAMPLE = World(*(UUID(int=number) for number in range(1, len(fields(World)) + 1)))
_ON_BOARD = {"board_id": EXAMPLE.board, "user_id": EXAMPLE.user}
KNOWN: Mapping[str, Rows] = {
    "tenants": ({"id": EXAMPLE.tenant, "name": SLUG, "slug": SLUG},),
    "users": (
        {"id": EXAMPLE.user, "auth_provider": "oidc", "auth_subject": SLUG},
        {"id": EXAMPLE.guest, "auth_provider": "oidc", "auth_subject": "guest"},
    ),
    "provider_configs": ({"provider_name": "replicate", "config": "{}"},),
    "boards": ({"id": EXAMPLE.board, "owner_id": EXAMPLE.user, "title": SLUG},),
    "board_members": ({"board_id": EXAMPLE.board, "user_id": EXAMPLE.guest, "role": "editor"},),
    "lora_models": ({"user_id": EXAMPLE.user, "name": "Ink"},),
    "generations": (
        {"id": EXAMPLE.source, **_ON_BOARD, "artifact_type": "image"},
        {"id": EXAMPLE.made, **_ON_BOARD, "artifact_type": "image"},
    ),
    "generation_inputs": (
        {"generation_id": EXAMPLE.made, "position": 0, "input_generation_id": EXAMPLE.source},
    ),
    "credit_transactions": (
        {
            "id": EXAMPLE.movement,
            "user_id": EXAMPLE.user,
            "transaction_type": "grant",
            "amount": 10,
            "balance_after": 10,
            "generation_id": EXAMPLE.made,
        },
    ),
    "tags": ({"id": EXAMPLE.tag, "name": "Ink", "slug": "ink"},),
    "generation_tags": ({"generation_id": EXAMPLE.made, "tag_id": EXAMPLE.tag},),
}
"""Values that tests refer to; a further table or column needs no entry."""


@dataclass(frozen=True, slots=True)
class Examples:
    """(table, row) of the example tenant, parents first; a row is what `to_jsonb()` gives."""

    rows: tuple[tuple[Table, Mapping[str, object]], ...]

    @classmethod
    def of(cls, connection: Connection) -> Self:
        """Make the rows in a database without any, and leave none there.

        :raises AssertionError: A table that takes no row, with PostgreSQL's reason.
        """
        with connection.begin_nested() as savepoint:
            supplied = {name: _with_tenant(name, rows) for name, rows in KNOWN.items()}
            report = fill(connection, read_user_tables(connection), rows=1, supplied=supplied)
            assert not report.not_filled, report.not_filled
            rows = tuple(_read(connection))
            savepoint.rollback()
        return cls(rows)

    def sql(self, world: World, *, slug: str, is_everywhere: bool = True) -> tuple[str, ...]:
        """Return the INSERTs of a tenant like the example one, under the ids of `world`.

        :param is_everywhere: Whether every table gets rows, or only those of `KNOWN`.
        """
        ids = {
            str(old): str(new) for old, new in zip(astuple(EXAMPLE), astuple(world), strict=True)
        }
        return tuple(
            _insert(table, _renamed(table, row, ids=ids, slug=slug))
            for table, row in self.rows
            if is_everywhere or table.name in KNOWN
        )

    async def insert(
        self, connection: asyncpg.Connection, *, slug: str, is_everywhere: bool = True
    ) -> World:
        """Insert a tenant like the example one by asyncpg; return its ids."""
        world = World()
        for statement in self.sql(world, slug=slug, is_everywhere=is_everywhere):
            await connection.execute(statement)
        return world


def _with_tenant(name: str, rows: Rows) -> list[Mapping[str, object]]:
    owned = {} if name == "tenants" else {"tenant_id": EXAMPLE.tenant}
    return [owned | dict(row) for row in rows]


def _read(connection: Connection) -> Iterator[tuple[Table, Mapping[str, object]]]:
    for table in target_metadata.sorted_tables:
        query = f"SELECT to_jsonb(t)::text FROM public.{table.name} AS t ORDER BY ctid"
        rows = [json.loads(text) for text in connection.exec_driver_sql(query).scalars()]
        known_rows = KNOWN.get(table.name, ())
        for position, row in enumerate(rows):
            known = known_rows[position] if position < len(known_rows) else None
            yield table, {c.name: row[c.name] for c in table.columns if _is_written(c, known)}


def _is_written(column: Column[object], known: Mapping[str, object] | None) -> bool:
    """Return whether a row has a value for the column; of a known row, if it is known or required."""
    if column.computed is not None or (column.identity is not None and column.identity.always):
        return False
    if known is None or column.name in known:
        return True
    return not column.nullable and column.server_default is None


def _renamed(
    table: Table, row: Mapping[str, object], *, ids: dict[str, str], slug: str
) -> dict[str, object]:
    """Return the row with this tenant's ids and slug; what has no new id yet gets one."""
    found = dict(row)
    for column in table.columns:
        value = found.get(column.name)
        if isinstance(column.type, Uuid) and value is not None:
            found[column.name] = ids.setdefault(str(value), str(uuid4()))
        elif value == SLUG:
            found[column.name] = slug
    return found


def _insert(table: Table, row: Mapping[str, object]) -> str:
    columns = ", ".join(f'"{name}"' for name in row)
    values = json.dumps(row).replace("'", "''")
    return (
        f"INSERT INTO public.{table.name} ({columns}) SELECT {columns}"
        f" FROM jsonb_populate_record(NULL::public.{table.name}, '{values}')"
    )
