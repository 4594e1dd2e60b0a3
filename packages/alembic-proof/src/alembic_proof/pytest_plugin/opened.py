"""The project that a session proves, found from its options."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.errors import ConfigError
from alembic_proof.project import Project, find_project


def config_file(config: pytest.Config) -> Path:
    """The file that the option names, else the ini option, else the one in rootdir."""
    given = config.getoption("alembic_proof_config")
    if given:
        return Path(config.invocation_params.dir, given)
    return Path(config.rootpath, config.getini("alembic_proof_config"))


def open_project(config: pytest.Config) -> Project:
    """The project of that file.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
    """
    path = config_file(config)
    if not path.is_file():
        raise ConfigError(
            f"there is no {path.name} for --alembic-proof",
            where=str(path.parent),
            todo="name the project's alembic.ini: --alembic-proof-config FILE, "
            "or alembic_proof_config in pytest's configuration",
        )
    return find_project(path)
