"""What killed runs left behind: databases of ours that are old and that nobody uses."""

from __future__ import annotations

import logging
import platform
import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

import sqlalchemy
from sqlalchemy.exc import DBAPIError

from alembic_proof.postgres._postmaster import is_alive
from alembic_proof.postgres._roles import quote

PREFIX = "alembic_proof_"
STAMP = "%Y%m%dt%H%M%S"

_LOG = logging.getLogger(__name__)
_NAME = re.compile(PREFIX + r"(\d{8}t\d{6})_([0-9a-f]{4})[0-9a-f]{4}(?:_(\d+))?(?:_\w*)?")
"""When it was made, where processes have which numbers, and by which process."""
_LEFT_BEHIND_AFTER = timedelta(hours=1)
_LEFTOVERS = f"""
SELECT d.datname
FROM pg_catalog.pg_database AS d
WHERE starts_with(d.datname, '{PREFIX}')
  AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity AS a WHERE a.datid = d.oid)
ORDER BY d.datname
"""
_ALL = f"""
SELECT d.datname FROM pg_catalog.pg_database AS d
WHERE pg_catalog.starts_with(d.datname, '{PREFIX}')
ORDER BY d.datname
"""


def numbering() -> str:
    """Four digits for where this process has its number: containers have numbers of their own."""
    where = platform.node()
    with suppress(OSError):
        where = str(Path("/proc/self/ns/pid").readlink())
    return f"{crc32(where.encode()) & 0xFFFF:04x}"


def sweep(connection: sqlalchemy.Connection) -> None:
    """Drop what killed runs left behind, unless it is young or somebody is connected."""
    oldest = datetime.now(UTC) - _LEFT_BEHIND_AFTER
    for name in connection.exec_driver_sql(_LEFTOVERS).scalars().all():
        if not _is_older(name, oldest):
            continue
        _drop(connection, name)


def sweep_dead(connection: sqlalchemy.Connection) -> tuple[str, ...]:
    """Drop what the processes of this machine left behind that have ended; the names of the others.

    A backend of such a process may still work on its last statement: it is ended.
    """
    names = connection.exec_driver_sql(_ALL).scalars().all()
    dead = {name for name in names if _is_dead(name)}
    for name in sorted(dead):
        _drop(connection, name, options=" WITH (FORCE)")
    return tuple(name for name in names if name not in dead)


def _drop(connection: sqlalchemy.Connection, name: str, *, options: str = "") -> None:
    try:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quote(connection, name)}{options}")
    except DBAPIError as error:
        _LOG.info("The scratch database %s is not swept: %s", name, error.orig)


def _is_dead(name: str) -> bool:
    match = _NAME.fullmatch(name)
    if match is None or match[3] is None or match[2] != numbering():
        return False
    return not is_alive(int(match[3]))


def _is_older(name: str, moment: datetime) -> bool:
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    try:
        return datetime.strptime(match[1], STAMP).replace(tzinfo=UTC) < moment
    except ValueError:
        return False
