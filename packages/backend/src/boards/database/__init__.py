"""Boards' database: engines, and sessions that are one tenant's or the owner's."""

from __future__ import annotations

from boards.database.engine import Pool, create_engine
from boards.database.login import UnsafeLoginError
from boards.database.session import owner_session, tenant_session
from boards.database.tenant import MalformedTenantError, TenantId, parse_tenant_id

__all__ = [
    "MalformedTenantError",
    "Pool",
    "TenantId",
    "UnsafeLoginError",
    "create_engine",
    "owner_session",
    "parse_tenant_id",
    "tenant_session",
]
