"""The chain of revision files: one line, in the order of its files, frozen."""

from __future__ import annotations

import re

from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config, heads
from alembic_proof.lint import all_rules, lint, read_history
from packages.backend.tests.history.database import CHAIN, INI


def test_order_of_files_is_order_of_chain() -> None:
    """Sorted by name, the revision files stand in the order in which they are applied."""
    names = [one.path.name for one in CHAIN]

    assert names == sorted(names)
    assert all(re.fullmatch(r"\d{8}_\d{6}_[a-z0-9_]+\.py", name) for name in names)


def test_chain_has_one_line_and_one_head() -> None:
    """Each revision follows the one before it; no branch, no second head."""
    parents = [one.needs for one in CHAIN]

    assert parents[0] == ()
    assert parents[1:] == [(one.revision_id,) for one in CHAIN[:-1]]
    assert heads(alembic_config(AlembicProject(file=INI))) == (CHAIN[-1].revision_id,)
    assert len(CHAIN) >= 9


def test_revisions_keep_the_rules() -> None:
    """No rule finds anything: downgrades are real, exceptions declared, imports frozen."""
    history = read_history(AlembicProject(file=INI), frozen_from=("boards", "alembic_proof"))

    assert lint(history, rules=all_rules()) == ()
