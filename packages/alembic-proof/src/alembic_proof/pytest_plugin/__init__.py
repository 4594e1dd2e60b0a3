"""`pytest --alembic-proof`: the proofs as test items, and a fixture for tests of data migrations.

pytest loads this module in every project that has the package installed, so it imports pytest
and the standard library; Alembic waits until a proof or the fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from alembic_proof.config.row_number import row_number
from alembic_proof.pytest_plugin.selection import adds_items, take_own_arguments
from alembic_proof.pytest_plugin.sharing import end_sharing, share_with

if TYPE_CHECKING:
    from alembic_proof.pytest_plugin.migration import MigrationOpener

__all__ = ["alembic_migration", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The switch, and where the project is."""
    group = parser.getgroup("alembic-proof", "proofs of a migration history (alembic-proof)")
    group.addoption(
        "--alembic-proof",
        action="store_true",
        help="add the round trip of every revision, one item per direction, and parity",
    )
    group.addoption(
        "--alembic-proof-config",
        metavar="FILE",
        help="the project's alembic.ini, or a pyproject.toml with [tool.alembic] (default: the ini "
        "option, else $ALEMBIC_CONFIG, else rootdir's)",
    )
    group.addoption(
        "--alembic-proof-name",
        default="alembic",
        metavar="SECTION",
        help="the section of alembic.ini, Alembic's --name (default: alembic)",
    )
    group.addoption(
        "--alembic-proof-x",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument for env.py, Alembic's -x; may be repeated",
    )
    group.addoption(
        "--alembic-proof-rows",
        type=row_number,
        default=3,
        metavar="N",
        help="put N rows into each table that is new or changed (default: 3; 0: none)",
    )
    parser.addini(
        "alembic_proof_config",
        help="the project's alembic.ini or pyproject.toml, relative to rootdir",
        default="",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Keep the node ids of proofs from being taken for files."""
    if session.config.getoption("alembic_proof"):
        take_own_arguments(session.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Put the proofs behind what the session itself collects."""
    report = yield
    if isinstance(collector, pytest.Session) and report.passed and adds_items(collector.config):
        from alembic_proof.pytest_plugin.collection import History

        report.result.append(History.of(collector))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: object) -> None:
    """Give pytest-xdist's workers one place for the outcome of a proof that they all wait for."""
    share_with(node)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that place again."""
    end_sharing(config)


@pytest.fixture
def alembic_migration(request: pytest.FixtureRequest) -> Iterator[MigrationOpener]:
    """Called with a revision: that revision over a fresh database which is just below it."""
    from alembic_proof.pytest_plugin.migration import MigrationOpener
    from alembic_proof.pytest_plugin.opened import project_or_failure

    with ExitStack() as stack:
        yield MigrationOpener(project=project_or_failure(request.config), stack=stack)
