"""pgbouncer: Debian's package, unpacked into the user's cache, in front of a server."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from chaos.server import Server
from local_postgres.client import Answer, probe
from local_postgres.download import cache_directory
from local_postgres.placement import LOOPBACK, free_port

_PACKAGES = ("pgbouncer", "libevent-2.1-7", "libc-ares2")
_INI = """
[databases]
* = host={host} port={server_port}

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir = {directory}
auth_type = scram-sha-256
auth_file = {directory}/users.txt
pool_mode = {mode}
ignore_startup_parameters = extra_float_digits,search_path,options
logfile = {directory}/log
pidfile = {directory}/pid
"""


class NoPgbouncerError(Exception):
    """pgbouncer is not installed and cannot be fetched here."""


@contextmanager
def pgbouncer(server: Server, *, mode: str, directory: Path) -> Iterator[int]:
    """Yield the TCP port of a pgbouncer in front of the server.

    :param mode: `session` or `transaction`.
    :raises NoPgbouncerError: There is none for this machine.
    """
    program, environ = _program()
    port = free_port()
    directory.mkdir(mode=0o700)
    (directory / "ini").write_text(
        _INI.format(
            host=LOOPBACK,
            server_port=server.placement.port,
            port=port,
            directory=directory,
            mode=mode,
        )
    )
    users = zip(("chaos_owner", "chaos_app"), server.passwords, strict=True)
    lines = "".join(f'"{name}" "{password}"\n' for name, password in users)
    (directory / "users.txt").write_text(lines)
    # It refuses root, as PostgreSQL does.
    command = (*server.placement.account.prefix, program, "-q", str(directory / "ini"))
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_until_ready(process, directory, port)
            yield port
        finally:
            process.terminate()


def _wait_until_ready(process: subprocess.Popen[bytes], directory: Path, port: int) -> None:
    for _ in range(500):
        if probe(directory, port) is not Answer.SILENT:
            return
        if process.poll() is not None:
            raise NoPgbouncerError(f"pgbouncer ends with {process.returncode}")
        sleep(0.02)
    raise NoPgbouncerError("pgbouncer does not answer")


def _program() -> tuple[str, dict[str, str]]:
    """Return the installed pgbouncer, else Debian's, and the environment to run it in."""
    installed = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if installed:
        return installed, dict(os.environ)
    root = cache_directory(os.environ).parent / "pgbouncer"
    if not (root / "usr" / "sbin" / "pgbouncer").exists():
        _fetch(root)
    libraries = ":".join(map(str, sorted((root / "usr" / "lib").glob("*-linux-*"))))
    environ = {**os.environ, "LD_LIBRARY_PATH": libraries}
    return str(root / "usr" / "sbin" / "pgbouncer"), environ


def _fetch(root: Path) -> None:
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise NoPgbouncerError("there is no pgbouncer, and no apt-get to fetch it with")
    root.mkdir(parents=True, exist_ok=True)
    got = subprocess.run(
        ("apt-get", "download", "-qq", *_PACKAGES), cwd=root, capture_output=True, check=False
    )
    packages = sorted(root.glob("*.deb"))
    if got.returncode or not packages:
        raise NoPgbouncerError("apt-get cannot download pgbouncer")
    for package in packages:
        subprocess.run(("dpkg", "-x", str(package), str(root)), check=True)
        package.unlink()
