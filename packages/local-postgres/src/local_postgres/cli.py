"""The command `local-postgres`: start, stop and use a checkout's own server, and no other one."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from local_postgres.database import LocalDatabase, ensure_local_database, reset_local_database
from local_postgres.errors import LocalPostgresError, SettingsError
from local_postgres.scratch import default_state, tcp_server
from local_postgres.server import LocalServer, RunningServer, ServerStatus, start, status, stop
from local_postgres.settings import TABLE, find_settings

ACTIONS: Mapping[str, str] = {
    "start": "start the local server and create its database, unless they exist",
    "stop": "stop the local server and the one for scratch databases",
    "status": "list the servers and whether they run",
    "url": "print the local database's URL",
    "shell": "open psql, else pgcli, in the local database",
    "reset": "drop the local database and create it again, empty",
}
"""Every action and its help."""
_CLEAN, _BROKEN, _INTERRUPTED = 0, 2, 130
# These would lead psql to another server, or log in as another role.
# Source: https://www.postgresql.org/docs/current/libpq-envars.html
_MISLEADING = frozenset(
    {
        *("PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD"),
        *("PGSERVICE", "PGSSLMODE", "PGREQUIREAUTH", "PGOPTIONS"),
    }
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the action that `argv` names; return 0, 2 for an error, 130 when interrupted."""
    arguments = argument_parser().parse_args(argv)
    try:
        local = find_settings(arguments.directory)
        perform(arguments.action, local, os.environ, is_sure=getattr(arguments, "yes", False))
        sys.stdout.flush()
    except LocalPostgresError as error:
        print(f"local-postgres: {error}", file=sys.stderr)
        return _BROKEN
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of `local-postgres status | head -1` has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return _CLEAN


def add_actions(parser: argparse.ArgumentParser) -> None:
    """Add a subparser for each action, which sets `action` and, for reset, `yes`."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, help_ in ACTIONS.items():
        action = actions.add_parser(name, help=help_, description=help_)
        action.set_defaults(action=name)
        if name == "reset":
            action.add_argument("--yes", action="store_true", help="do not ask")


def perform(
    action: str, local: LocalDatabase | None, environ: Mapping[str, str], *, is_sure: bool
) -> None:
    """Perform an action and print its result on standard output.

    :param local: None where no settings describe a database. Scratch servers can be stopped then.
    :param is_sure: Reset without asking.
    :raises LocalPostgresError: What is missing, or what the server refuses.
    """
    match action:
        case "stop":
            _stop(_servers(local, environ))
        case "status":
            _print_status(_servers(local, environ))
        case _:
            _perform_on_database(action, _require(local), environ, is_sure=is_sure)


def argument_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="local-postgres",
        description=f"Handles the local PostgreSQL of {TABLE}, and no other server.",
        epilog="exit codes: 0 done, 2 not done",
        allow_abbrev=False,
    )
    parser.add_argument(
        "-C",
        "--directory",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where to look for the pyproject.toml: in DIR, then above it (default: here)",
    )
    package = "local-postgres"
    parser.add_argument("--version", action="version", version=f"%(prog)s {version(package)}")
    add_actions(parser)
    return parser


def _require(local: LocalDatabase | None) -> LocalDatabase:
    if local is not None:
        return local
    raise SettingsError(
        "no local database is described here",
        where="pyproject.toml",
        todo=f"set data, database and owner in {TABLE}",
    )


def _perform_on_database(
    action: str, local: LocalDatabase, environ: Mapping[str, str], *, is_sure: bool
) -> None:
    if action == "reset":
        if not is_sure:
            _ask(local)
        reset_local_database(local, environ)
        print(f"empty: {_display(local, environ)}")
        return
    url = ensure_local_database(local, environ)
    if action == "url":
        print(url)
    elif action == "shell":
        open_shell(local, start(local.server, environ))
    else:
        print(f"ready: {_display(local, environ)}")


def _display(local: LocalDatabase, environ: Mapping[str, str]) -> str:
    directory = start(local.server, environ).socket_dir
    return f"{local.database} on socket {directory} as {local.owner}"


def _servers(
    local: LocalDatabase | None, environ: Mapping[str, str]
) -> tuple[tuple[str, LocalServer], ...]:
    """Return the local server, where settings describe it, and those for scratch databases."""
    state = local.state if local else default_state(environ)
    durable = (("local", local.server),) if local else ()
    tcp = tcp_server(state)
    return (
        *durable,
        ("scratch", LocalServer(state, durable=False)),
        *((("tcp", tcp),) if tcp.majors() else ()),
    )


def _stop(servers: Iterable[tuple[str, LocalServer]]) -> None:
    stopped = [(name, one) for name, server in servers for one in stop(server)]
    for name, one in stopped:
        print(f"stopped: {name} server, PostgreSQL {one.major}, {one.data}")
    if not stopped:
        print("no server was running")


def _print_status(servers: Iterable[tuple[str, LocalServer]]) -> None:
    found = [(name, one) for name, server in servers for one in status(server)]
    for name, one in found:
        print(_status_line(name, one))
    if not found:
        print("no server yet: `start`, or any command that needs one, makes it")


def _status_line(name: str, server: ServerStatus) -> str:
    if server.running is None:
        return f"{name:<8} PostgreSQL {server.major}  stopped  {server.data}"
    running = server.running
    line = f"{name:<8} PostgreSQL {running.version}  running  {server.data}"
    return f"{line}\n         {running.origin}, socket in {running.socket_dir}"


def open_shell(local: LocalDatabase, running: RunningServer) -> NoReturn:
    """Replace this process by psql, else pgcli, in the database as its owner.

    :raises SettingsError: Neither is installed.
    """
    beside = str(Path(sys.executable).parent)
    program = shutil.which("psql") or shutil.which("pgcli") or shutil.which("pgcli", path=beside)
    if program is None:
        raise SettingsError(
            "neither psql nor pgcli is installed", todo="install one of them: pip install pgcli"
        )
    environment = shell_environment(local, running, os.environ)
    os.execve(program, (program,), environment)  # noqa: S606  an argument list, no shell


def shell_environment(
    local: LocalDatabase, running: RunningServer, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment in which libpq connects to the database as its owner."""
    kept = {name: value for name, value in environ.items() if name not in _MISLEADING}
    return kept | {
        "PGHOST": str(running.socket_dir),
        "PGPORT": str(running.port),
        "PGUSER": local.owner,
        "PGDATABASE": local.database,
    }


def _ask(local: LocalDatabase) -> None:
    """Ask the user to type the database's name.

    :raises SettingsError: Standard input is no terminal, or another text was typed.
    """
    todo = "pass --yes to go on without a question"
    if not sys.stdin.isatty():
        raise SettingsError(f"reset drops the local database {local.database}", todo=todo)
    place = f"the local database {local.database} ({local.state})"
    try:
        answer = input(f"This drops {place} and everything in it.\nType its name to go on: ")
    except EOFError:  # Ctrl-D
        answer = ""
    if answer.strip() != local.database:
        raise SettingsError(f"{local.database} is left as it is", todo=todo)
