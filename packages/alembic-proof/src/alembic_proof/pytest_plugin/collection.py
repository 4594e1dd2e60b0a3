"""The tree of items: every revision's three directions, history and parity. Nothing is migrated."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Self

import pytest
from alembic.util import CommandError

from alembic_proof.errors import HistoryError, ProofError
from alembic_proof.history.chain import ChainRevision, load_history, read_chain
from alembic_proof.history.script import alembic_config
from alembic_proof.project import (
    Project,
    history_databases,
    load_scratch_history,
    scratch_server_url,
)
from alembic_proof.proofs.roundtrip.direction import DIRECTIONS, Direction
from alembic_proof.pytest_plugin import placed_skips
from alembic_proof.pytest_plugin.items import DirectionItem, HistoryItem, ParityItem
from alembic_proof.pytest_plugin.names import node_name
from alembic_proof.pytest_plugin.opened import open_project
from alembic_proof.pytest_plugin.selection import ROOT, is_below, own_arguments
from alembic_proof.pytest_plugin.surroundings import kept_surroundings


class History(pytest.Collector):
    """A project's revisions, what is about no single one of them, and parity."""

    @classmethod
    def of(cls, session: pytest.Session) -> Self:
        """The history of the session's project."""
        session.config.pluginmanager.register(placed_skips)
        return cls.from_parent(session, name=ROOT, nodeid=ROOT, path=session.config.rootpath)

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        """What was asked for of it, in the order of the history."""
        try:
            opened = open_project(self.config)
            project = opened.alembic
            with kept_surroundings():
                chain = _read_chain(opened)
        except (ProofError, CommandError) as error:
            raise self.CollectError(str(error)) from error
        nodes: list[pytest.Item | pytest.Collector] = [
            Revision.from_parent(self, name=node_name(one), path=one.path, revision=one)
            for one in chain
        ]
        nodes.append(HistoryItem.from_parent(self, name="history", path=project.file))
        nodes.append(ParityItem.from_parent(self, name="parity", path=project.file))
        return self._chosen(nodes)

    def _chosen(
        self, nodes: list[pytest.Item | pytest.Collector]
    ) -> list[pytest.Item | pytest.Collector]:
        asked = own_arguments(self.config)
        known = [self.nodeid, *(inner for node in nodes for inner in _ids_of(node))]
        if unknown := [one for one in asked if one not in known]:
            raise self.CollectError(f"not found: {', '.join(unknown)}")
        if not asked:
            return nodes
        return [
            node
            for node in nodes
            if any(is_below(node.nodeid, one) or is_below(one, node.nodeid) for one in asked)
        ]


class Revision(pytest.Collector):
    """One revision: up, down and up again."""

    def __init__(self, *, revision: ChainRevision, **rest: Any) -> None:
        super().__init__(**rest)
        self.revision = revision
        # The whole id, also where the node's name shows it in another form.
        self.extra_keyword_matches.add(revision.revision_id)

    def collect(self) -> list[pytest.Item | pytest.Collector]:
        """The directions that were asked for."""
        items = [
            DirectionItem.from_parent(
                self,
                name=_item_name(direction),
                revision_id=self.revision.revision_id,
                direction=direction,
            )
            for direction in DIRECTIONS
        ]
        asked = own_arguments(self.config)
        return [
            item for item in items if not asked or any(is_below(item.nodeid, one) for one in asked)
        ]


def _read_chain(project: Project) -> tuple[ChainRevision, ...]:
    """Read the history without a database, unless revisions import what only env.py makes found."""
    try:
        return read_chain(load_history(alembic_config(project.alembic)))
    except HistoryError as error:
        if not isinstance(error.__cause__, ImportError):
            raise
    server_url = scratch_server_url(project, os.environ)
    with history_databases(project, server_url, label="pytest collection") as open_database:
        script, _ = load_scratch_history(project, open_database)
        return read_chain(script)


def _ids_of(node: pytest.Item | pytest.Collector) -> Iterator[str]:
    yield node.nodeid
    if isinstance(node, Revision):
        yield from (f"{node.nodeid}::{_item_name(direction)}" for direction in DIRECTIONS)


def _item_name(direction: Direction) -> str:
    return direction.replace(" ", "-")
