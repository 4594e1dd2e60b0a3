"""`pytest --alembic-proof`: the proofs as test items, and a fixture for tests of data migrations.

pytest loads this module in every project that has the package installed. It imports pytest and the
standard library only; Alembic is imported when a proof or the fixture is asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from alembic_proof.pytest_plugin.options import (
    add_options,
    adds_items,
    remove_shared_directory,
    share_directory,
    take_node_ids,
)

if TYPE_CHECKING:
    from alembic_proof.pytest_plugin.migration import MigrationOpener

__all__ = ["alembic_migration", "pytest_addoption"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Take the node ids of proofs out of the arguments, which pytest looks up as files."""
    if session.config.getoption("alembic_proof"):
        take_node_ids(session.config)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the proofs after what the session itself collects."""
    report = yield
    if isinstance(collector, pytest.Session) and report.passed and adds_items(collector.config):
        from alembic_proof.pytest_plugin.items import HistoryCollector

        report.result.append(HistoryCollector.of(collector))
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where all workers share the results of the proofs."""
    share_directory(node)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the directory of these results."""
    remove_shared_directory(config)


@pytest.fixture
def alembic_migration(request: pytest.FixtureRequest) -> Iterator[MigrationOpener]:
    """Return a function that opens a revision over a fresh database at the state just below it.

    Example::

        def test_names_are_capitals(alembic_migration):
            migration = alembic_migration("0002")
            migration.execute("INSERT INTO public.users (id, name) VALUES (1, 'ada')")
            migration.upgrade()
            assert migration.rows("SELECT name FROM public.users") == [("ADA",)]
    """
    from alembic_proof.pytest_plugin.migration import MigrationOpener
    from alembic_proof.pytest_plugin.session import project_or_failure

    with ExitStack() as stack:
        yield MigrationOpener(project=project_or_failure(request.config), stack=stack)
