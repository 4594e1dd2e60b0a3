"""Offline SQL: the scripts of `--sql`, run as psql runs them, lead to the same catalogs as Alembic."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.connect import run_on
from alembic_deploy.errors import HistoryError
from alembic_deploy.python_errors import describe
from alembic_deploy.server_message import first_cause, server_message, shown_statement, sqlstate_of
from alembic_deploy.statements import Statement, split_statements
from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.finding import (
    Finding,
    Location,
    Severity,
    StepListener,
    first_of,
    shown_path,
    timed,
)
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.offline import OfflineScript, write_script
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import ChainRevision, followers, heads_of, reached
from alembic_proof.history.steps import StepRequest, WalkContext, walk
from alembic_proof.proofs.exclusions import Exclusions, IgnorePatterns
from alembic_proof.proofs.roundtrip.findings import described, finding_of, location_of
from alembic_proof.proofs.roundtrip.observation import Direction
from alembic_proof.sql import Sqlstate

_MOST_NAMED = 8
_WITHOUT_ROWS = (
    "let it run on tables without rows as well, as `alembic upgrade head` runs it on a new database"
)
_OFFLINE_MODE = "let env.py run where context.is_offline_mode(), or set offline_sql = false"
_ACCEPT = "accept it: # alembic-proof: ignore[breaks-offline-sql] reason"
_NO_VARIABLE = f"psql's variables have no value here: write the value, or {_ACCEPT}"
_ONLY_TOGETHER = (
    "each revision's script is right by itself: give each a transaction of its own "
    "(transaction_per_migration=True where env.py runs offline)"
)


def prove_offline_sql(
    project: Project,
    *,
    script: ScriptDirectory,
    chain: tuple[ChainRevision, ...],
    open_database: Callable[[], str],
    on_step: StepListener,
    wanted: Collection[str],
    left_out: Collection[str] = (),
    found: tuple[Finding, ...] = (),
    keep: Callable[[tuple[Finding, ...]], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Return where the scripts of `--sql` fail or lead to another catalog than the revisions themselves.

    The upgrade's script is run in an empty database, as psql runs it, then the downgrade's; the catalogs
    must be those of a database that Alembic has migrated, and of the one before. Only where they differ
    each revision is proved by itself.

    :param open_database: returns the URL of a new database, and drops the one before.
    :param wanted: the ids of the revisions to prove; Alembic itself applies the others.
    :param left_out: the ids of revisions that declare to need a connection; applied likewise.
    :param found: the round trip's findings; revisions that it blames are not blamed again.
    :param keep: is called with these and the findings so far, where an error ends the proof.
    """
    start = project.settings.start_revision
    exclusions = Exclusions.of(project.settings, chain)
    chain = exclusions.chain
    needless = {one.revision_id for one in chain if one.revision_id not in wanted}
    proof = _OfflineProof(
        project=project,
        script=script,
        chain=chain,
        open_database=open_database,
        url=open_database(),
        patterns=exclusions.patterns,
        applied=frozenset(reached(chain, (script.get_revision(start).revision,) if start else ())),
        online=needless.union(left_out, exclusions.skipped),
        one_way={one.revision_id for one in chain if one.irreversible},
    )
    proof.excuse(found)
    try:
        with timed("the scripts of --sql", on_step=on_step):
            proof.prove()
    except HistoryError as error:
        return (*proof.sorted_findings(), _not_proved(error))
    except BaseException as error:
        keep((*found, *proof.sorted_findings(), _stopped(error)))
        raise
    return (*proof.sorted_findings(), *_left_out(chain, {*left_out}.intersection(wanted)))


class _UnappliedError(HistoryError):
    """Alembic itself cannot apply a revision to tables without rows."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Consecutive revisions that are run together."""

    revision_ids: tuple[str, ...]
    is_written: bool
    """Whether their script is run; else Alembic applies them."""
    goes_down: bool


