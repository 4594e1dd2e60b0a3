"""The roles that Boards needs in a cluster, as what env.py and boards-migrate apply."""

from __future__ import annotations

from alembic_proof.env import Bootstrap, DatabaseUrl
from alembic_proof.errors import ConfigError
from boards.dbmodels.roles import MissingLogin, bootstrap_ready, bootstrap_statements
from boards.settings import Settings


def bootstrap_for(settings: Settings, *, local_login: str | None) -> Bootstrap:
    """Makes `boards_app`, and a member of it of the login that tenant sessions use.

    That is `local_login`, made where it is missing, on the checkout's own database, else the user
    of BOARDS_APP_DATABASE_URL, which must exist; with neither there is only the role.

    Raises:
        ConfigError: the login cannot be the name of a role, or the URL cannot be read.

    """
    if local_login is not None:
        return bootstrap_of(local_login, missing=MissingLogin.CREATE)
    if settings.app_database_url is not None:
        return bootstrap_of(DatabaseUrl.parse(settings.app_database_url).user)
    return bootstrap_of(None)


def bootstrap_of(login: str | None, *, missing: MissingLogin = MissingLogin.REFUSE) -> Bootstrap:
    """Makes `boards_app`, and `login` a member of it.

    Raises:
        ConfigError: `login` cannot be the name of a role.

    """
    try:
        return Bootstrap(bootstrap_statements(login, missing=missing), bootstrap_ready(login))
    except ValueError as error:
        raise ConfigError(str(error), todo="name a login of at most 63 bytes") from error
