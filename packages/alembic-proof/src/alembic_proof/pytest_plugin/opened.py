"""The project that a session proves, found from its options as the command line finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.project import Project, find_project


def open_project(config: pytest.Config) -> Project:
    """The project of the file that the options name, else of the one that rootdir has.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
    """
    return find_project(
        _named_file(config),
        section=config.getoption("alembic_proof_name"),
        x_arguments=tuple(config.getoption("alembic_proof_x")),
        directory=config.rootpath,
        option="--alembic-proof-config",
    )


def _named_file(config: pytest.Config) -> Path | None:
    """The file that the option names, else the ini option; None where neither does."""
    given = config.getoption("alembic_proof_config")
    if given:
        return Path(config.invocation_params.dir, given)
    named = config.getini("alembic_proof_config")
    return Path(config.rootpath, named) if named else None