@dataclass(slots=True, kw_only=True)
class _OfflineProof:
    """The queue of revisions whose scripts are proved, and the findings so far."""

    project: Project
    script: ScriptDirectory
    chain: tuple[ChainRevision, ...]
    open_database: Callable[[], str]
    url: str
    """The current database; it is dropped when another one is opened."""
    patterns: IgnorePatterns
    applied: frozenset[str]
    """The revisions that a fresh database has already."""
    online: set[str]
    """The revisions that Alembic applies itself."""
    one_way: set[str]
    """The revisions whose downgrade has no script."""
    unapplied: set[str] = field(default_factory=set)
    """The revisions that cannot be applied."""
    findings: list[Finding] = field(default_factory=list)
    version: tuple[str, str | None] = ("alembic_version", None)
    """Name and schema of Alembic's table."""
    is_used: bool = False
    """Whether something was done in the current database."""

    def sorted_findings(self) -> tuple[Finding, ...]:
        """Return the findings in the order of the history."""
        order = [one.revision_id for one in self.chain]
        return tuple(
            sorted(self.findings, key=lambda one: order.index(one.revision) if one.revision else -1)
        )

    def excuse(self, found: Iterable[Finding]) -> None:
        """Exclude steps that the round trip has found to fail, or not to restore, without a script."""
        for one in found:
            if one.severity is Severity.NOTE:
                continue
            if one.direction == "upgrade" and one.id == "revision-fails":
                self.unapplied |= {one.revision, *followers(self.chain, one.revision)}
            elif one.direction in ("downgrade", "second upgrade"):
                self.one_way |= {one.revision, *one.others}

    def prove(self) -> None:
        """Run the scripts of many revisions at once; each by itself where something is wrong."""
        while True:
            groups = self._groups()
            scripts = [self._write(group) for group in groups]
            if not any(one.unwritten for pair in scripts for one in pair):
                break
        suspects = self._run(groups, scripts)
        if suspects:
            self.findings += self._run_each() or tuple(
                replace(one, help=_ONLY_TOGETHER) for one in suspects
            )

    def _groups(self) -> tuple[_Group, ...]:
        """Return the waiting revisions in order, grouped where nothing is read in between."""
        todo = [
            one.revision_id
            for one in self.chain
            if one.revision_id not in self.applied | self.unapplied
        ]

        def kind(name: str) -> tuple[bool, bool]:
            return name not in self.online, name not in self.one_way

        groups = [
            _Group(tuple(names), is_written, goes_down and is_written)
            for (is_written, goes_down), names in groupby(todo, key=kind)
        ]
        while groups and not groups[-1].is_written:
            groups.pop()
        return tuple(groups)

    def _write(self, group: _Group) -> tuple[OfflineScript, ...]:
        """Return the group's scripts, up and down; a step that cannot be written is a finding."""
        if not group.is_written:
            return ()
        before = [*self.applied]
        for one in self.chain:
            if one.revision_id == group.revision_ids[0]:
                break
            before.append(one.revision_id)
        up = self._script(group.revision_ids, before, is_upgrade=True)
        self.online |= {one.revision_id for one in up.unwritten}
        if up.unwritten or not group.goes_down:
            return (up,)
        after = [*before, *group.revision_ids]
        down = self._script(group.revision_ids[::-1], after, is_upgrade=False)
        self.one_way |= {one.revision_id for one in down.unwritten}
        return up, down

    def _script(
        self, revision_ids: tuple[str, ...], applied: Collection[str], *, is_upgrade: bool
    ) -> OfflineScript:
        direction: Direction = "upgrade" if is_upgrade else "downgrade"
        known = [one for one in applied if one not in self.unapplied]
        found = write_script(
            alembic_config(self.project, url=self.url),
            self.script,
            revision_ids,
            is_upgrade=is_upgrade,
            heads=sorted(heads_of(self.chain, known)),
        )
        self.version = found.version_table, found.version_schema
        for one in found.unwritten:
            revision = self._revision(one.revision_id)
            self.findings.append(_unwritten(revision, direction, one.error))
        return found

    def _run(
        self, groups: Sequence[_Group], scripts: Sequence[tuple[OfflineScript, ...]]
    ) -> tuple[Finding, ...]:
        """Return the findings on the scripts, without knowing which revision causes them."""
        url = self._fresh()
        for group, pair in zip(groups, scripts, strict=True):
            if not group.is_written:
                self._apply(url, group.revision_ids)
                continue
            before = self._read(url) if group.goes_down else None
            if failed := self._run_script(url, pair[0], "upgrade"):
                return (failed,)
            is_last = group is groups[-1]
            top = self._read(url) if is_last else None
            if before is not None:
                if failed := self._run_script(url, pair[1], "downgrade"):
                    return (failed,)
                if found := self._differences(before, self._read(url), direction="downgrade"):
                    return found
                if not is_last:
                    self._apply(url, group.revision_ids)
            if top is not None:
                # One group that went down has left the database as it was.
                url = url if len(groups) == 1 and group.goes_down else self._fresh()
                self._apply(url, [name for one in groups for name in one.revision_ids])
                return self._differences(self._read(url), top, direction="upgrade")
        return ()

    def _run_each(self) -> tuple[Finding, ...]:
        """Return the findings on each revision's scripts, run in a database that Alembic has led there."""
        names = [name for group in self._groups() for name in group.revision_ids]
        start = self._read(self._fresh())
        after = self._read_each(names)
        findings: list[Finding] = []
        url, is_right = self._fresh(), True
        for position, name in enumerate(names):
            before = after[position - 1] if position else start
            if not is_right:
                url = self._fresh()
                self._apply(url, names[:position])
            if name in self.online:
                self._apply(url, [name])
                continue
            found = self._run_one(url, name, before=before, after=after[position])
            findings += found
            is_right = not found
            if is_right and name not in self.one_way:
                self._apply(url, [name])
        return tuple(findings)

    def _run_one(
        self, url: str, name: str, *, before: Catalog, after: Catalog
    ) -> tuple[Finding, ...]:
        """Return the findings on one revision's scripts in a database that is at its parent."""
        up, *down = self._write(
            _Group((name,), is_written=True, goes_down=name not in self.one_way)
        )
        if failed := self._run_script(url, up, "upgrade"):
            return (failed,)
        found = self._differences(after, self._read(url), direction="upgrade", name=name)
        if found or not down:
            return found
        if failed := self._run_script(url, down[0], "downgrade"):
            return (failed,)
        return self._differences(before, self._read(url), direction="downgrade", name=name)

    def _run_script(self, url: str, script: OfflineScript, direction: Direction) -> Finding | None:
        """Run the script; return the finding for a statement that fails."""
        failed = _run_as_psql(url, script.text)
        if failed is None:
            return None
        statement, error = failed
        name = script.revision_at(statement.start)
        if error is None:
            return _for_psql(self._revision(name), direction, statement.text)
        message = server_message(error)
        said = "" if message else f": {describe(error)}"
        is_variable = sqlstate_of(error) == Sqlstate.SYNTAX_ERROR and statement.has_psql_variable
        return finding_of(
            self._revision(name),
            direction,
            "offline-sql-fails",
            f"the script of its {direction} fails{said}",
            postgres=message.one_line if message else "",
            statement=message.statement if message else "",
            help_=_NO_VARIABLE if is_variable else "",
        )

    def _differences(
        self, expected: Catalog, found: Catalog, *, direction: Direction, name: str = ""
    ) -> tuple[Finding, ...]:
        """Return a finding for each change; without a name it is about all revisions together."""
        subject = f"{name}: after the script of its" if name else "after the script of the whole"
        return tuple(
            Finding(
                id="offline-sql-differs",
                message=f"{subject} {direction}: {change}",
                severity=change.severity,
                location=Location(shown_path(self._revision(name).path)) if name else None,
                revision=name,
                direction=direction,
            )
            for change in self.patterns.compare(expected, found).changes
        )

    def _fresh(self) -> str:
        """Return the URL of a database in which nothing has been done yet."""
        if self.is_used:
            self.url = self.open_database()
        self.is_used = True
        return self.url

    def _apply(self, url: str, revision_ids: Sequence[str]) -> None:
        """Apply the revisions with Alembic."""

        def requests(_context: WalkContext) -> Iterator[StepRequest]:
            for name in revision_ids:
                yield StepRequest(name, is_upgrade=True)

        self._walk(url, requests)

    def _read_each(self, revision_ids: Sequence[str]) -> tuple[Catalog, ...]:
        """Return the catalog after each revision, as Alembic itself applies it."""
        catalogs: list[Catalog] = []

        def requests(context: WalkContext) -> Iterator[StepRequest]:
            for name in revision_ids:
                yield StepRequest(name, is_upgrade=True)
                table, schema = self.version
                catalogs.append(
                    read_catalog(context.connection, version_table=table, version_schema=schema)
                )

        self._walk(self._fresh(), requests)
        return tuple(catalogs)

    def _walk(self, url: str, requests: Callable[[WalkContext], Iterator[StepRequest]]) -> None:
        failure = walk(alembic_config(self.project, url=url), requests, script=self.script)
        if failure is not None:
            revision = self._revision(failure.request.revision_id)
            what = f"{revision.revision_id} fails without rows: {described(first_cause(failure.error))}"
            raise _UnappliedError(what, where=str(revision.path), todo=_WITHOUT_ROWS)

    def _read(self, url: str) -> Catalog:
        table, schema = self.version
        return run_on(
            url,
            lambda connection: read_catalog(connection, version_table=table, version_schema=schema),
        )

    def _revision(self, name: str) -> ChainRevision:
        return next(one for one in self.chain if one.revision_id == name)


