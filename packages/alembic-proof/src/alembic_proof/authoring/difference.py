"""Read the difference between the history's database and the models', and plan its revisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alembic.config import Config
from alembic.operations import ops

from alembic_deploy.errors import DatabaseError
from alembic_deploy.statements import BODIES, identifiers
from alembic_proof.authoring.actions import Actions
from alembic_proof.authoring.answers import Answers
from alembic_proof.authoring.ddl.reference import raw_name
from alembic_proof.authoring.decisions import Decisions, ScratchHistory, decide
from alembic_proof.authoring.declared import recorded_statements
from alembic_proof.authoring.directives import LONGEST_SLUG, fill_directives
from alembic_proof.authoring.phases import with_values_committed
from alembic_proof.authoring.revision_file import finish_files_of
from alembic_proof.authoring.revision_plans import RevisionPlan, revision_plans
from alembic_proof.authoring.safe_forms import PlanContext
from alembic_proof.authoring.source import Source
from alembic_proof.catalog import Change, Snapshot, diff
from alembic_proof.config import Settings
from alembic_proof.finding import Severity
from alembic_proof.history.env_py import Environment, read_environment
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.proofs.database_state import snapshot_of
from alembic_proof.proofs.models_database import read_models
from alembic_proof.proofs.scope import Kept, Models, Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The database of the history at head, and the one that the models create."""

    environment: Environment
    history: Snapshot
    models: Snapshot
    """The models' database; what does not concern the models is as in the history."""
    declared: Models
    """The models' database as it is."""
    decisions: Decisions
    """What was decided about the differences, and the plans in both directions."""
    source: Source = field(default_factory=Source)
    """How the models spell what they declare."""
    earlier_source: Source = field(default_factory=Source)
    """How the history's revisions spell what they created."""
    kept: tuple[Kept, ...] = ()
    """The objects of the history that the models do not name and that stay."""
    plans: tuple[RevisionPlan, ...] = ()
    """The revisions that lead from the history to the models; empty for one that does everything."""

    @classmethod
    def read(
        cls, config: Config, settings: Settings, *, models_url: str, answers: Answers | None
    ) -> Difference:
        """Upgrade the configuration's database to head, create the models, and read both.

        :param models_url: An empty scratch database.
        :param answers: None to compare only: nothing is renamed, and rows get no values.
        :raises HistoryError: An env.py or a history that cannot be used, or models without a table.
        :raises DatabaseError: Models that cannot be created.
        :raises ConfigError: As `decide`.
        """
        history_url = config.attributes["url"]
        environment = read_environment(config)
        rules = Rules.of(settings, environment)
        with recorded_statements() as of_history:
            run_upgrade(config, "heads")
        head = snapshot_of(history_url, environment=environment)
        with recorded_statements() as of_models:
            declared = read_models(
                environment,
                head,
                rules=rules,
                history_url=history_url,
                models_url=models_url,
            )
        history = ScratchHistory(
            url=history_url,
            snapshot=head,
            read=lambda: snapshot_of(history_url, environment=environment),
        )
        decisions = decide(
            history,
            declared,
            models_url=models_url,
            answers=answers,
            fill_settings=settings.fill_settings,
        )
        scope, catalog = declared.scope(decisions.renamed or head), declared.snapshot.catalog
        source = Source.of_models(environment.models, statements=of_models, catalog=catalog)
        earlier_source = Source.of_statements(of_history, head.catalog)
        return cls(
            environment=environment,
            history=head,
            models=scope.models,
            declared=declared,
            kept=scope.kept,
            decisions=decisions,
            source=source.with_equal_objects(earlier_source),
            earlier_source=earlier_source.with_equal_objects(source),
        )

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes that statements can make."""
        changes = diff(self.history.catalog, self.models.catalog)
        return tuple(one for one in changes if one.severity is Severity.ERROR)

    @property
    def is_empty(self) -> bool:
        """Whether both are equal, but for what no statement can change."""
        return not self.changes

    @property
    def actions(self) -> Actions:
        """What is done to the history's database, in order."""
        return (*(one.action for one in self.decisions.renames), *self.decisions.upgrade)

    @property
    def plain_plan(self) -> RevisionPlan:
        """The plan of one revision that does everything, whatever it locks."""
        context = self._context
        return RevisionPlan(
            upgrade=with_values_committed(context),
            downgrade=self._with_old_names(self.decisions.downgrade),
            before=context.before,
            after=context.after,
        )

    @property
    def _context(self) -> PlanContext:
        before = self.decisions.renamed or self.history
        return PlanContext(actions=self.actions, before=before, after=self.models)

    def _with_old_names(self, downgrade: Actions) -> Actions:
        """Return the downgrade of the first revision with the inverse renames, and what follows them.

        A routine whose body names a renamed object gets its old body under the old names: PostgreSQL
        renames nothing in a body that is text.
        """
        renames = self.decisions.inverse_renames
        names = {raw_name(one.after) for one in renames}
        late = {
            action.key: replace(action, record=old)
            for action in downgrade
            if action.verb == "alter"
            and action.record.kind in ("function", "procedure")
            and (old := self.history.catalog.find(action.key)) is not None
            and not names.isdisjoint(identifiers(old.fact("definition") or "", within=BODIES))
        }
        before = (one for one in downgrade if one.verb != "alter" or one.key not in late)
        return (*before, *(one.action for one in renames), *late.values())

    def planned(self, url: str, *, oldest_major: int) -> Difference:
        """Return the difference with the plans of revisions that lock briefly.

        :param url: The database of the history; it is changed if there are several revisions.
        :param oldest_major: The oldest PostgreSQL that runs the revisions.
        """
        try:
            plans = revision_plans(
                replace(self._context, oldest_major=oldest_major),
                url=url,
                read=self._read,
                with_old_names=self._with_old_names,
                with_values=self.decisions.with_downgrade_values,
            )
        except DatabaseError:  # the proof of a single revision says what fails
            return self
        return replace(self, plans=plans)

    def _read(self, url: str) -> Snapshot:
        return snapshot_of(url, environment=self.environment)

    def complete(
        self,
        context: Any,
        _revision: Any,
        directives: list[ops.MigrationScript],
        *,
        revision_ids: Sequence[str] = (),
    ) -> None:
        """Fill the scripts with all operations; a hook for `process_revision_directives`.

        :param revision_ids: The ids of the scripts, as far as they are known.
        """
        directory = context.environment_context.script
        finish_files_of(directory)
        fill_directives(
            directives,
            self.plans or (self.plain_plan,),
            source=self.source,
            earlier_source=self.earlier_source,
            lossy=self.decisions.lossy,
            longest_slug=min(LONGEST_SLUG, directory.truncate_slug_length),
            revision_ids=revision_ids,
        )
