"""The project that a session proves, found from its options as the command line finds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.errors import ProofError
from alembic_proof.project import Project, find_project, has_project


def open_project(config: pytest.Config) -> Project:
    """The project of the file that the options name, else of the one that rootdir has, else the place of the call.

    Raises:
        ConfigError: no such file, or settings that cannot be used.
    """
    return find_project(
        _named_file(config),
        section=config.getoption("alembic_proof_name"),
        x_arguments=tuple(config.getoption("alembic_proof_x")),
        directory=_directory(config),
        option="--alembic-proof-config",
        section_option="--alembic-proof-name",
    )


def project_or_failure(config: pytest.Config) -> Project:
    """The project; where there is none, the test fails with one message."""
    try:
        return open_project(config)
    except ProofError as error:
        said = str(error)
    pytest.fail(said, pytrace=False)  # outside: what the error came from would be shown as well


def _directory(config: pytest.Config) -> Path:
    """Where the project is looked for: one test configuration may serve several projects."""
    called = config.invocation_params.dir
    is_here = has_project(called) and not has_project(config.rootpath)
    return called if is_here else config.rootpath


def _named_file(config: pytest.Config) -> Path | None:
    """The file that the option names, else the ini option; None where neither does."""
    given = config.getoption("alembic_proof_config")
    if given:
        return Path(config.invocation_params.dir, given)
    named = config.getini("alembic_proof_config")
    return Path(config.rootpath, named) if named else None
