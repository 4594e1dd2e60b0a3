"""What killed runs left behind: databases of ours that are old and that nobody uses."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.postgres._roles import quote

PREFIX = "alembic_proof_"
STAMP = "%Y%m%dt%H%M%S"

_LOG = logging.getLogger(__name__)
_NAME = re.compile(PREFIX + r"(\d{8}t\d{6})_[0-9a-f]{8}\w*")
_LEFT_BEHIND_AFTER = timedelta(hours=1)
_LEFTOVERS = """
SELECT d.datname
FROM pg_catalog.pg_database AS d
WHERE starts_with(d.datname, 'alembic_proof_')
  AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)
ORDER BY d.datname
"""


def sweep(connection: sqlalchemy.Connection) -> None:
    """Drop what killed runs left behind, unless it is young or somebody is connected."""
    oldest = datetime.now(UTC) - _LEFT_BEHIND_AFTER
    for name in connection.exec_driver_sql(_LEFTOVERS).scalars().all():
        if not _is_older(name, oldest):
            continue
        try:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(connection, name)}")
        except DBAPIError as error:
            _LOG.info("The scratch database %s is not swept: %s", name, error.orig)


def _is_older(name: str, moment: datetime) -> bool:
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    try:
        return datetime.strptime(match[1], STAMP).replace(tzinfo=UTC) < moment
    except ValueError:
        return False
