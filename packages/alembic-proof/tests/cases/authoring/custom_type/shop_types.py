"""A type of the project's own, which Alembic writes with its module."""

import sqlalchemy as sa


class Money(sa.types.TypeDecorator):
    """An amount."""

    impl = sa.Numeric
    cache_ok = True
