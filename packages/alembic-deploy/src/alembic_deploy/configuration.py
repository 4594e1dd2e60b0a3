"""The files that a command of `alembic-deploy` starts from: alembic.ini and env.py, read and checked."""

from __future__ import annotations

import ast
import configparser
import sys
from pathlib import Path
from typing import TextIO, cast

from alembic.config import Config

from alembic_deploy.errors import ConfigError
from alembic_deploy.process_exit import CheckedOutput

_RUN_ENV = "run_env"
_ENV_PY = """\
from alembic_deploy.env import run_env
from shop.models import metadata

run_env(target_metadata=metadata)"""


def read_configuration(ini: Path) -> Config:
    """Return Alembic's configuration; its commands print to standard output.

    :raises ConfigError: The file cannot be read.
    """
    config = Config(str(ini), stdout=cast(TextIO, CheckedOutput(sys.stdout)))
    try:
        _ = config.file_config
    except (configparser.Error, UnicodeDecodeError, OSError) as error:
        raise unusable_configuration(error, ini) from error
    return config


def unusable_configuration(error: Exception, ini: Path) -> ConfigError:
    """Return the error for an alembic.ini that cannot be read, or for a value in it."""
    text = " ".join(str(error).split())
    todo = "correct that line"
    if isinstance(error, configparser.InterpolationError):
        todo = "write %% for a per cent sign in a value"
    if isinstance(error, UnicodeDecodeError):
        todo = "save it as UTF-8"
    return ConfigError(f"the configuration cannot be read: {text}", where=str(ini), todo=todo)


def refuse_other_env_py(config: Config) -> None:
    """Refuse an env.py that does not name run_env(), before it does anything of its own.

    :raises ConfigError: It does not, or cannot be read.
    """
    tree = parse_env_py(config)
    if tree is not None and not any(map(_names_run_env, ast.walk(tree))):
        raise without_run_env(config)


def without_run_env(config: Config) -> ConfigError:
    """Return the error for an env.py that does not call run_env(), so that nothing was as promised."""
    return ConfigError(
        "env.py does not call run_env()",
        where=str(_env_py(config)),
        todo=f"write:\n\n{_ENV_PY}\n",
    )


def _env_py(config: Config) -> Path:
    return Path(config.get_main_option("script_location") or "", "env.py")


def parse_env_py(config: Config) -> ast.Module | None:
    """Return the module of env.py; None without one, which Alembic refuses itself.

    :raises ConfigError: Its encoding or its syntax is wrong; names the line.
    """
    path = _env_py(config)
    if not path.is_file():
        return None
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError) as error:  # before 3.12, ValueError for a null byte
        line = getattr(error, "lineno", None)
        raise ConfigError(
            f"env.py cannot be read: {getattr(error, 'msg', error)}",
            where=f"{path}:{line}" if line else str(path),
            todo="correct that line; a file that is not UTF-8 declares its encoding in its first one",
        ) from error


def _names_run_env(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            return name == _RUN_ENV
    return False
