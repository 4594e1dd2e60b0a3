"""The tenant as a type: an UUID that was checked before any SQL holds it."""

from __future__ import annotations

from typing import NewType
from uuid import UUID

from alembic_proof.errors import ProofError

TenantId = NewType("TenantId", UUID)


class MalformedTenantError(ProofError):
    """A tenant's id that is no UUID; raised before anything is sent."""


def parse_tenant_id(value: UUID | str) -> TenantId:
    """The tenant's id; text is read as an UUID, so that its rendering is safe in SQL.

    Raises:
        MalformedTenantError: `value` is neither an UUID nor the text of one.

    """
    match value:
        case UUID():
            return TenantId(UUID(int=value.int))
        case str():
            try:
                return TenantId(UUID(value))
            except ValueError:
                pass
    raise MalformedTenantError(
        f"{value!r:.80} is not a tenant's id.",
        todo="pass an UUID, as tenants.id holds it",
    )
