"""`alembic-proof server`: the project's local server, by hand; it never touches another one."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from alembic_proof.cli.options import project_of
from alembic_proof.cli.reset import reset_database
from alembic_proof.cli.shell import open_shell
from alembic_proof.cli.terminal import note, say
from alembic_proof.env import local_database
from alembic_proof.errors import ConfigError
from alembic_proof.postgres.local import LocalDatabase, ensure_local_database
from alembic_proof.postgres.scratch import tcp_server
from alembic_proof.postgres.server import LocalServer, status, stop
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.project import Project
from alembic_proof.project.scratch import scratch_state
from alembic_proof.report.text import servers_text


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command's parser to `commands`."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "server",
        help="handle the project's local server",
        description="Handles the local server of [tool.alembic-proof], and never another one.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for name, (act, help_) in _ACTIONS.items():
        action = actions.add_parser(name, help=help_, description=help_)
        action.set_defaults(run=_run, act=act)
        if name == "reset":
            action.add_argument("--yes", action="store_true", help="do not ask")
    return parser


def _run(arguments: argparse.Namespace) -> int:
    project = project_of(arguments)
    local = local_database(project.config.directory)
    if arguments.act in _ON_SERVERS:
        return _ON_SERVERS[arguments.act](_servers(project, local))
    if local is None:
        raise ConfigError(
            "this project describes no local database",
            where=str(project.config.file),
            todo="set local_state, local_database and local_owner in [tool.alembic-proof]",
        )
    _note_another_database(project)
    code: int = arguments.act(local, arguments)
    return code


def _note_another_database(project: Project) -> None:
    variable = project.config.url_env
    if variable and os.environ.get(variable, "").strip():
        note(f"{variable} is set, but this command works on the local server only")


def _start(local: LocalDatabase, _: argparse.Namespace) -> int:
    url = DatabaseUrl.parse(ensure_local_database(local, os.environ))
    say(f"ready: {url.display}")
    return 0


def _stop(servers: _Servers) -> int:
    stopped = [(name, one) for name, server in servers for one in stop(server)]
    for name, one in stopped:
        say(f"stopped: {name} server, PostgreSQL {one.major}, {one.data}")
    if not stopped:
        say("no server was running")
    return 0


def _status(servers: _Servers) -> int:
    found = [(name, one) for name, server in servers for one in status(server)]
    say(servers_text(found) or "no server yet: `start`, or any command that needs one, makes it")
    return 0


def _url(local: LocalDatabase, _: argparse.Namespace) -> int:
    say(ensure_local_database(local, os.environ))
    return 0


def _shell(local: LocalDatabase, _: argparse.Namespace) -> int:
    open_shell(ensure_local_database(local, os.environ))


def _reset(local: LocalDatabase, arguments: argparse.Namespace) -> int:
    url = DatabaseUrl.parse(reset_database(local, os.environ, is_sure=arguments.yes))
    say(f"empty: {url.display}")
    return 0


def _servers(project: Project, local: LocalDatabase | None) -> _Servers:
    """The local one, where the project describes it, and the one for scratch databases."""
    state = local.state if local else scratch_state(project, os.environ)
    by_tcp = tcp_server(state)
    scratch: _Servers = (("scratch", LocalServer(state, durable=False)),)
    if by_tcp.majors():
        scratch += (("tcp", by_tcp),)
    return (("local", local.server), *scratch) if local else scratch


_Act = Callable[[LocalDatabase, argparse.Namespace], int]
_Servers = tuple[tuple[str, LocalServer], ...]
_ACTIONS: dict[str, tuple[_Act | str, str]] = {
    "start": (_start, "start the local server and make its database, if they are not there"),
    "stop": ("stop", "stop the local server and the one for scratch databases"),
    "status": ("status", "say which servers there are and whether they run"),
    "url": (_url, "print the local database's URL"),
    "shell": (_shell, "open psql, else pgcli, on the local database"),
    "reset": (_reset, "drop the local database and make it anew, empty"),
}
_ON_SERVERS: dict[object, Callable[[_Servers], int]] = {"stop": _stop, "status": _status}
"""What needs no local database: every project may have a server for scratch databases."""
