"""The round trip of a history: the queue of revisions, and what happens after a failed step."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from alembic.script import ScriptDirectory

from alembic_deploy.revisions import graph_of, several_heads
from alembic_deploy.server_message import first_cause
from alembic_proof.finding import Finding, Severity, StepListener, TimedStep, shown_path
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revision_graph import several_heads_finding
from alembic_proof.history.revisions import ChainRevision, followers, reached, read_chain
from alembic_proof.history.steps import Failure, StepRequest, WalkContext, walk
from alembic_proof.proofs.exclusions import Exclusions, IgnorePatterns
from alembic_proof.proofs.roundtrip.digest_cache import DigestCache
from alembic_proof.proofs.roundtrip.failure import (
    FailedAttempt,
    Response,
    caused_by_rows,
    consequences,
    group_by_cause,
    is_schema_error,
    masked_failure,
    next_rows_to_remove,
    respond,
)
from alembic_proof.proofs.roundtrip.findings import (
    POLICY_HIDES_ROWS,
    before_the_start,
    fails_on_rows,
    failure_found,
    not_proved,
    policies_bypassed,
    stopped,
)
from alembic_proof.proofs.roundtrip.help_texts import Definitions
from alembic_proof.proofs.roundtrip.judge import Judgement, judge
from alembic_proof.proofs.roundtrip.observation import Direction, Observation
from alembic_proof.proofs.roundtrip.observe import CycleObserver
from alembic_proof.proofs.roundtrip.offending_rows import describe_duplicates, find_offending_rows
from alembic_proof.proofs.roundtrip.policies import bypassing_role
from alembic_proof.proofs.roundtrip.proof_transaction import proof_transaction
from alembic_proof.proofs.roundtrip.row_findings import FillRecord, fill_findings
from alembic_proof.proofs.roundtrip.row_plan import RowPlan, UnmatchedNames
from alembic_proof.proofs.roundtrip.scratch import Database, RowsToRemove
from alembic_proof.proofs.roundtrip.synthetic_rows import SyntheticRows
from alembic_proof.proofs.roundtrip.upgrade_heads import (
    DeploymentRuns,
    Pending,
    pending_until_commit,
    upgrade_heads,
)


def prove_roundtrip(
    project: Project,
    *,
    script: ScriptDirectory,
    open_database: Callable[[], str],
    on_step: StepListener,
    wanted: Collection[str] | None = None,
    row_plan: RowPlan | None = None,
    keep: Callable[[tuple[Finding, ...]], None] | None = None,
) -> tuple[Finding, ...]:
    """Return the findings on the revisions' round trips; empty where all is well.

    If PostgreSQL's counters of written rows lag behind, the proof runs a second time and digests every
    table after each step.

    :param script: the project's history, as it was loaded.
    :param open_database: returns the URL of a new empty scratch database each time it is called:
        after a revision that does not restore one, and to run a step without rows.
    :param wanted: the ids of the revisions to prove; all by default.
    :param keep: is called with the findings so far where an error ends the proof.
    :raises ConfigError: the settings name a revision that does not exist.
    :raises HistoryError: env.py cannot be used.
    """
    exclusions = Exclusions.of(project.settings, read_chain(script))
    waiting = exclusions.ids if wanted is None else exclusions.ids.intersection(wanted)
    for is_thorough in (False, True):
        proof = _Schedule(
            project=project,
            script=script,
            chain=exclusions.chain,
            on_step=_ignore_step if is_thorough else on_step,
            waiting=waiting - exclusions.skipped.keys(),
            needed=frozenset(reached(exclusions.chain, waiting)),
            row_plan=(plan := row_plan or RowPlan()),
            unmatched=UnmatchedNames.of(plan),
            patterns=exclusions.patterns,
            is_thorough=is_thorough,
        )
        try:
            proof.prove(open_database)
            if not proof.has_unseen_changes or is_thorough:
                proof.upgrade_heads(open_database, waiting)
                break
        except BaseException as error:
            if keep is not None and (found := proof.findings_so_far()):
                keep((*found, stopped(error, len(proof.waiting))))
            raise
    return (*_several_heads(script, waiting), *_all_findings(proof, exclusions, waiting))


def _several_heads(script: ScriptDirectory, wanted: Collection[str]) -> tuple[Finding, ...]:
    """Return a finding for each branch with several heads, where one of them was to be proved."""
    return tuple(
        several_heads_finding(group)
        for group in several_heads(graph_of(script))
        if any(head.revision_id in wanted for head in group.heads)
    )


def _all_findings(
    proof: _Schedule, exclusions: Exclusions, wanted: Collection[str]
) -> tuple[Finding, ...]:
    """Return the findings, with those on settings that only a whole proof shows to be unused."""
    is_whole = len(wanted) == len(exclusions.chain) and not proof.blocked
    # A table may have existed while a skipped revision was applied.
    severity = Severity.NOTE if exclusions.skipped else Severity.WARNING
    unmatched = proof.unmatched.findings(severity=severity) if is_whole else ()
    return (
        *proof.findings,
        *fill_findings(proof.fills),
        *exclusions.notes(wanted, matched_patterns=proof.matched_patterns),
        *unmatched,
    )


def _ignore_step(_: TimedStep) -> None:
    """Report nothing: the first run has reported the same steps."""


@dataclass(slots=True, kw_only=True)
class _Schedule:
    """The queue of revisions, and what is known of them so far."""

    project: Project
    script: ScriptDirectory
    chain: tuple[ChainRevision, ...]
    on_step: StepListener
    waiting: set[str]
    """The revisions that are still to be proved."""
    needed: frozenset[str]
    """The revisions that are applied; branches that nothing needs are left out."""
    row_plan: RowPlan
    unmatched: UnmatchedNames
    patterns: IgnorePatterns
    matched_patterns: set[str] = field(default_factory=set)
    """The patterns that matched a change so far."""
    is_thorough: bool
    """Whether every table is digested after each step, whatever the server counts."""
    has_unseen_changes: bool = False
    """Whether rows were written that the server had not counted when its counters were read."""
    blocked: set[str] = field(default_factory=set)
    """The revisions that cannot be applied."""
    only_in_one_run: set[str] = field(default_factory=set)
    """The revisions that are applied as in one `upgrade` from base, where Alembic remembers the types
    that it created.
    """
    without_dry_runs: set[str] = field(default_factory=set)
    """The revisions that commit through the driver, so that a dry run cannot be rolled back."""
    attempts: dict[str, list[FailedAttempt]] = field(default_factory=dict)
    """The failures on rows, by revision; each is tried again without them."""
    findings: list[Finding] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    """The revisions whose effects others can use only after a commit: a deployment may start before
    them.
    """
    fills: list[FillRecord] = field(default_factory=list)
    is_bypass_known: bool = False
    """Whether it is known if policies bind the role that migrates."""
    has_reader_functions: bool = True
    """Whether the catalog reader keeps functions in the session; False after a conflict with them."""
    database: Database | None = None
    """The last one that was opened."""
    cycle: CycleObserver | None = None
    """The last one that began."""

    def prove(self, open_database: Callable[[], str]) -> None:
        """Walk through the history until no revision is waiting."""
        script: ScriptDirectory | None = None if self.is_thorough else self.script
        removal = RowsToRemove()
        while self.waiting:
            if self.database is None or not self.database.is_usable:
                self.database = Database(
                    open_database(),
                    SyntheticRows(self.row_plan, cache=DigestCache(self.is_thorough)),
                    self.unmatched,
                    reads_changes_only=self.has_reader_functions,
                )
            removal = self._walk(self.database, removal, script=script)
            script = None  # a later walk loads the revisions again, without what they remember

    def upgrade_heads(self, open_database: Callable[[], str], wanted: Collection[str]) -> None:
        """Apply the history once more as env.py configures it; keep each finding when it is made."""
        runs = upgrade_heads(self._deployment_runs(open_database, wanted))

        def findings() -> Iterator[Finding]:
            self.matched_patterns |= yield from runs

        self.findings += findings()

    def _deployment_runs(
        self, open_database: Callable[[], str], wanted: Collection[str]
    ) -> DeploymentRuns:
        """Return what the walk has applied, to be applied once more as env.py configures it."""
        applied = frozenset(self.needed - self.blocked)
        database = self.database
        is_at_end = (
            database is not None and database.is_usable and applied == frozenset(database.applied)
        )
        return DeploymentRuns(
            project=self.project,
            open_database=open_database,
            chain=self.chain,
            applied=applied,
            wanted=wanted,
            failed=frozenset(
                found.revision
                for found in self.findings
                if found.id == "fails-on-permitted-rows" and found.direction == "upgrade"
            ),
            pending=tuple(self.pending),
            row_plan=self.row_plan,
            catalog=database.catalog if database is not None and is_at_end else None,
            patterns=self.patterns,
        )

    def findings_so_far(self) -> tuple[Finding, ...]:
        """Return the findings, with those of a cycle that has not ended.

        A step that was to run again without rows has failed, whatever that would have shown.
        """
        if self.cycle is not None:
            self._add(judge(self.cycle.seen, self.patterns))
        suspected = (
            failure_found(revision, one.direction, one.error)
            for revision in self.chain
            if revision.revision_id in self.waiting
            for one in self.attempts.get(revision.revision_id, ())
        )
        return (*self.findings, *suspected)

    def _walk(
        self, database: Database, removal: RowsToRemove, *, script: ScriptDirectory | None
    ) -> RowsToRemove:
        """Walk as far as the database leads; return the rows to remove before the next walk."""
        failure = walk(
            alembic_config(self.project, url=database.url),
            lambda context: self._requests(context, database, removal),
            script=script,
        )
        if failure is None:
            return RowsToRemove()
        return self._handle(replace(failure, error=first_cause(failure.error)), database)

    def _requests(
        self, context: WalkContext, database: Database, removal: RowsToRemove
    ) -> Iterator[StepRequest]:
        """Yield the steps of the rest of the walk, as far as this database leads."""
        if not database.is_as_known(context, self.chain) or not database.remove_rows(
            context, removal
        ):
            database.is_usable = False
            return
        if database.is_fresh:
            self._start(database, context)
        for revision in self.chain:
            name = revision.revision_id
            if not self.waiting or not database.is_usable:
                break
            if name in self.blocked or name in database.applied or name not in self.needed:
                continue
            if name in self.waiting:
                yield from self._prove(revision, context, database)
            else:
                yield self._apply(revision, context, database)
                database.applied.append(name)
        database.verify(context)
        if database.is_populated and not self.is_thorough:
            self.has_unseen_changes |= database.has_unseen_changes(context)

    def _start(self, database: Database, context: WalkContext) -> None:
        """Take the revisions that a fresh database is at for applied: SQL may have led there."""
        database.is_fresh = False
        database.applied += reached(self.chain, context.heads)
        passed = self.waiting.intersection(database.applied)
        if passed:
            self.waiting -= passed
            is_all = not self.waiting
            self.findings.append(before_the_start(context.heads, len(passed), is_all=is_all))

    def _apply(
        self, revision: ChainRevision, context: WalkContext, database: Database
    ) -> StepRequest:
        """Return the step that applies a revision which is not proved."""
        name = revision.revision_id
        if any(name in one.needs for one in self.chain if one.revision_id in self.waiting):
            database.below[name] = database.catalog or database.look(context)
        database.skip_observation()
        return StepRequest(name, is_upgrade=True, is_in_one_run=name in self.only_in_one_run)

    def _prove(
        self, revision: ChainRevision, context: WalkContext, database: Database
    ) -> Iterator[StepRequest]:
        """Run the revision's cycle; without rows where it has failed on them."""
        is_retry = revision.revision_id in self.attempts
        has_rows = self.row_plan.rows > 0 and (database.is_populated or not is_retry)
        cycle = CycleObserver(
            seen=Observation(revision=revision, has_rows=has_rows, is_retry=is_retry),
            context=context,
            database=database,
            patterns=self.patterns,
            has_policy_dry_runs=revision.revision_id not in self.without_dry_runs,
        )
        self.cycle = cycle
        for request in cycle.run():
            yield replace(request, sender=cycle)
        if cycle.seen.is_dry_run_committed:
            self.without_dry_runs.add(revision.revision_id)
            database.is_usable = False
            return
        judgement = judge(cycle.seen, self.patterns)
        self._end(cycle, judgement)
        self._add_row_failures(revision, failed=None)
        self._note_bypassed(context, database)
        if not judgement.is_sound:
            database.is_usable = False

    def _note_bypassed(self, context: WalkContext, database: Database) -> None:
        """Note once that the role that migrates is not bound by the policies that a table forces."""
        tables = database.synthetic_rows.user_tables
        name = next((table.name for table in tables if table.is_rls_forced), None)
        if name is None or self.is_bypass_known:
            return
        self.is_bypass_known = True
        with proof_transaction(context.connection):
            role = bypassing_role(context.connection)
        if role:
            self.findings.append(policies_bypassed(role, name))

    def _end(self, cycle: CycleObserver, judgement: Judgement) -> None:
        """Take over the findings of a cycle that is not repeated, and report its end."""
        seen = cycle.seen
        cycle.database.synthetic_rows.allow_refill()
        self._keep(seen, judgement)
        pending = pending_until_commit(seen)
        if pending is not None:
            self.pending.append(pending)
        self.waiting.discard(seen.revision.revision_id)
        elapsed_s = sum(seconds for _, seconds in seen.times)
        path = shown_path(seen.revision.path)
        self.on_step(TimedStep(seen.revision.name, elapsed_s, seen.times, path))

    def _keep(self, seen: Observation, judgement: Judgement) -> None:
        self.fills.append(FillRecord(seen.revision, seen.reports, seen.unread))
        self._add(judgement)

    def _add(self, judgement: Judgement) -> None:
        """Add the findings that an earlier attempt of the revision has not shown."""
        self.matched_patterns |= judgement.matched_patterns
        self.findings += [one for one in judgement.findings if not self._is_known(one)]

    def _is_known(self, finding: Finding) -> bool:
        """Return whether it was found before, whatever the number of hidden rows."""
        if finding.id != POLICY_HIDES_ROWS:
            return finding in self.findings
        return any(
            (finding.id, finding.revision, finding.direction) == (f.id, f.revision, f.direction)
            for f in self.findings
        )

    def _add_row_failures(self, revision: ChainRevision, failed: Direction | None) -> None:
        """Add a finding for each cause of failures on rows; without rows the step succeeded."""
        attempts = self.attempts.get(revision.revision_id, ())
        causes = group_by_cause(caused_by_rows(attempts, failed))
        self.findings += (fails_on_rows(revision, cause) for cause in causes)

    def _handle(self, failure: Failure, database: Database) -> RowsToRemove:
        """Report a failure or prepare another try; return the rows to remove before that."""
        by_name = {revision.revision_id: revision for revision in self.chain}
        revision = by_name[failure.request.revision_id]
        sender = failure.request.sender
        cycle = sender if isinstance(sender, CycleObserver) else None
        direction: Direction = cycle.direction if cycle else "upgrade"
        response = respond(
            revision,
            direction,
            failure.error,
            has_rows=database.is_populated,
            has_reader_functions=self.has_reader_functions,
        )
        if response is Response.TRY_WITHOUT_ROWS and cycle is not None:
            return self._try_without_rows(failure, cycle)
        if response is Response.REPORT:
            self._report(failure, revision, database, cycle)
        else:
            database.is_usable = False
        self.has_reader_functions &= response is not Response.READ_WITHOUT_FUNCTIONS
        return RowsToRemove()

    def _report(
        self,
        failure: Failure,
        revision: ChainRevision,
        database: Database,
        cycle: CycleObserver | None,
    ) -> None:
        """Report a failure that rows are not the cause of."""
        name, error = revision.revision_id, failure.error
        direction: Direction = cycle.direction if cycle else "upgrade"
        self._add_row_failures(revision, failed=direction)
        known = consequences(direction, error, was_tried_in_one_run=name in self.only_in_one_run)
        if name not in self.only_in_one_run:
            judgement = judge(cycle.note_failure(), self.patterns) if cycle else None
            self.findings.append(self._failure_found(failure, revision, database, cycle, judgement))
            if cycle is not None and judgement is not None:
                self._end(cycle, judgement)
        if known.needs_fresh_database:
            database.is_usable = False
        if known.try_in_one_run:
            self.only_in_one_run.add(name)
        if known.blocks_descendants:
            self._block(revision)

    def _failure_found(
        self,
        failure: Failure,
        revision: ChainRevision,
        database: Database,
        cycle: CycleObserver | None,
        judgement: Judgement | None,
    ) -> Finding:
        direction: Direction = cycle.direction if cycle else "upgrade"
        first = masked_failure(self.attempts.get(revision.revision_id, ()), direction)
        if first is not None:
            return failure_found(revision, first.direction, first.error)
        applied = reached(self.chain, revision.needs)
        return failure_found(
            revision,
            direction,
            failure.error,
            is_excused=judgement is not None and judgement.is_failure_excused,
            definitions=Definitions(
                earlier=tuple(one for one in self.chain if one.revision_id in applied),
                before=cycle.seen.before.catalog if cycle is not None else None,
                now=database.catalog if cycle is not None else None,
            ),
        )

    def _try_without_rows(self, failure: Failure, cycle: CycleObserver) -> RowsToRemove:
        """Let the step run again without rows, unless it just succeeded without the last ones.

        :return: the rows to remove before that.
        """
        seen, database = cycle.note_failure(), cycle.database
        judgement = judge(seen, self.patterns)
        attempt = self._attempt(failure, cycle)
        if seen.has_new_rows or seen.inserted_duplicates:
            return self._report_failure_on_inserted_rows(attempt, cycle, judgement)
        self._keep(seen, judgement)
        self.attempts.setdefault(seen.revision.revision_id, []).append(attempt)
        if attempt.without is None:
            database.is_usable = False
            return RowsToRemove()
        return RowsToRemove(attempt.without)

    def _attempt(self, failure: Failure, cycle: CycleObserver) -> FailedAttempt:
        """Return the failed attempt, with the offending rows as they are found in the database."""
        seen, url = cycle.seen, cycle.database.url
        rows = find_offending_rows(url, failure.error)
        if not rows.rows and seen.inserted_duplicates:
            rows = replace(rows, rows=describe_duplicates(url, seen.inserted_duplicates[0]))
        earlier = self.attempts.get(seen.revision.revision_id, ())
        is_upgrade = cycle.direction == "upgrade"
        return FailedAttempt(
            direction=cycle.direction,
            error=failure.error,
            offending_rows=rows,
            without=next_rows_to_remove(rows, earlier) if is_upgrade else None,
            has_new_rows=seen.has_new_rows,
            row_failures=failure.row_failures,
        )

    def _report_failure_on_inserted_rows(
        self, attempt: FailedAttempt, cycle: CycleObserver, judgement: Judgement
    ) -> RowsToRemove:
        """Report a failure on rows that were inserted after the same step had succeeded."""
        seen, database = cycle.seen, cycle.database
        self._end(cycle, judgement)
        self._add_row_failures(seen.revision, failed=None)
        if judgement.is_sound or not is_schema_error(attempt.error):
            causes = group_by_cause([attempt])
            self.findings += (fails_on_rows(seen.revision, cause) for cause in causes)
        if attempt.direction == "second upgrade" or not judgement.is_sound:
            database.is_usable = False
        is_below = attempt.direction == "upgrade"
        return RowsToRemove(duplicates=seen.inserted_duplicates if is_below else ())

    def _block(self, revision: ChainRevision) -> None:
        """Remove the revision, and all that need it, from the queue."""
        needing = {revision.revision_id, *followers(self.chain, revision.revision_id)}
        missed = [
            one
            for one in self.chain
            if one.revision_id in needing & self.waiting and one is not revision
        ]
        if missed:
            self.findings.append(not_proved(revision, missed))
        self.waiting -= needing
        self.blocked |= needing
