"""The tenant as a type: an UUID that was checked before any SQL holds it."""

from __future__ import annotations

import re
from typing import NewType
from uuid import UUID

from alembic_proof.errors import ProofError

TenantId = NewType("TenantId", UUID)

_SPELLING = re.compile(r"[0-9a-fA-F]{8}(-?)(?:[0-9a-fA-F]{4}\1){3}[0-9a-fA-F]{12}")
"""With its hyphens or without; Python's UUID would also read underscores and other digits."""


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
        case str() if _SPELLING.fullmatch(value):
            return TenantId(UUID(value))
    raise MalformedTenantError(
        f"{value!r:.80} is not a tenant's id.",
        todo="pass an UUID, as tenants.id holds it",
    )
