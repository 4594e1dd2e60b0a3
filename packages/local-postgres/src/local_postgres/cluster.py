"""Create a data directory with initdb, and write the settings that a server runs with."""

from __future__ import annotations

import shutil
import uuid

from local_postgres.account import creator_for, give
from local_postgres.client import SUPERUSER
from local_postgres.errors import ServerError
from local_postgres.own_files import write_own
from local_postgres.placement import LOOPBACK, Placement

SCRATCH_CLUSTER = "alembic_proof_scratch"
"""The cluster_name of scratch servers: it shows in SQL that a server is one of ours."""
_UNFINISHED = "data.new-"
# Without the caller's locale and PG… variables; macOS needs a locale.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_COMMON = {
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.english",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# Source: https://www.postgresql.org/docs/current/non-durability.html
_NOT_DURABLE = {
    "cluster_name": SCRATCH_CLUSTER,
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
}


def ensure_data(placement: Placement) -> None:
    """Create the data directory unless it exists; delete what an interrupted run left.

    initdb writes into another directory, which is renamed at the end.

    :raises ServerError: initdb failed, or existing data is of another major version.
    """
    creator = creator_for(placement.account)
    is_given = creator != placement.account
    # The directory of the cluster is closed to a creator that is not its owner.
    place = placement.settings_dir if is_given else placement.cluster
    for leftover in place.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if placement.data.exists():
        _check_major(placement)
        return
    # A unique name: the initdb of a killed run may still be writing.
    unfinished = place / f"{_UNFINISHED}{uuid.uuid4().hex[:8]}"
    if is_given:
        unfinished.mkdir(mode=0o700)
        give(unfinished, creator)
    binaries = placement.binaries
    result = creator.run(
        (binaries.program("initdb"), "-D", str(unfinished), *_initdb_options(binaries.major)),
        cwd=place,
        env=ENVIRONMENT,
        umask=0o077,
        start_new_session=True,
    )
    if result.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise ServerError(
            f"a data directory could not be created: {_last_line(result.stderr)}",
            where=str(placement.data),
            todo=f"check disk space and permissions ({binaries.origin})",
        )
    if is_given:
        give(unfinished, placement.account)
    unfinished.rename(placement.data)


def write_settings(placement: Placement, *, is_durable: bool) -> None:
    """Write postgresql.conf and pg_hba.conf, outside of the data directory, before every start."""
    settings = dict(_COMMON)
    if not is_durable:
        settings |= _NOT_DURABLE
        if placement.binaries.major >= 18:
            settings["io_method"] = "sync"
    access = placement.settings_dir / "pg_hba.conf"
    settings |= {
        "port": str(placement.port),
        "listen_addresses": LOOPBACK if placement.is_tcp else "",
        "data_directory": str(placement.data),
        "hba_file": str(access),
        "ident_file": str(placement.data / "pg_ident.conf"),
        "unix_socket_directories": str(placement.socket_dir),
    }
    lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
    # Only the owner can open the socket: its directory has mode 0700.
    access_lines = ["local all all trust\n"]
    if placement.is_tcp:
        # Every user of the machine can connect to the loopback address.
        access_lines.append(f"host all all {LOOPBACK}/32 scram-sha-256\n")
    write_own(access, "".join(access_lines))
    write_own(placement.settings_dir / "postgresql.conf", "".join(lines))


def _initdb_options(major: int) -> tuple[str, ...]:
    """Return initdb's options: UTF-8, and a collation by code point that is the same on every system.

    Source: https://www.postgresql.org/docs/current/locale.html#LOCALE-PROVIDERS
    """
    provider = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if major >= 17 else ()
    return (
        *("--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"),
        *provider,
        *("--no-sync", "--no-instructions"),
    )


def _check_major(placement: Placement) -> None:
    """Raise for data of another major version, or of none."""
    version_file = placement.data / "PG_VERSION"
    try:
        found = version_file.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        found = "no version"
    if found != str(placement.binaries.major):
        raise ServerError(
            f"the data directory is PostgreSQL {found}'s, not {placement.binaries.major}'s",
            where=str(placement.data),
            todo=f"put it back where it was, or delete {placement.settings_dir} to start again",
        )


def _quoted(value: str) -> str:
    """Quote a value for postgresql.conf.

    Source: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE
    """
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["initdb printed nothing"])[-1]
