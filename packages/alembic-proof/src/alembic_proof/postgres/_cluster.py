"""A data directory: made whole or not at all, and the settings that a server runs with."""

from __future__ import annotations

import shutil
import uuid
from pathlib import Path

from alembic_proof.errors import ServerError
from alembic_proof.postgres._placement import Placement
from alembic_proof.postgres._sockets import LOOPBACK

SUPERUSER = "postgres"
SCRATCH_CLUSTER = "alembic_proof_scratch"
"""The name by which a forgetful server, which is ours alone, is known in SQL."""
_UNFINISHED = "data.new-"
# Nothing of the caller's locale or PG… variables; macOS insists on a locale.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_COMMON = {
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "default_text_search_config": "pg_catalog.english",
    "log_line_prefix": "%m [%p] %q%u@%d ",
}
# Source: https://www.postgresql.org/docs/current/non-durability.html
_FORGETFUL = {
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
    """Make the data directory unless it is there; sweep what an interrupted run left.

    Raises:
        ServerError: initdb failed, or the data is another major's.
    """
    for leftover in placement.cluster.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if placement.data.exists():
        _check_major(placement)
        return
    # A unique name: the initdb of a killed run may still be writing.
    unfinished = placement.cluster / f"{_UNFINISHED}{uuid.uuid4().hex[:8]}"
    binaries = placement.binaries
    result = placement.account.run(
        (binaries.program("initdb"), "-D", str(unfinished), *_initdb_options(binaries.major)),
        cwd=placement.cluster,
        env=ENVIRONMENT,
        umask=0o077,
        start_new_session=True,
    )
    if result.returncode != 0:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise ServerError(
            f"a data directory could not be made: {_last_line(result.stderr)}",
            where=str(placement.data),
            todo=f"check disk space and permissions ({binaries.origin})",
        )
    unfinished.rename(placement.data)


def write_settings(placement: Placement, *, is_durable: bool) -> None:
    """Write postgresql.conf and pg_hba.conf outside of the data, anew for every start."""
    settings = dict(_COMMON)
    if not is_durable:
        settings |= _FORGETFUL
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
    # Whoever reaches the socket passed the directory's mode, 0700.
    lines_of_access = ["local all all trust\n"]
    if placement.is_tcp:
        # Every user of the machine reaches the loopback address.
        lines_of_access.append(f"host all all {LOOPBACK}/32 scram-sha-256\n")
    _write(access, "".join(lines_of_access))
    _write(placement.settings_dir / "postgresql.conf", "".join(lines))


def _initdb_options(major: int) -> tuple[str, ...]:
    """The same collation on every system: by code point, in UTF-8.

    Source: https://www.postgresql.org/docs/current/locale.html#LOCALE-PROVIDERS
    """
    provider = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if major >= 17 else ()
    return (
        *("--username", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"),
        *provider,
        *("--no-sync", "--no-instructions"),
    )


def _check_major(placement: Placement) -> None:
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
    """A value as it stands in postgresql.conf.

    Source: https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-CONFIGURATION-FILE
    """
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.write_text(text, encoding="utf-8", errors="surrogateescape")
    unfinished.chmod(0o644)
    unfinished.replace(path)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["initdb said nothing"])[-1]
