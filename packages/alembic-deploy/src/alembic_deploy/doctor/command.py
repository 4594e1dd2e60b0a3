"""The command `doctor`: examine the database of an Alembic project."""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from alembic import command
from alembic.config import Config

from alembic_deploy.advisory_lock import VersionTable
from alembic_deploy.deployment import ATTRIBUTE, Deployment, MigrationSession, Preparation
from alembic_deploy.doctor.check import Expectations
from alembic_deploy.doctor.examine import Format, examine, render
from alembic_deploy.errors import ConfigError
from alembic_deploy.finding import Finding
from alembic_deploy.process_exit import write_line
from alembic_deploy.revisions import graph_of
from alembic_deploy.settings import EXPECTATIONS, TABLE, configured_directory, read_deploy_table

_NO_LOGIN = "not checked: the application's login, which no setting names; name it: --login NAME"


def configured_expectations(config: Config) -> Expectations:
    """Return what `[tool.alembic-deploy]` says of the project's roles and tenants.

    :raises ConfigError: A value that is not a name.
    """
    directory = configured_directory(config)
    if directory is None:
        return Expectations()
    table = read_deploy_table(directory)
    names: dict[str, Any] = {}
    for key in EXPECTATIONS:
        value = table.get(key)
        if value is not None and not (isinstance(value, str) and value):
            raise ConfigError(
                f"{key} in {TABLE} is not a name",
                where=str(directory.resolve() / "pyproject.toml"),
                todo=f'write it like this: {key} = "name"',
            )
        names[key] = value
    return Expectations(**names)


def run_doctor(
    config: Config,
    *,
    expected: Expectations | None = None,
    output: Format = "text",
    ignored: Collection[str] = (),
) -> int:
    """Print what is wrong with the project's database; return 1 if anything is, else 0.

    :param config: Of a project whose env.py calls run_env(), which finds the database.
    :param expected: What the project knows; its history is added.
    :param ignored: Ids of findings that are left out.
    :raises CommandError: The database, or the history, cannot be read.
    """
    reports: list[tuple[tuple[Finding, ...], str]] = []

    def work(session: MigrationSession) -> None:
        known = _with_history(expected or Expectations(), session)
        found = examine(session.connection, expected=known)
        kept = tuple(one for one in found if one.id not in ignored)
        report = render(kept, database=str(session.database), output=output)
        if output == "text" and known.app_role is not None and known.app_login is None:
            report += f"\n\n{_NO_LOGIN}"
        reports.append((kept, report))

    config.attributes[ATTRIBUTE] = Deployment(work=work, preparation=Preparation.NONE)
    command.current(config)
    if not reports:
        raise ConfigError(
            "env.py does not call run_env(), or gives it a connection",
            todo="let env.py call alembic_deploy.env.run_env() on a database that a URL names",
        )
    ((found, text),) = reports
    write_line(sys.stdout, text)
    return 1 if found else 0


def _with_history(expected: Expectations, session: MigrationSession) -> Expectations:
    """Return the expectations with the project's revisions and version table."""
    migration = session.migration
    quote = session.connection.dialect.identifier_preparer.quote
    names = (migration.version_table_schema, migration.version_table)
    table = ".".join(quote(name) for name in names if name)
    script = migration.script
    graph = graph_of(script) if script is not None else None
    lock = VersionTable(name=migration.version_table, schema=migration.version_table_schema)
    return replace(expected, version_table=table, lock=lock, graph=graph)
