"""A project's configuration, and the commands that are run with it in this process."""

from __future__ import annotations

import io
from argparse import Namespace
from typing import TextIO

from alembic import command
from alembic.config import Config

from alembic_proof.errors import HistoryError
from alembic_proof.history.alembic_toml import toml_argument
from alembic_proof.history.chain import load_history
from alembic_proof.history.environment import explained_failures
from alembic_proof.history.given_url import url_for_env, url_parts
from alembic_proof.history.located import option
from alembic_proof.history.lock_wait import WAIT_TIMEOUT_S
from alembic_proof.history.project import AlembicProject


def alembic_config(
    project: AlembicProject, *, url: str | None = None, stdout: TextIO | None = None
) -> Config:
    """The project's configuration for commands in this process: quiet, on `url` when given.

    What Alembic prints goes to `stdout`, by default to a buffer: `config.stdout`.

    Raises:
        HistoryError: there is no such file.
        ConfigError: a pyproject.toml that this Alembic cannot read.
    """
    if not project.file.is_file():
        raise HistoryError("there is no Alembic configuration", where=str(project.file))
    config = Config(
        str(project.ini) if project.ini else None,
        ini_section=project.section,
        cmd_opts=Namespace(x=list(project.x_arguments), name=project.section, raiseerr=False),
        stdout=stdout if stdout is not None else io.StringIO(),
        **toml_argument(project.toml),
    )
    config.attributes["quiet"] = True
    config.attributes[WAIT_TIMEOUT_S] = project.wait_timeout_s
    _locate_scripts(config, project)
    if url is not None:
        config.attributes["url"] = url
        _hand_over(config, project, url)
    return config


def _locate_scripts(config: Config, project: AlembicProject) -> None:
    """Ensures that Flask-Migrate's scripts are found, whose ini file lies among them."""
    if (project.directory / "env.py").is_file() and option(config, "script_location") is None:
        config.set_main_option("script_location", str(project.directory).replace("%", "%%"))


def _hand_over(config: Config, project: AlembicProject, url: str) -> None:
    """Ensures that an env.py that reads its options or `-x` goes to that database."""
    given = url_for_env(project, config, url=url)
    config.set_main_option(project.route.ini_key, given.replace("%", "%%"))
    parts = url_parts(url)
    for part, option_name in project.route.parts_options:
        config.set_main_option(option_name, parts[part].replace("%", "%%"))
    if project.route.x_argument is not None and config.cmd_opts is not None:
        config.cmd_opts.x.append(f"{project.route.x_argument}={given}")


def run_stamp(config: Config, revision: str) -> None:
    """Ensures that the configuration's database is taken to be at `revision`; nothing else runs.

    Raises:
        HistoryError: there is no such revision; in the words of env.py.
    """
    with explained_failures(config):
        command.stamp(config, revision)


def heads(config: Config) -> tuple[str, ...]:
    """The revisions that no other follows, sorted; none in an empty history.

    Raises:
        HistoryError: the history cannot be loaded.
    """
    return tuple(sorted(load_history(config).get_heads()))
