"""Boards' database: engines, and sessions that are one tenant's or the owner's."""

from __future__ import annotations

from boards.database.engine import PoolOptions, create_engine
from boards.database.session import (
    MalformedTenantError,
    TenantId,
    UnsafeLoginError,
    owner_session,
    parse_tenant_id,
    tenant_session,
)

__all__ = [
    "MalformedTenantError",
    "PoolOptions",
    "TenantId",
    "UnsafeLoginError",
    "create_engine",
    "owner_session",
    "parse_tenant_id",
    "tenant_session",
]
