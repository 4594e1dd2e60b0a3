"""Divide a plan into the revisions that it needs, so that no step locks a busy table for long.

A change that needs several transactions becomes several revisions. Each of them can be applied and
taken back alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from alembic_deploy.statements import identifiers
from alembic_proof.authoring.actions import Action, Actions
from alembic_proof.authoring.ddl.reference import raw_name, relation_of
from alembic_proof.authoring.locks import note_of
from alembic_proof.authoring.safe_forms import (
    PlanContext,
    Stage,
    Step,
    adds_values,
    are_values_used,
    brief_step,
    is_validation,
    safe_steps,
    with_constant_defaults,
)
from alembic_proof.authoring.sides import Side
from alembic_proof.catalog import Key, key
from alembic_proof.catalog.snapshot import DEFAULT

_LATER = (Stage.VALUES, Stage.BACKFILL, Stage.INDEX, Stage.CHANGE)
"""The stages in the order of preference when the first change is made: what it began ends last."""
_CHECKED = frozenset({"constraint", "index"})
"""The kinds that need valid rows in the columns that they are on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """The part of a plan that one revision executes."""

    actions: Actions
    """Those that run outside of a transaction come first."""
    suffix: str = ""
    """A word for what it does."""


def phases(context: PlanContext) -> tuple[Phase, ...]:
    """Return the phases of a plan, in order; one if one transaction is enough."""
    if not context.actions:
        return ()
    context = replace(context, actions=with_constant_defaults(context.actions))
    schedule = _Schedule.of(context)
    for action in context.actions:
        after_fills = _filled_from(action, context.actions)
        schedule.add(action, safe_steps(action, context), after_fills=after_fills)
    return tuple(schedule.phases())


def single_phase(context: PlanContext) -> Actions:
    """Return the actions of a plan as one revision can have them, as for a downgrade.

    They have the safe forms if one revision is enough for these. Otherwise its indexes come and go
    CONCURRENTLY if nothing else must be done before.
    """
    found = phases(context)
    if len(found) < 2:
        return found[0].actions if found else ()
    schedule = _Schedule.of(context)
    for action in context.actions:
        schedule.add(action, (brief_step(action, context),), after_fills=frozenset())
    steps = schedule.steps
    outside = {number for number, step in enumerate(steps) if step.action.is_autocommit}
    if all(schedule.first[number] <= outside for number in outside):
        return _in_order(steps)
    return tuple(
        _plain_index(step.action) if step.action.is_autocommit else step.action for step in steps
    )


def with_values_committed(context: PlanContext) -> Actions:
    """Return the actions of one revision; values of an enum that it uses are committed first."""
    steps = [
        replace(one, is_autocommit=adds_values(one) and are_values_used(one, context))
        for one in context.actions
    ]
    return tuple(sorted(steps, key=lambda one: not one.is_autocommit))


def _plain_index(action: Action) -> Action:
    if action.record.kind != "index":
        return replace(action, is_autocommit=False)
    table = relation_of(action.record).identity
    return replace(action, is_autocommit=False, note=note_of(action, table=table))


def _filled_from(action: Action, actions: Actions) -> frozenset[Key]:
    """Return the columns that are filled from what the action drops."""
    record = action.record
    is_replaced = any(one.verb == "create" and one.key == action.key for one in actions)
    if action.verb != "drop" or record.kind not in ("table", "column") or is_replaced:
        return frozenset()
    name = raw_name(record)
    return frozenset(
        one.key
        for one in actions
        if one.verb == "fill"
        and name in identifiers(one.expression)
        and (record.kind == "table" or record.parents[-1:] == one.record.parents[-1:])
    )


def _reached(start: Key, links: Mapping[Key, frozenset[Key]]) -> set[Key]:
    """Return all objects that the links lead to, the first one included."""
    found = {start}
    waiting = [start, key(DEFAULT, start.identity)] if start.kind == "column" else [start]
    while waiting:
        for one in links.get(waiting.pop(), frozenset()) - found:
            found.add(one)
            waiting.append(one)
    return found


