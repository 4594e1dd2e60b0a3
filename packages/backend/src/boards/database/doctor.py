"""What the doctor must know of Boards: its roles, its tenants' tables, its grants."""

from __future__ import annotations

from alembic_deploy.doctor.check import Expectations, Grant
from alembic_deploy.url import DatabaseUrl
from boards.dbmodels import Base
from boards.settings import APP_ROLE, Settings


def expectations(settings: Settings, *, login: str | None) -> Expectations:
    """Return what a database of Boards must be like.

    :param login: The application's; None for the user of BOARDS_APP_DATABASE_URL, if it is set.
    :raises ConfigError: BOARDS_APP_DATABASE_URL cannot be read.
    """
    if login is None and settings.app_database_url is not None:
        login = DatabaseUrl.parse(settings.app_database_url).user
    grants = (
        Grant(
            role=APP_ROLE,
            table=f"public.{mapper.class_.__tablename__}",
            privileges=mapper.class_.app_privileges,
        )
        for mapper in Base.registry.mappers
    )
    return Expectations(
        app_login=login,
        app_role=APP_ROLE,
        tenant_column="tenant_id",
        grants=tuple(sorted(grants, key=lambda grant: grant.table)),
    )
