"""Rows that the schema before a revision permits, and a key that the revision adds does not.

The rows that every table gets have few values twice, so that a new key rarely meets any. These are
written for the one revision that adds a key, and are gone or in order when it is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.exc import DBAPIError

from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.walk import Ground
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.proofs.roundtrip.row_remedies import equal_rows_lost
from alembic_proof.proofs.roundtrip.verdict import finding_of
from alembic_proof.proofs.roundtrip.working import working
from alembic_proof.rows import RowChange, Shapes
from alembic_proof.rows.twins import Twins, add_twins, take_twins_back
from alembic_proof.rows.unequal import NewKey, is_as_strict, new_keys


def keys_added(population: Population, older: Shapes) -> tuple[NewKey, ...]:
    """The keys of tables with rows of ours that are there now and were not in the older shapes.

    None of tables that lost rows to a failed try.
    """
    plan = population.plan
    found = new_keys(plan.fillable(older), plan.fillable(population.shapes))
    return tuple(new for new in found if new.table not in population.thinned)


def write_duplicates(
    population: Population, ground: Ground, older: Shapes, keys: Sequence[NewKey]
) -> tuple[Twins, ...]:
    """The rows that were written now that the revision is down again; none that it forbids there.

    Nothing is permitted by a table whose downgrade has lost what forbade it.
    """
    shapes = population.plan.fillable(population.shapes)
    permitted = [
        new
        for new in keys
        if (old := older.find(new.table))
        and (now := shapes.find(new.table))
        and is_as_strict(now, old)
    ]
    try:
        with working(ground.connection):
            return add_twins(ground.connection, shapes, permitted)
    except DBAPIError:
        return ()


def take_duplicates_back(population: Population, ground: Ground, twins: Sequence[Twins]) -> bool:
    """Whether all that was written could be taken away, so that the revision goes up again."""
    try:
        with working(ground.connection):
            return take_twins_back(ground.connection, population.shapes, twins)
    except DBAPIError:
        return False


def duplicates_lost(revision: ChainRevision, changes: Sequence[RowChange]) -> Iterator[Finding]:
    """A finding for each loss; a note where the revision declares that it loses something."""
    for change in changes:
        is_declared = revision.is_declared_lost(change.table, change.column)
        yield finding_of(
            revision,
            "downgrade",
            "rows-lost",
            change.told(when="after downgrade over rows that its new key forbids"),
            Severity.NOTE if is_declared else Severity.ERROR,
            todo="" if is_declared else equal_rows_lost(change),
        )
