"""Boards' schema, authored: the models' in one go, and the history's one revision after another."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.operations import ops

from alembic_proof.authoring.answers import Answers, NoTerminal
from alembic_proof.authoring.author import Authored, author_revision
from alembic_proof.authoring.operations import operations
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.revision_file import finish_files_of, write_revision
from alembic_proof.authoring.source import Source
from alembic_proof.catalog import diff
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.env_py import read_environment
from alembic_proof.history.project import Project
from alembic_proof.proofs.database_state import snapshot_of
from alembic_proof.scratch import authoring_databases, scratch_database
from packages.backend.tests.history.database import BACKEND, FIRST, Database


def empty_project(root: Path) -> Path:
    """Return the Alembic configuration of Boards' project with a history of no revision."""
    shutil.copy(BACKEND / "pyproject.toml", root)
    shutil.copytree(BACKEND / "alembic", root / "alembic")
    shutil.rmtree(root / "alembic" / "versions")
    (root / "alembic" / "versions").mkdir()
    return Path(shutil.copy(BACKEND / "alembic.ini", root))


@pytest.fixture(scope="module")
def ini(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide the project whose only revision is authored from the models."""
    return empty_project(tmp_path_factory.mktemp("authored"))


def author(ini: Path, server_url: str) -> Authored:
    """Write the revision that the models need, as `alembic-proof revision` does."""
    project = Project(file=ini)
    answers = Answers(questioner=NoTerminal())
    with authoring_databases(project, server_url) as databases:
        return author_revision(project, databases, message="the whole schema", answers=answers)


@pytest.fixture(scope="module")
def authored(ini: Path, server_url: str) -> Authored:
    """Provide what was written for the empty history."""
    return author(ini, server_url)


@pytest.fixture
def empty(ini: Path, server_url: str) -> Iterator[Database]:
    """Provide an empty database of the authored history."""
    with scratch_database(server_url, label="authored") as url:
        yield Database(url, ini)


def test_one_revision_builds_the_models(
    authored: Authored, empty: Database, models: Database
) -> None:
    """One proved revision builds the models' catalog; its downgrade leaves an empty database."""
    before = empty.catalog()
    empty.upgrade()
    after = empty.catalog()
    empty.downgrade()

    assert authored.proof.is_clean
    assert len(authored.paths) == 1
    assert diff(models.catalog(), after) == ()
    assert diff(before, empty.catalog()) == ()


def test_a_second_revision_is_not_needed(authored: Authored, ini: Path, server_url: str) -> None:
    """The models and the authored history differ in nothing that a revision could be written for."""
    assert authored.paths

    assert author(ini, server_url).paths == ()


def test_a_policy_that_is_left_out_is_seen(
    authored: Authored, empty: Database, models: Database
) -> None:
    """Control: without one of its statements the revision builds another catalog."""
    [path] = authored.paths
    text = path.read_text(encoding="utf-8")
    shortened, count = re.subn(
        r'    op\.execute\("""\n *CREATE POLICY users_isolation .*?""" *\)\n',
        "",
        text,
        flags=re.DOTALL,
    )
    path.write_text(shortened, encoding="utf-8")
    try:
        empty.upgrade()
    finally:
        path.write_text(text, encoding="utf-8")

    changes = [str(change) for change in diff(models.catalog(), empty.catalog())]
    assert (count, changes) == (1, ["policy public.users.users_isolation: missing"])


def test_every_revision_is_authored_from_its_result(
    database: Database, server_url: str, tmp_path: Path
) -> None:
    """Authored from the catalog that each revision leaves, the history builds the same, step by step.

    Only revisions that change nothing but rows are not authored. The downgrades lead back to base.
    """
    unchanged = []
    with scratch_database(server_url, label="steps") as url:
        authored = Database(url, empty_project(tmp_path))
        empty = authored.catalog()
        for name, revision in FIRST.items():
            database.upgrade(revision)
            config = alembic_config(Project(file=authored.ini), url=url)
            if not author_step(config, database.url, message=name):
                unchanged.append(name)
            authored.upgrade()
            assert diff(database.catalog(), authored.catalog()) == (), name
        authored.downgrade()

        assert diff(empty, authored.catalog()) == ()
    assert unchanged == ["seed_default_tenant", "backfill_display_names"]


def author_step(config: Config, goal_url: str, *, message: str) -> tuple[Path, ...]:
    """Write the revision that leads from the configuration's database to the goal."""
    environment = read_environment(config)
    before = snapshot_of(config.attributes["url"], environment=environment)
    after = snapshot_of(goal_url, environment=environment)
    if not (actions := plan(before, after)):
        return ()

    def complete(context: Any, _: Any, directives: list[ops.MigrationScript]) -> None:
        [script] = directives
        finish_files_of(context.environment_context.script)
        up = operations(actions, before=before, after=after, source=Source())
        down = operations(plan(after, before), before=after, after=before, source=Source())
        script.upgrade_ops = ops.UpgradeOps(ops=[*up])
        script.downgrade_ops = ops.DowngradeOps(ops=[*down])

    return write_revision(config, message=message, is_autogenerated=True, complete=complete)
