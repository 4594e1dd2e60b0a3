"""Plan both directions of each revision: execute its phase in a scratch database, and plan back.

What lies between two revisions is read from PostgreSQL, so that a downgrade needs no invention.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import DatabaseError
from alembic_deploy.server_message import server_message
from alembic_proof.authoring.actions import Action, Actions, Verb
from alembic_proof.authoring.ddl import action_sql
from alembic_proof.authoring.locks import REFERENCED, locks_of
from alembic_proof.authoring.phases import Phase, phases, single_phase
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.safe_forms import PlanContext, is_validation
from alembic_proof.catalog import Key, Snapshot

CHANGING: tuple[Verb, ...] = ("drop", "alter", "fill", "delete")
"""The verbs of actions that may change rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionPlan:
    """What one revision does, in both directions."""

    upgrade: Actions
    downgrade: Actions
    before: Snapshot
    """The database before its upgrade."""
    after: Snapshot
    """The database after its upgrade."""
    suffix: str = ""
    """A word for its name; empty for the only one."""

    @property
    def steps(self) -> tuple[str, ...]:
        """A line for each step of the upgrade: what it does, and what it locks."""
        created = frozenset(one.key for one in self.upgrade if one.verb == "create")
        return tuple(_step(one, self, created=created) for one in self.upgrade)


def _step(action: Action, plan: RevisionPlan, *, created: frozenset[Key]) -> str:
    """Return what the action does and locks; what belongs to a new table locks nobody out."""
    statements = action_sql(action, before=plan.before.catalog, after=plan.after.catalog)
    locks = locks_of(action, statements, after=plan.after)
    if not created.isdisjoint(action.record.parents):
        is_foreign = (action.record.fact("definition") or "").startswith("FOREIGN KEY ")
        locks = (REFERENCED,) if is_foreign else ()
    if action.note:
        locks = (f"warning: {action.note}",)
    text = f"validate {action.key}" if is_validation(action) else str(action)
    return ": ".join(filter(None, (text, "; ".join(locks))))


def revision_plans(
    context: PlanContext,
    *,
    url: str,
    read: Callable[[str], Snapshot],
    with_old_names: Callable[[Actions], Actions] = lambda actions: actions,
    with_values: Callable[[Actions, Snapshot], Actions] = lambda actions, _after: actions,
) -> tuple[RevisionPlan, ...]:
    """Return the plans of the revisions, in order.

    A single one leads to the models, so that nothing is executed. Of several all but the last are
    executed.

    :param context: The renames, and the plan from the history to the models. `before` has the new names.
    :param url: A scratch database that is as the history, under its old names; it is changed.
    :param read: Returns the snapshot of a database without what the project leaves out.
    :param with_old_names: Ends the downgrade of the first revision with the inverse renames.
    :param with_values: Adds the values that a downgrade gives rows, to actions that lead to a database.
    :raises DatabaseError: PostgreSQL refuses a statement.
    """
    plans: list[RevisionPlan] = []
    found = _with_renames(context)
    for number, phase in enumerate(found, start=1):
        before = plans[-1].after if plans else context.before
        after = context.after
        if number < len(found):
            _execute(url, _statements(phase, before=before, after=after))
            after = read(url)
        back = with_values(plan(after, before), before)
        downgrade = single_phase(replace(context, actions=back, before=after, after=before))
        plans.append(
            RevisionPlan(
                upgrade=phase.actions,
                downgrade=downgrade if plans else with_old_names(downgrade),
                before=before,
                after=after,
                suffix=phase.suffix if len(found) > 1 else "",
            )
        )
    return tuple(plans)


def _with_renames(context: PlanContext) -> tuple[Phase, ...]:
    """Return the phases; renames begin the first one, unless it begins outside of a transaction."""
    renames = tuple(one for one in context.actions if one.verb == "rename")
    others = tuple(one for one in context.actions if one.verb != "rename")
    found = phases(replace(context, actions=others))
    if not renames:
        return found
    if not found or found[0].actions[0].is_autocommit:
        return (Phase(actions=renames, suffix="rename"), *found)
    return (replace(found[0], actions=(*renames, *found[0].actions)), *found[1:])


def _statements(phase: Phase, *, before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    return tuple(
        statement
        for action in phase.actions
        for statement in action_sql(action, before=before.catalog, after=after.catalog)
        if statement
    )


def _execute(url: str, statements: Iterable[str]) -> None:
    """Send the statements, each in a transaction of its own."""

    def work(connection: Connection) -> None:
        for statement in statements:
            try:
                connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            except DBAPIError as error:
                message = server_message(error)
                raise DatabaseError(
                    f"a planned step fails: {message.one_line if message else error.orig}",
                    where=statement,
                    todo="write everything in one revision with --plain, and edit it",
                ) from error

    run_on(url, work, autocommit=True)
