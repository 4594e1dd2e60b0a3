"""Decide what two catalogs cannot say: which objects were renamed, and which values rows get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_proof.authoring.actions import Action, Actions
from alembic_proof.authoring.answers import Answers
from alembic_proof.authoring.downgrade_values import accepts_value, downgrade_fills
from alembic_proof.authoring.filled_plan import refused_by, with_fills
from alembic_proof.authoring.fills import Fill, check_fills, resolve_fills
from alembic_proof.authoring.losses import losses, lossy_text
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.rename_history import apply_renames, rename_history
from alembic_proof.authoring.renames import Rename
from alembic_proof.authoring.type_casts import TypeCasts, read_type_casts
from alembic_proof.authoring.value_questions import (
    Database,
    ValueQuestion,
    retyped,
    value_questions,
)
from alembic_proof.catalog import Catalog, Snapshot, key
from alembic_proof.proofs.scope import Models
from alembic_proof.rows import TableInfo, UserTables, read_user_tables
from alembic_proof.sql import quote_if_needed, split_qualified_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What is renamed, which values rows get, and what is lost."""

    renamed: Snapshot | None = None
    """The history's database under the models' names; None if nothing is renamed."""
    renames: tuple[Rename, ...] = ()
    """In the order in which the upgrade executes them, before everything else."""
    upgrade: Actions = ()
    """The plan from the history to the models, with the values that rows get."""
    downgrade: Actions = ()
    """The plan back, with its values."""
    downgrade_fills: tuple[Fill, ...] = ()
    downgrade_goal: Catalog = field(default_factory=Catalog)
    """The catalog that the downgrade leads to, under the models' names."""
    fill_settings: tuple[str, ...] = ()
    """The settings that hold while rows are changed."""
    lossy: str = ""
    """The declaration of the revision; empty if nothing is lost."""

    @classmethod
    def without_answers(cls, history: Snapshot, models: Snapshot) -> Decisions:
        """Return the plans alone: nothing is renamed, and rows get no values."""
        return cls(upgrade=plan(history, models), downgrade=plan(models, history))

    @property
    def inverse_renames(self) -> tuple[Rename, ...]:
        """The renames that the downgrade executes at its end."""
        return tuple(one.reversed for one in reversed(self.renames))

    def with_downgrade_values(self, actions: Actions, after: Snapshot) -> Actions:
        """Return a plan that goes back as far as `after`, with the values that rows get."""
        return with_fills(
            actions,
            self.downgrade_fills,
            after=after.catalog,
            goal=self.downgrade_goal,
            settings=self.fill_settings,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchHistory:
    """The scratch database of the history at head."""

    url: str
    snapshot: Snapshot
    read: Callable[[], Snapshot]
    """Reads it again."""


def decide(
    history: ScratchHistory,
    declared: Models,
    *,
    models_url: str,
    answers: Answers | None,
    fill_settings: tuple[str, ...] = (),
) -> Decisions:
    """Return the decisions; both databases are left as they were.

    :param answers: None for `without_answers`.
    :param fill_settings: The settings, `name = value` each, that hold while rows are changed.
    :raises ConfigError: An option that names nothing, a question that nobody answers, or an expression
        that PostgreSQL refuses.
    """
    if answers is None:
        head = history.snapshot
        return Decisions.without_answers(head, declared.scope(head).models)
    with _renamed(history, declared, answers=answers) as renames:
        renamed = history.read() if renames else history.snapshot
        models = declared.scope(renamed).models
        found = _with_values(
            history.url,
            models_url,
            before=renamed,
            after=models,
            answers=answers,
            fill_settings=fill_settings,
        )
    return replace(found, renamed=renamed if renames else None, renames=renames)


@contextmanager
def _renamed(
    history: ScratchHistory, declared: Models, *, answers: Answers
) -> Iterator[tuple[Rename, ...]]:
    """Rename the objects of the history inside of this block; yield the renames."""
    done = rename_history(
        history.url,
        snapshot=history.snapshot,
        read=history.read,
        models_for=lambda snapshot: declared.scope(snapshot).models.catalog,
        requests=answers.renames,
        choose=answers.choose_renames,
    )
    yield done
    if done:
        apply_renames(history.url, [one.reversed for one in reversed(done)])


def _with_values(
    history_url: str,
    models_url: str,
    *,
    before: Snapshot,
    after: Snapshot,
    answers: Answers,
    fill_settings: tuple[str, ...],
) -> Decisions:
    """Return the plans with the values that rows get in both directions."""
    upgrade, downgrade = plan(before, after), plan(after, before)
    if not answers.fills and not any(_concerns_rows(one, before.catalog) for one in upgrade):
        return Decisions(upgrade=upgrade, downgrade=downgrade)
    history, models = _database(history_url, before.catalog), _database(models_url, after.catalog)
    types = _types(history_url, models_url, retyped(history, models))
    questions = value_questions(history, models, types=types)
    fills = _fills(
        history_url, history, models, questions=refused_by(questions, upgrade), answers=answers
    )
    back = refused_by(value_questions(models, history, types=types), downgrade)
    down = _downgrade_fills(history_url, back, models=models, history=history)
    upgrade = with_fills(upgrade, fills, after=after.catalog, settings=fill_settings)
    downgrade = with_fills(downgrade, down, after=before.catalog, settings=fill_settings)
    return Decisions(
        upgrade=upgrade,
        downgrade=downgrade,
        downgrade_fills=down,
        downgrade_goal=before.catalog,
        fill_settings=fill_settings,
        lossy=lossy_text(
            losses(upgrade, fills, types=types, catalog=before.catalog),
            losses(downgrade, down, types=types, catalog=after.catalog, is_downgrade=True),
        ),
    )


def _concerns_rows(action: Action, before: Catalog) -> bool:
    """Return whether the action is on a table that exists, or changes a type."""
    tables = [one for one in (action.key, *action.record.parents) if one.kind == "table"]
    return action.record.kind == "enum" or any(before.find(one) is not None for one in tables)


def _database(url: str, catalog: Catalog) -> Database:
    """Return the database with the tables, columns and constraints that the catalog has."""
    found = run_on(url, read_user_tables)
    kept = (
        _known(table, catalog)
        for table in found
        if catalog.find(key("table", table.name)) is not None
    )
    return Database(catalog, UserTables.of(kept, found.partition_roots))


def _known(table: TableInfo, catalog: Catalog) -> TableInfo:
    """Return the table without what the project hides from autogenerate."""
    schema = split_qualified_name(table.name)[0]

    def has(kind: str, name: str, holder: str = table.name) -> bool:
        return catalog.find(key(kind, f"{holder}.{quote_if_needed(name)}")) is not None

    return replace(
        table,
        columns=tuple(one for one in table.columns if has("column", one.name)),
        keys=tuple(
            one
            for one in table.keys
            if has("constraint", one.name) or has("index", one.name, schema)
        ),
        foreign_keys=tuple(one for one in table.foreign_keys if has("constraint", one.name)),
        checks=tuple(one for one in table.checks if has("constraint", one.name)),
    )


def _types(history_url: str, models_url: str, names: frozenset[str]) -> TypeCasts:
    """Return the types of both databases; those of each are unknown to the other one."""
    if not names:
        return TypeCasts()

    def read(connection: Connection) -> TypeCasts:
        return read_type_casts(connection, names)

    return run_on(models_url, read) | run_on(history_url, read)


def _fills(
    url: str,
    before: Database,
    after: Database,
    *,
    questions: tuple[ValueQuestion, ...],
    answers: Answers,
) -> tuple[Fill, ...]:
    """Return an answer to each question of the upgrade."""
    check = partial(_check, url, before=before, after=after)
    given = resolve_fills(answers.fills, questions)
    check_fills(url, given, before=before, after=after)
    answered = {one.question for one in given}
    left = tuple(one for one in questions if one.is_asked and one not in answered)
    return (*given, *answers.questioner.choose_values(left, check))


def _downgrade_fills(
    url: str, questions: tuple[ValueQuestion, ...], *, models: Database, history: Database
) -> tuple[Fill, ...]:
    """Return the answers to the questions of the downgrade; PostgreSQL judges the values."""

    def answer(connection: Connection) -> tuple[Fill, ...]:
        accepts = partial(accepts_value, connection, history)
        return downgrade_fills(questions, models=models, history=history, accepts=accepts)

    return run_on(url, answer) if questions else ()


def _check(url: str, fill: Fill, *, before: Database, after: Database) -> None:
    check_fills(url, [fill], before=before, after=after)