def _unwritten(revision: ChainRevision, direction: Direction, error: Exception) -> Finding:
    """Return the finding on a step that cannot run without a connection."""
    return finding_of(
        revision,
        direction,
        "offline-sql-fails",
        f"its {direction} cannot be written with --sql: {describe(error)}",
        place=location_of(revision, error),
        help_="use no result of a query (`alembic-proof explain breaks-offline-sql`), or "
        f"{_ACCEPT}",
    )


def _for_psql(revision: ChainRevision, direction: Direction, statement: str) -> Finding:
    """Return the warning on a statement that the server does not know."""
    found = finding_of(
        revision,
        direction,
        "offline-sql-not-proved",
        f"the script of its {direction} is not proved: only psql can run "
        f"`{shown_statement(statement.partition(chr(10))[0])}`",
        help_=f"write plain SQL (INSERT instead of COPY), or {_ACCEPT}",
    )
    return replace(found, severity=Severity.WARNING)


def _not_proved(error: HistoryError) -> Finding:
    """Return the note on a history whose scripts cannot be written, or that Alembic itself cannot apply."""
    return Finding(
        id="offline-sql-not-proved",
        message=f"the scripts of --sql are not proved: {' '.join(error.what.split())}",
        severity=Severity.NOTE,
        location=Location(shown_path(error.where)) if error.where else None,
        help=error.todo if isinstance(error, _UnappliedError) else _OFFLINE_MODE,
    )