@dataclass(slots=True, kw_only=True)
class _Schedule:
    """The steps so far, and which of them must be done before which."""

    before: Side
    after: Side
    steps: list[Step] = field(default_factory=list)
    first: list[frozenset[int]] = field(default_factory=list)
    """The numbers of the steps that each step follows."""
    touched: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    """The numbers of the steps by their object."""

    @classmethod
    def of(cls, context: PlanContext) -> _Schedule:
        """Return an empty schedule."""
        return cls(before=Side.of(context.before), after=Side.of(context.after))

    def add(self, action: Action, steps: Iterable[Step], *, after_fills: frozenset[Key]) -> None:
        """Add the steps of one action behind those that it depends on."""
        number = len(self.steps)
        follows, without_rows = (
            frozenset(self._before(action, after_fills, needs_rows=needs_rows))
            for needs_rows in (action.record.kind in _CHECKED, False)
        )
        for step in steps:
            self.steps.append(step)
            self.first.append(without_rows if step.is_before_rows else follows)
            if not step.is_before_rows:
                follows = frozenset()
            follows |= {len(self.steps) - 1}
        for new in range(number, len(self.steps)):
            for one in {action.key, self.steps[new].action.key}:
                self.touched[one].append(new)

    def _before(
        self, action: Action, after_fills: frozenset[Key], *, needs_rows: bool
    ) -> Iterator[int]:
        """Yield the steps of other actions that must come first."""
        yield from self.touched.get(action.key, ())
        yield from (
            number
            for number, step in enumerate(self.steps)
            if step.stage is Stage.VALUES or step.action.record.identity == action.record.identity
        )
        for one in after_fills:
            yield from self.touched.get(one, ())
        if action.verb != "drop":
            for one in _reached(action.key, self.after.needs):
                for number in self.touched.get(one, ()):
                    if needs_rows or self.steps[number].is_needed:
                        yield number
        if action.verb in ("drop", "alter") and not adds_values(action):
            for one in _reached(action.key, self.before.dependents):
                yield from (
                    number
                    for number in self.touched.get(one, ())
                    if self.steps[number].action.verb != "create"
                )

    def phases(self) -> Iterator[Phase]:
        """Yield the phases: in each round all steps of one stage that can run."""
        done: set[int] = set()
        is_changed = False
        while len(done) < len(self.steps):
            stages = _LATER if is_changed else tuple(Stage)
            stage = next(one for one in stages if self._ready(one, done))
            is_changed |= stage is Stage.CHANGE
            chosen = self._ready(stage, done)
            done.update(chosen)
            steps = [self.steps[number] for number in chosen]
            yield Phase(actions=_in_order(steps), suffix=_suffix(stage, steps))

    def _ready(self, stage: Stage, done: set[int]) -> list[int]:
        """Return the steps of the stage that can run together, in order."""
        found: dict[int, None] = {}
        for number, step in enumerate(self.steps):
            if number in done or step.stage is not stage:
                continue
            is_too_early = step.is_later and number - 1 not in done
            if not is_too_early and self.first[number] <= done | found.keys():
                found[number] = None
        return [*found]


def _in_order(steps: list[Step]) -> Actions:
    """Return the actions: those outside of a transaction, then what reads rows, then the short locks.

    An index that is created at once is not dropped before: its creation drops what has its name.
    """
    actions = [step.action for step in steps]
    created = {one.key for one in actions if one.verb == "create" and one.is_autocommit}
    kept = [one for one in actions if not (one.verb == "drop" and one.key in created)]
    return tuple(sorted(kept, key=lambda one: (not one.is_autocommit, not is_validation(one))))


def _suffix(stage: Stage, steps: list[Step]) -> str:
    """Return a word for what the steps do."""
    if stage is not Stage.CHANGE:
        return stage.value
    actions = [step.action for step in steps]
    if any(step.is_later for step in steps):
        return "validate" if all(map(is_validation, actions)) else "tighten"
    if all(one.record.kind == "constraint" for one in actions):
        return "constrain"
    if all(one.verb == "drop" for one in actions):
        return "contract"
    loses = any(one.verb == "drop" and one.record.kind in ("table", "column") for one in actions)
    return "change" if loses else "expand"
