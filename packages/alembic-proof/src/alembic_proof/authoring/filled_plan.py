"""Put the changes of rows into a plan: each directly before the action that refuses the rows as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from alembic_deploy.statements import identifiers
from alembic_proof.authoring.actions import Action, Actions
from alembic_proof.authoring.ddl import FOUNDATIONS
from alembic_proof.authoring.ddl.reference import raw_name
from alembic_proof.authoring.ddl.table_objects import NOT_VALID
from alembic_proof.authoring.fills import Fill
from alembic_proof.authoring.value_questions import Reason, ValueQuestion
from alembic_proof.catalog import Catalog, CatalogObject, Key, key
from alembic_proof.sql import quote_if_needed


def with_fills(
    actions: Iterable[Action],
    fills: Iterable[Fill],
    *,
    after: Catalog,
    goal: Catalog | None = None,
    settings: tuple[str, ...] = (),
) -> Actions:
    """Return the plan with the fills, each directly before what refuses the rows.

    A new column that may not be NULL is created nullable, filled, and then set NOT NULL. The
    expression for another type goes into the action that changes the type.

    :param after: The catalog after the plan.
    :param goal: The catalog that the fills lead to, if the plan goes only a part of the way: rows are
        changed where an object gets the form that it has there.
    :param settings: The settings, `name = value` each, that hold while rows are changed.
    """
    wanted = [one for one in fills if not one.is_unchanged]
    steps = [
        replace(step, settings=settings) if step.verb in ("fill", "delete") else step
        for action in actions
        for step in _filled(action, wanted if _is_final(action, goal or after) else [], after)
    ]
    return tuple(_with_late_drops(steps))


def refused_by(
    questions: Iterable[ValueQuestion], actions: Sequence[Action]
) -> tuple[ValueQuestion, ...]:
    """Return the questions that an action of the plan raises."""
    return tuple(one for one in questions if any(_is_before(one, action) for action in actions))


def _with_late_drops(steps: list[Action]) -> list[Action]:
    """Return the steps with the drop of a column behind the last expression that reads it.

    What the column needed, such as its type, is dropped after it as before, unless it is created again.
    """
    created = {one.key for one in steps if one.verb == "create"}
    for drop in [one for one in steps if one.verb == "drop" and one.record.kind == "column"]:
        start = steps.index(drop)
        readers = [n for n, one in enumerate(steps) if n > start and _reads(one, drop.record)]
        if not readers or drop.key in created:
            continue
        end = readers[-1] + 1
        late = [drop, *(one for one in steps[start:end] if _is_foundation(one, created))]
        rest = [one for one in steps[start:end] if one not in late]
        steps = [*steps[:start], *rest, *late, *steps[end:]]
    return steps


def _reads(step: Action, column: CatalogObject) -> bool:
    """Return whether the step's expression or condition names the column of its table."""
    is_of_table = step.record.parents == column.parents or step.key in column.parents
    name = raw_name(column)
    return is_of_table and name in {*identifiers(step.expression), *identifiers(step.condition)}


def _is_foundation(step: Action, created: Collection[Key]) -> bool:
    """Return whether the step drops what columns need."""
    return step.verb == "drop" and step.record.kind in FOUNDATIONS and step.key not in created


def _filled(action: Action, fills: list[Fill], after: Catalog) -> Iterator[Action]:
    own = [one for one in fills if _is_before(one.question, action)]
    updates = [step for one in own if not one.using for step in _steps(one, after)]
    using = next((one.using for one in own if one.using), "")
    if updates and (action.verb, action.record.kind) == ("create", "column"):
        nullable = action.record.with_fact("nullability", "NULL")
        yield replace(action, record=nullable)
        yield from updates
        yield Action(verb="alter", record=action.record, old=nullable, attributes=("nullability",))
    elif using:
        yield replace(action, expression=using)
    else:
        yield from updates
        yield action


def _is_final(action: Action, goal: Catalog) -> bool:
    """Return whether the object has its form of the goal after the action."""
    found = goal.find(action.key)
    if found is None:
        return False
    if action.verb == "create":
        definitions = (one.fact("definition") or "" for one in (action.record, found))
        return len({one.removesuffix(NOT_VALID) for one in definitions}) == 1
    return all(action.record.fact(one) == found.fact(one) for one in action.attributes)


def _is_before(question: ValueQuestion, action: Action) -> bool:
    """Return whether the action is what refuses the rows."""
    column = key("column", f"{question.table}.{quote_if_needed(question.columns[0])}")
    match question.reason:
        case Reason.NEW_COLUMN:
            return action.verb == "create" and action.key == column
        case Reason.NOT_NULL:
            return action.key == column and "nullability" in action.attributes
        case Reason.TYPE:
            return action.key == column and "type" in action.attributes
        case Reason.REMOVED_VALUE:
            return action.is_replaced and column in action.columns
    table = key("table", question.table)
    is_of_table = table in action.record.parents
    name = raw_name(action.record)
    return action.verb == "create" and is_of_table and name == question.subject


def _steps(fill: Fill, after: Catalog) -> Iterator[Action]:
    """Yield the action that changes the rows, or deletes them."""
    table = after.find(key("table", fill.question.table))
    column = after.find(key("column", f"{fill.question.table}.{quote_if_needed(fill.column)}"))
    if fill.is_deletion and table is not None:
        yield Action(verb="delete", record=table, condition=fill.question.condition)
    elif column is not None:
        yield Action(
            verb="fill",
            record=column,
            expression=fill.expression,
            condition=fill.question.condition,
        )
