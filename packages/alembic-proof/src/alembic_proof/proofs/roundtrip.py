"""The round trip of every revision: up, down, up again, and the catalogs compared each time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from time import perf_counter

from alembic_proof.catalog import Catalog, Change, diff, read_catalog
from alembic_proof.finding import Finding
from alembic_proof.history.chain import ChainRevision, followers, heads_of, read_chain
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.walk import Failure, Ground, Move, walk
from alembic_proof.proofs.step import Step, Tell
from alembic_proof.proofs.verdict import (
    Direction,
    changes_found,
    failure_found,
    not_proved,
    shown,
    untrue_irreversible,
)


def prove_roundtrip(
    project: AlembicProject,
    *,
    open_database: Callable[[], str],
    tell: Tell,
    wanted: Collection[str] | None = None,
) -> tuple[Finding, ...]:
    """What each revision's downgrade or second upgrade leaves different; empty for nothing.

    `open_database` gives the URL of a fresh empty scratch database each time: another one is
    needed where a revision leaves one in a state that the history does not lead to. `wanted` are
    the ids of the revisions that are proved (all by default); the others are only applied.

    Raises:
        HistoryError: a history that cannot be loaded, or an env.py that cannot be used.
    """
    chain = read_chain(alembic_config(project))
    ids = {revision.revision_id for revision in chain}
    proof = _RoundTrip(
        project=project,
        chain=chain,
        tell=tell,
        waiting=ids if wanted is None else ids & set(wanted),
    )
    proof.prove(open_database)
    return tuple(proof.findings)


@dataclass(slots=True)
class _Database:
    """A scratch database, and what is known of it."""

    url: str
    applied: list[str] = field(default_factory=list)
    catalog: Catalog | None = None
    """What it holds; None where that was not read."""
    is_fresh: bool = True


@dataclass(slots=True, kw_only=True)
class _RoundTrip:
    """What is proved, what waits, and the database that is worked on."""

    project: AlembicProject
    chain: tuple[ChainRevision, ...]
    tell: Tell
    waiting: set[str]
    blocked: set[str] = field(default_factory=set)
    """What cannot be applied."""
    findings: list[Finding] = field(default_factory=list)
    database: _Database | None = None
    direction: Direction = "upgrade"
    times: list[tuple[str, float]] = field(default_factory=list)
    """How long the steps of the revision took that is proved now."""

    def prove(self, open_database: Callable[[], str]) -> None:
        """Ensures that nothing waits any more."""
        while self.waiting:
            if self.database is None:
                self.database = _Database(open_database())
            failure = walk(alembic_config(self.project, url=self.database.url), self._moves)
            if failure is not None:
                self._note(failure)

    def _moves(self, ground: Ground) -> Iterator[Move]:
        """The rest of the walk, as far as this database leads."""
        database = self.database
        if database is None or not self._is_as_known(database, ground):
            self.database = None
            return
        database.is_fresh = False
        for revision in self.chain:
            name = revision.revision_id
            if not self.waiting or self.database is None:
                return
            if name in self.blocked or name in database.applied:
                continue
            if name in self.waiting:
                yield from self._turn(revision, ground, database)
            else:
                self.direction, database.catalog, self.times = "upgrade", None, []
                yield Move(name, is_upgrade=True)
                database.applied.append(name)

    def _turn(self, revision: ChainRevision, ground: Ground, database: _Database) -> Iterator[Move]:
        """One revision up, down and up again."""
        name, self.times = revision.revision_id, []
        before = database.catalog = database.catalog or _read(ground)
        self.direction = "upgrade"
        yield from _timed(Move(name, is_upgrade=True), "up", self.times)
        database.applied.append(name)
        first = database.catalog = _read(ground)
        self.direction = "downgrade"
        yield from _timed(Move(name, is_upgrade=False), "down", self.times)
        left = self._compare(revision, before, _read(ground))
        if revision.irreversible and not left:
            self.findings.append(untrue_irreversible(revision))
        self.direction = "second upgrade"
        yield from _timed(Move(name, is_upgrade=True), "up again", self.times)
        again = database.catalog = _read(ground)
        if self._compare(revision, first, again):
            self.database = None
        self.waiting.discard(name)
        self._tell(revision)

    def _compare(self, revision: ChainRevision, before: Catalog, after: Catalog) -> bool:
        """Whether more differs than a note is worth; the findings are noted."""
        changes: tuple[Change, ...] = () if before == after else diff(before, after)
        self.findings += changes_found(revision, self.direction, changes)
        return any(change.severity == "error" for change in changes)

    def _tell(self, revision: ChainRevision) -> None:
        """Tell of the revision and of those of its steps that ended well."""
        elapsed_s = sum(seconds for _, seconds in self.times)
        name = f"{revision.revision_id} {revision.title}"
        self.tell(Step(name, elapsed_s, tuple(self.times), shown(revision.path)))

    def _is_as_known(self, database: _Database, ground: Ground) -> bool:
        """Whether a database that was worked on before is what that work left."""
        if database.is_fresh:
            return True
        is_there = frozenset(ground.heads) == heads_of(self.chain, database.applied)
        return is_there and database.catalog is not None and database.catalog == _read(ground)

    def _note(self, failure: Failure) -> None:
        """The finding, and where the walk goes on: `_is_as_known` says whether it can from here."""
        by_name = {revision.revision_id: revision for revision in self.chain}
        revision = by_name[failure.move.revision_id]
        self.findings.append(failure_found(revision, self.direction, failure.error))
        name = revision.revision_id
        if name in self.waiting:
            self._tell(revision)
        self.waiting.discard(name)
        if self.direction == "second upgrade":
            self.database = None
        if self.direction != "upgrade":
            return
        self.blocked.add(name)
        for follower in followers(self.chain, name):
            if follower in self.waiting:
                self.findings.append(not_proved(by_name[follower], revision))
            self.waiting.discard(follower)
            self.blocked.add(follower)


def _read(ground: Ground) -> Catalog:
    return read_catalog(
        ground.connection,
        version_table=ground.version_table,
        version_schema=ground.version_schema,
    )


def _timed(move: Move, name: str, times: list[tuple[str, float]]) -> Iterator[Move]:
    """The move, whose time is noted when it has run."""
    start = perf_counter()
    yield move
    times.append((name, perf_counter() - start))
