"""An engine as SQLAlchemy makes it: the control of what Boards' own engines do otherwise."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from alembic_deploy.url import DatabaseUrl


def plain_engine(url: str, *, size: int = 1) -> AsyncEngine:
    """Return an engine with asyncpg's and SQLAlchemy's defaults, and `size` connections."""
    dsn = DatabaseUrl.parse(url).dsn
    return create_async_engine(
        "postgresql+asyncpg://", pool_size=size, max_overflow=0, connect_args={"dsn": dsn}
    )
