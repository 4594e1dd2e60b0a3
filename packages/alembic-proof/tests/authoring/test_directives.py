"""Each revision of a change declares what it loses itself."""

from __future__ import annotations

from dataclasses import replace

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.directives import divided_losses
from alembic_proof.authoring.revision_plans import RevisionPlan
from alembic_proof.catalog import Catalog, CatalogObject, Snapshot, key

COLUMN = CatalogObject(key("column", "public.orders.total"), (("type", "bigint"),))
EXISTING = Snapshot(Catalog.of([COLUMN]))
ALTER = Action(verb="alter", record=COLUMN, attributes=("type",))
FILL = Action(verb="fill", record=COLUMN, expression="greatest(total, 0)")
UPGRADE = "orders.total: in rows that violate the check it becomes 0"
DOWNGRADE = "downgrade: orders.total: converted to integer"


def plans(*upgrades: Action) -> tuple[RevisionPlan, ...]:
    """Return one plan for each action."""
    return tuple(
        RevisionPlan(upgrade=(one,), downgrade=(), before=EXISTING, after=EXISTING)
        for one in upgrades
    )


def test_a_revision_declares_the_values_that_it_fills() -> None:
    """Another one that changes the column before it declares what its own downgrade loses."""
    assert divided_losses(f"{UPGRADE}; {DOWNGRADE}", plans(ALTER, FILL)) == [DOWNGRADE, UPGRADE]


def test_what_a_downgrade_fills_is_declared_where_it_does() -> None:
    """The same column may be filled in the upgrade of another revision."""
    first, second = plans(ALTER, FILL)
    back = (replace(first, downgrade=(FILL,)), second)

    assert divided_losses(f"{UPGRADE}; {DOWNGRADE}", back) == [DOWNGRADE, UPGRADE]
    assert divided_losses(DOWNGRADE, plans(ALTER, ALTER)) == [DOWNGRADE, ""]


def test_a_single_revision_declares_everything() -> None:
    """In the order of the declaration."""
    both = f"{UPGRADE}; {DOWNGRADE}"

    assert divided_losses(both, plans(FILL)) == [both]


def test_values_that_stay_after_a_downgrade_are_declared() -> None:
    """Nobody declared that the rows of the column stay filled."""
    assert divided_losses(DOWNGRADE, plans(ALTER, FILL)) == [
        DOWNGRADE,
        "orders.total: NULL becomes greatest(total, 0)",
    ]