def _stopped(error: BaseException) -> Finding:
    """Return the finding that ends the report of a proof which an error has stopped."""
    return Finding(
        id="proof-stopped",
        message="an error stopped the proof, the scripts of --sql are not proved: "
        f"{describe(error)}",
    )


def _left_out(chain: Iterable[ChainRevision], names: Collection[str]) -> Iterator[Finding]:
    ids = [one.revision_id for one in chain if one.revision_id in names]
    if ids:
        shown = first_of(ids, most=_MOST_NAMED)
        yield Finding(
            id="offline-sql-not-proved",
            message=f"the scripts of --sql leave out revisions that declare to need a connection: {shown}",
            severity=Severity.NOTE,
        )


def _run_as_psql(url: str, script: str) -> tuple[Statement, DBAPIError | None] | None:
    """Send a script as `psql -v ON_ERROR_STOP=1` does; return the statement that failed, and why.

    Each statement is sent by itself, outside of a transaction unless the script begins one; a
    transaction that the script leaves open is rolled back. A statement that only psql can run is
    not sent but returned without an error: a driver would wait for the rows of COPY FROM STDIN.

    :raises ServerError: No connection.
    """

    def send(connection: Connection) -> tuple[Statement, DBAPIError | None] | None:
        for statement in split_statements(script):
            if statement.is_for_psql:
                return statement, None
            try:
                connection.exec_driver_sql(
                    statement.text, execution_options={"no_parameters": True}
                ).close()
            except DBAPIError as error:
                return statement, error
        return None

    return run_on(url, send, autocommit=True)
