"""The revisions that a command will run: their SQL, and the relations that it touches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from alembic.runtime.migration import MigrationStep, RevisionStep
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.statements import single_update
from alembic_deploy.backfill.steps import backfill_of
from alembic_deploy.lock_modes import LockMode, TableLock, lock_modes
from alembic_deploy.offline_sql import offline_statements, why_unknown
from alembic_deploy.progress import direction_of, title_of
from alembic_deploy.session import run_alive
from alembic_deploy.statements import is_name, tokenize

_TOUCHED = """\
WITH named AS (
    SELECT lock.place, lock.reach, CAST(pg_catalog.to_regclass(lock.name) AS oid) AS oid
    FROM ROWS FROM (
        pg_catalog.unnest(CAST(:names AS text[])), pg_catalog.unnest(CAST(:reaches AS text[]))
    ) WITH ORDINALITY AS lock (name, reach, place)
), touched AS (
    SELECT place, oid FROM named WHERE reach IN ('NAMED', 'INDEXED')
    UNION
    SELECT named.place, index.indrelid
    FROM named
    JOIN pg_catalog.pg_index AS index ON index.indexrelid = named.oid
    UNION
    SELECT named.place, foreign_key.confrelid
    FROM named
    JOIN pg_catalog.pg_constraint AS foreign_key ON foreign_key.conrelid = named.oid
    WHERE named.reach = 'REFERENCED'
    AND foreign_key.contype = 'f'
    UNION
    SELECT named.place, foreign_key.conrelid
    FROM named
    JOIN pg_catalog.pg_constraint AS foreign_key ON foreign_key.confrelid = named.oid
    WHERE named.reach = 'REFERENCING'
    AND foreign_key.contype = 'f'
)
SELECT touched.place,
       relation.oid,
       pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name
FROM touched
JOIN pg_catalog.pg_class AS relation ON relation.oid = touched.oid
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE relation.relkind NOT IN ('i', 'I')
ORDER BY space.nspname, relation.relname, touched.place"""
"""An index stands for its table. Names are looked up along the session's search_path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRevision:
    """A revision that a command will run, and its SQL as `--sql` would write it."""

    revision_id: str
    direction: str
    title: str
    path: str
    file_sha256: str
    statements: tuple[str, ...] = ()
    unknown: str = ""
    """Why its SQL is not known before it runs; empty where it is."""
    is_repeatable: bool = True
    """Whether its SQL is the same each time, as it is not with a random key in it."""

    def __str__(self) -> str:
        """Return direction, id and title."""
        return f"{self.direction}  {self.revision_id}  {self.title}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedRelation:
    """A table, view or sequence of the database that pending statements lock."""

    oid: int
    name: str
    """Qualified, in quotes where they are needed."""
    mode: LockMode | None
    """The strongest mode; None where only an unknown one is known of."""
    works: tuple[str, ...] = ()
    """What takes long under the locks."""

    def __str__(self) -> str:
        """Return the strongest lock mode, and what takes long."""
        return ", ".join((str(self.mode or "unknown locks"), *self.works))


def pending_revisions(
    connection: Connection, steps: Iterable[MigrationStep]
) -> tuple[PendingRevision, ...]:
    """Return the revisions of the steps in their order; their Python code runs as it does for `--sql`.

    :param connection: Kept alive; no transaction may be open.
    """
    revisions = tuple(step for step in steps if isinstance(step, RevisionStep))
    return run_alive(connection, lambda: tuple(map(_pending, revisions)))


def _pending(step: RevisionStep) -> PendingRevision:
    statements: tuple[str, ...] = ()
    unknown = ""
    try:
        statements = _with_backfill(offline_statements(step), step)
    except Exception as error:  # whatever the revision raises
        unknown = why_unknown(error)
    return PendingRevision(
        revision_id=step.revision.revision,
        direction=direction_of(step),
        title=title_of(step),
        path=step.revision.path,
        file_sha256=hashlib.sha256(Path(step.revision.path).read_bytes()).hexdigest(),
        statements=statements,
        unknown=unknown,
    )


def _with_backfill(statements: tuple[str, ...], step: RevisionStep) -> tuple[str, ...]:
    """Return the revision's statements with the UPDATE of its backfill, which runs in batches."""
    backfill = backfill_of(step)
    if backfill is None or (step.is_downgrade and backfill.undo is None):
        return statements
    update = single_update(backfill, is_undo=step.is_downgrade)
    batches = (f"-- backfill {backfill.name}, in batches\n{update}",)
    return (*statements, *batches) if step.is_upgrade else (*batches, *statements)


def statements_of(revisions: Iterable[PendingRevision]) -> tuple[str, ...]:
    """Return the statements of all revisions, as far as they are known."""
    return tuple(chain.from_iterable(one.statements for one in revisions))


def touched_relations(
    connection: Connection, statements: Iterable[str]
) -> tuple[TouchedRelation, ...]:
    """Return the relations that exist and that the statements lock, by name, without indexes.

    It reads in the transaction that is open, or begins one. What a statement locks without naming it
    is included where foreign keys show it; views and functions are not looked into.
    """
    locks = tuple(lock for one in statements for lock in lock_modes(one) if _can_be_looked_up(lock))
    if not locks:
        return ()
    parameters = {
        "names": [lock.relation for lock in locks],
        "reaches": [lock.reach.name for lock in locks],
    }
    found: dict[int, tuple[str, list[TableLock]]] = {}
    for row in connection.execute(text(_TOUCHED), parameters):
        found.setdefault(row.oid, (row.name, []))[1].append(locks[row.place - 1])
    return tuple(
        TouchedRelation(
            oid=oid,
            name=name,
            mode=max((one.mode for one in own if one.mode), key=_strength, default=None),
            works=tuple(dict.fromkeys(one.work for one in own if one.work)),
        )
        for oid, (name, own) in found.items()
    )


def _strength(mode: LockMode) -> int:
    return mode.strength


def _can_be_looked_up(lock: TableLock) -> bool:
    """Return whether the relation is a name, with a schema at most."""
    return 1 <= sum(1 for _ in name_parts(lock.relation)) <= 2 and lock.mode is not None


def name_parts(name: str) -> Iterator[str]:
    """Yield the parts of a qualified name, as they are written."""
    return (token.text for token in tokenize(name) if is_name(token))
