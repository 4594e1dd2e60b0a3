"""What Alembic's own command line does with messages and logging."""

from __future__ import annotations

import logging
import logging.config

from alembic.config import Config
from alembic.util import messaging

from alembic_proof.errors import ConfigError

_ECHO = "alembic.util.messaging"


def prepare_terminal(config: Config) -> None:
    """Ensures that errors keep their lines and are printed once, and that logging is configured.

    Only under Alembic's command line: elsewhere the process and its logging are somebody else's.

    Raises:
        ConfigError: the logging sections of alembic.ini cannot be used.
    """
    if not is_command_line(config):
        return
    # On a terminal Alembic refolds a message into one paragraph, SQL and paths included.
    messaging.TERMWIDTH = None
    if config.config_file_name and config.file_config.has_section("loggers"):
        _configure_logging(config.config_file_name)
    if not config.messaging_opts.get("quiet"):
        # It prints each error and logs it as well.
        logging.getLogger(_ECHO).setLevel(logging.CRITICAL)


def is_command_line(config: Config) -> bool:
    """Whether Alembic's own command line runs env.py, not a program that asked it to be quiet."""
    return config.cmd_opts is not None and not config.attributes.get("quiet")


def _configure_logging(ini: str) -> None:
    try:
        logging.config.fileConfig(ini, disable_existing_loggers=False, encoding="utf-8")
    except (KeyError, ValueError, RuntimeError, AttributeError, ImportError) as error:
        raise ConfigError(
            f"the logging sections cannot be used: {type(error).__name__}: {error}", where=ini
        ) from error
