"""The walk through the whole history, from one revision's turn to the next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace

from alembic.script import ScriptDirectory

from alembic_proof.config import Config
from alembic_proof.env.server_message import first_cause
from alembic_proof.finding import Finding, shown_path
from alembic_proof.history.chain import ChainRevision, followers, reached, read_chain
from alembic_proof.history.heads import graph_of, several_heads
from alembic_proof.history.lock_wait import LockWaitError
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.walk import Failure, Ground, Move, walk
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.roundtrip.culprit import find_culprit, rows_of
from alembic_proof.proofs.roundtrip.database import Database
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.held import Held
from alembic_proof.proofs.roundtrip.leave import Leave
from alembic_proof.proofs.roundtrip.plan import RowPlan
from alembic_proof.proofs.roundtrip.policies import (
    POLICY_HIDES_ROWS,
    bypassing_role,
    policies_bypassed,
)
from alembic_proof.proofs.roundtrip.population import Population
from alembic_proof.proofs.roundtrip.readings import meets_readings
from alembic_proof.proofs.roundtrip.refusal import refuses_always
from alembic_proof.proofs.roundtrip.remarks import Remarks
from alembic_proof.proofs.roundtrip.remedy import Definitions
from alembic_proof.proofs.roundtrip.suspicion import (
    Suspicion,
    founded,
    hidden_by,
    is_about_definitions,
    kinds_of_failure,
    meets_a_type,
    to_take_away,
)
from alembic_proof.proofs.roundtrip.turn import Turn
from alembic_proof.proofs.roundtrip.unmet import Unmet
from alembic_proof.proofs.roundtrip.upgrade_heads import DeploymentRuns, Pending, upgrade_heads
from alembic_proof.proofs.roundtrip.verdict import (
    before_the_start,
    fails_on_rows,
    failure_found,
    not_proved,
    stopped,
)
from alembic_proof.proofs.roundtrip.working import working
from alembic_proof.proofs.step import Step, Tell


def prove_roundtrip(
    project: AlembicProject,
    *,
    script: ScriptDirectory,
    open_database: Callable[[], str],
    tell: Tell,
    wanted: Collection[str] | None = None,
    row_plan: RowPlan | None = None,
    settings: Config | None = None,
    keep: Callable[[tuple[Finding, ...]], None] | None = None,
) -> tuple[Finding, ...]:
    """What each revision's downgrade or second upgrade leaves different; empty for nothing.

    `script` is the project's history as it was loaded. `open_database` gives the URL of a fresh
    empty scratch database each time: another one is needed where a revision leaves one in a state
    that the history does not lead to, or a step has to be tried without rows. `wanted` are the ids
    of what is proved (all by default), `settings` what the project excepts. `keep` is given what was
    found so far where an error ends the proof before its end.

    Raises:
        ConfigError: settings that name a revision which is not there.
        HistoryError: an env.py that cannot be used.
    """
    leave = Leave.of(settings, read_chain(script))
    waiting = leave.ids if wanted is None else leave.ids.intersection(wanted)
    for is_thorough in (False, True):
        proof = _RoundTrip(
            project=project,
            script=None if is_thorough else script,
            chain=leave.chain,
            tell=_tell_nobody if is_thorough else tell,
            waiting=waiting - leave.skipped.keys(),
            needed=frozenset(reached(leave.chain, waiting)),
            row_plan=(plan := row_plan or RowPlan()),
            unmet=Unmet.of(plan),
            ignored=leave.ignored,
            is_thorough=is_thorough,
        )
        try:
            proof.prove(open_database)
            if not proof.has_missed or is_thorough:
                proof.findings += upgrade_heads(proof.upgraded(open_database, waiting))
                break
        except BaseException as error:
            if keep is not None and (found := proof.findings_so_far()):
                keep((*found, stopped(error, len(proof.waiting))))
            raise
    return (*_several_heads(script, waiting), *_all_findings(proof, leave, waiting))


def _several_heads(script: ScriptDirectory, wanted: Collection[str]) -> tuple[Finding, ...]:
    """Return a finding for each branch with several heads, where one of them was to be proved."""
    return tuple(
        group.finding
        for group in several_heads(graph_of(script))
        if any(head.revision_id in wanted for head in group.heads)
    )


def _all_findings(proof: _RoundTrip, leave: Leave, wanted: Collection[str]) -> tuple[Finding, ...]:
    """Return the findings, those on settings included; only a whole proof shows a setting to be unused."""
    is_whole = len(wanted) == len(leave.chain) and not proof.blocked
    unmet = leave.unmet(proof.unmet) if is_whole else ()
    return (*proof.findings, *proof.remarks.findings(), *leave.notes(wanted), *unmet)


def _tell_nobody(_: Step) -> None:
    """The steps were told of once."""


@dataclass(slots=True, kw_only=True)
class _RoundTrip:
    """What is proved, what waits, and the database that is worked on."""

    project: AlembicProject
    script: ScriptDirectory | None
    """The revisions as they were loaded, for the first walk; what they keep is not met again."""
    chain: tuple[ChainRevision, ...]
    tell: Tell
    waiting: set[str]
    needed: frozenset[str]
    """What is applied: a branch that nothing asks for or needs is left out."""
    row_plan: RowPlan
    unmet: Unmet
    ignored: Ignored
    is_thorough: bool
    """Whether every table is digested each time, whatever the server counts.

    What it had not counted in time is met by such a second walk.
    """
    has_missed: bool = False
    """Whether rows were written that the server had not counted when they were asked for."""
    blocked: set[str] = field(default_factory=set)
    """What cannot be applied."""
    only_in_one_run: set[str] = field(default_factory=set)
    """What failed at its parent, and is applied with Alembic's memo of a run from base."""
    is_bypass_known: bool = False
    """Whether it is known that policies bind the role that migrates, or that they do not."""
    spoilt: set[str] = field(default_factory=set)
    """What commits through the driver itself: it is not run on trial."""
    suspicions: dict[str, list[Suspicion]] = field(default_factory=dict)
    """What failed over rows, and is tried again without."""
    findings: list[Finding] = field(default_factory=list)
    pending: list[Pending] = field(default_factory=list)
    """What revisions leave until their commit: a deployment may start before them."""
    remarks: Remarks = field(default_factory=Remarks)
    database: Database | None = None
    is_in_the_way: bool = False
    """Whether a revision has met the functions of our readings: it is tried again without them."""
    turn: Turn | None = None
    """The one that is on; None while a revision is only applied."""

    def prove(self, open_database: Callable[[], str]) -> None:
        """Ensures that nothing waits any more."""
        while self.waiting:
            if self.database is None:
                self.database = Database(
                    open_database(),
                    Population(self.row_plan, held=Held(self.is_thorough)),
                    self.unmet,
                    is_followed=not self.is_in_the_way,
                )
            self.turn = None
            config = alembic_config(self.project, url=self.database.url)
            script, self.script = self.script, None
            failure = walk(config, self._moves, script=script)
            if failure is not None:
                self._note(replace(failure, error=first_cause(failure.error)), self.database)

    def upgraded(self, open_database: Callable[[], str], wanted: Collection[str]) -> DeploymentRuns:
        """Return what the walk has applied, to be applied once more as env.py configures it."""
        applied = frozenset(self.needed - self.blocked)
        database = self.database
        is_at_end = database is not None and applied == frozenset(database.applied)
        return DeploymentRuns(
            project=self.project,
            open_database=open_database,
            chain=self.chain,
            applied=applied,
            wanted=wanted,
            failed=frozenset(
                found.revision
                for found in self.findings
                if found.rule == "fails-on-permitted-rows" and found.direction == "upgrade"
            ),
            pending=tuple(self.pending),
            row_plan=self.row_plan,
            catalog=database.catalog if database is not None and is_at_end else None,
            ignored=self.ignored,
        )

    def findings_so_far(self) -> tuple[Finding, ...]:
        """Return the findings, with those of a turn that has not come to its end.

        A step that was to be tried without rows has failed, whatever that would have shown.
        """
        if self.turn is not None:
            self._keep(self.turn)
        suspected = (
            failure_found(revision, one.direction, one.error)
            for revision in self.chain
            if revision.revision_id in self.waiting
            for one in self.suspicions.get(revision.revision_id, ())
        )
        return (*self.findings, *suspected)

    def _moves(self, ground: Ground) -> Iterator[Move]:
        """The rest of the walk, as far as this database leads."""
        database = self.database
        if database is None or not database.is_as_known(ground, self.chain):
            self.database = None
            return
        if not database.make_way(ground):
            self.database = None
            return
        if database.is_fresh:
            self._start(database, ground)
        for revision in self.chain:
            name = revision.revision_id
            if not self.waiting or self.database is None:
                break
            if name in self.blocked or name in database.applied or name not in self.needed:
                continue
            if name in self.waiting:
                yield from self._prove(revision, ground, database)
            else:
                self.turn = None
                if any(name in one.needs for one in self.chain if one.revision_id in self.waiting):
                    database.below[name] = database.catalog or database.look(ground)
                database.pass_by()
                is_in_one_run = name in self.only_in_one_run
                yield Move(name, is_upgrade=True, is_in_one_run=is_in_one_run)
                database.applied.append(name)
        database.verify(ground)
        if database.is_populated and not self.is_thorough:
            self.has_missed |= database.has_missed(ground)

    def _start(self, database: Database, ground: Ground) -> None:
        """Take what a fresh database is at for applied: a history may start where SQL has led."""
        database.is_fresh = False
        database.applied += reached(self.chain, ground.heads)
        passed = self.waiting.intersection(database.applied)
        if passed:
            self.waiting -= passed
            is_all = not self.waiting
            self.findings.append(before_the_start(ground.heads, len(passed), is_all=is_all))

    def _prove(self, revision: ChainRevision, ground: Ground, database: Database) -> Iterator[Move]:
        """One revision's turn; without rows where it has failed over them."""
        is_suspected = revision.revision_id in self.suspicions
        turn = Turn(
            revision=revision,
            ground=ground,
            database=database,
            has_rows=self.row_plan.rows > 0 and (database.is_populated or not is_suspected),
            is_tried_again=is_suspected,
            ignored=self.ignored,
            has_policy_trials=revision.revision_id not in self.spoilt,
        )
        self.turn = turn
        yield from turn.run()
        if turn.needs_fresh_database:
            self.spoilt.add(revision.revision_id)
            self.database = None
            return
        self._end(turn)
        self._judge(revision, None)
        self._note_bypassed(ground, database)
        if not turn.is_sound:
            self.database = None

    def _note_bypassed(self, ground: Ground, database: Database) -> None:
        """Note once that the role that migrates is not bound by the policies that a table forces."""
        forced = (table.name for table in database.population.shapes if table.is_forced)
        name = None if self.is_bypass_known else next(forced, None)
        if name is None:
            return
        self.is_bypass_known = True
        with working(ground.connection):
            role = bypassing_role(ground.connection)
        if role:
            self.findings.append(policies_bypassed(role, name))

    def _end(self, turn: Turn) -> None:
        """Take over what the turn has found, and tell of it."""
        turn.database.population.refill()
        self._keep(turn)
        if turn.pending is not None:
            self.pending.append(turn.pending)
        self.waiting.discard(turn.revision.revision_id)
        elapsed_s = sum(seconds for _, seconds in turn.times)
        self.tell(Step(turn.revision.name, elapsed_s, turn.times, shown_path(turn.revision.path)))

    def _keep(self, turn: Turn) -> None:
        """Take over what the turn has found, each finding once."""
        self.remarks.add(turn.revision, turn.reports, turn.unread)
        self.findings += [found for found in turn.findings if not self._is_known(found)]

    def _is_known(self, finding: Finding) -> bool:
        """Return whether it was found before, whatever the number of hidden rows."""
        if finding.rule != POLICY_HIDES_ROWS:
            return finding in self.findings
        return any(
            (finding.rule, finding.revision, finding.direction) == (f.rule, f.revision, f.direction)
            for f in self.findings
        )

    def _judge(self, revision: ChainRevision, failed: Direction | None) -> None:
        """What failed over rows, and did not without them, is a finding of its own kind."""
        known = self.suspicions.get(revision.revision_id, ())
        kinds = kinds_of_failure(founded(known, failed))
        self.findings += (fails_on_rows(revision, kind) for kind in kinds)

    def _note(self, failure: Failure, database: Database) -> None:
        """What the failure means: it is judged, or tried again without rows."""
        by_name = {revision.revision_id: revision for revision in self.chain}
        revision, turn = by_name[failure.move.revision_id], self.turn
        direction: Direction = turn.direction if turn else "upgrade"
        if not self.is_in_the_way and meets_readings(failure.error):
            self.is_in_the_way, self.database = True, None
            return
        if turn is not None:
            turn.report_hidden_rows_of_failure()
            turn.report_ended_transaction()
        if isinstance(failure.error, LockWaitError):
            # The connection that holds the lock may be open still: it goes with its database.
            self.database = None
        elif database.is_populated and not refuses_always(revision, direction, failure.error):
            self._suspect(failure, database)
            return
        self._judge(revision, direction)
        if revision.revision_id in self.only_in_one_run:
            self._block(revision)
            return
        is_excused = turn is not None and turn.is_excused
        applied = reached(self.chain, revision.needs)
        definitions = Definitions(
            earlier=tuple(one for one in self.chain if one.revision_id in applied),
            before=turn.base if turn is not None else None,
            now=database.catalog if turn is not None else None,
        )
        first = hidden_by(self.suspicions.get(revision.revision_id, ()), direction)
        self.findings.append(
            failure_found(revision, first.direction, first.error)
            if first is not None
            else failure_found(
                revision,
                direction,
                failure.error,
                is_excused=is_excused,
                definitions=definitions,
            )
        )
        if turn is not None:
            self._end(turn)
        if direction == "second upgrade":
            self.database = None
        if direction == "upgrade" and meets_a_type(failure.error):
            self.only_in_one_run.add(revision.revision_id)
            self.database = None
        elif direction == "upgrade":
            self._block(revision)

    def _suspect(self, failure: Failure, database: Database) -> None:
        """Let the step be tried without rows, unless it was just seen to do without these."""
        turn = self.turn
        if turn is None:
            self.database = None
            return
        known = self.suspicions.setdefault(turn.revision.revision_id, [])
        culprit = find_culprit(database.url, failure.error)
        if not culprit.rows and turn.twins:
            culprit = replace(culprit, rows=rows_of(database.url, turn.twins[0]))
        suspicion = Suspicion(
            direction=turn.direction,
            error=failure.error,
            culprit=culprit,
            without=to_take_away(culprit, known) if turn.direction == "upgrade" else None,
            is_over_new_rows=turn.is_over_new_rows,
            over_rows=failure.over_rows,
        )
        if turn.is_over_new_rows or turn.twins:
            self._end(turn)
            self._judge(turn.revision, None)
            if turn.is_sound or not is_about_definitions(failure.error):
                kinds = kinds_of_failure([suspicion])
                self.findings += (fails_on_rows(turn.revision, kind) for kind in kinds)
            database.twins = turn.twins if turn.direction == "upgrade" else ()
            if turn.direction == "second upgrade" or not turn.is_sound:
                self.database = None
            return
        self._keep(turn)
        known.append(suspicion)
        database.in_the_way = suspicion.without
        if database.in_the_way is None:
            self.database = None

    def _block(self, revision: ChainRevision) -> None:
        """Ensures that nothing that needs the revision is waited for."""
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
