"""The offline SQL: run as psql does, it leads to the catalogs that the revisions themselves lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from alembic.script import ScriptDirectory

from alembic_proof.catalog import Catalog, read_catalog
from alembic_proof.config import Config
from alembic_proof.env.server_message import first_cause, server_message, shown_statement
from alembic_proof.errors import HistoryError
from alembic_proof.finding import Finding, Location, Severity, first_of, shown_path
from alembic_proof.history.chain import ChainRevision, followers, heads_of, reached
from alembic_proof.history.fault import describe, place_in
from alembic_proof.history.offline import OfflineScript, write_script
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.walk import Ground, Move, walk
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.script import run_as_psql
from alembic_proof.postgres.sqlstate import sqlstate_of
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.roundtrip.leave import Leave
from alembic_proof.proofs.step import Tell, timed

_MOST_NAMED = 8
_WITHOUT_ROWS = (
    "let it run on tables without rows as well, as `alembic upgrade head` runs it on a new database"
)
_OFFLINE_MODE = "let env.py run where context.is_offline_mode(), or set offline_sql = false"
_ACCEPT = "accept it: # alembic-proof: ignore[breaks-offline-sql] reason"
_NO_VARIABLE = f"psql's variables have no value here: write the value, or {_ACCEPT}"
_SYNTAX_ERROR = "42601"
_VARIABLE = re.compile(r"""(?<!:):(?:[A-Za-z_]|'[A-Za-z_]\w*'|"[A-Za-z_]\w*"|\{)""")
"""Source: psql, "SQL Interpolation"."""
_ONLY_TOGETHER = (
    "each revision's script is right by itself: give each a transaction of its own "
    "(transaction_per_migration=True where env.py runs offline)"
)


def prove_offline_sql(
    project: AlembicProject,
    *,
    script: ScriptDirectory,
    chain: tuple[ChainRevision, ...],
    open_database: Callable[[], str],
    tell: Tell,
    wanted: Collection[str],
    left_out: Collection[str] = (),
    found: tuple[Finding, ...] = (),
    settings: Config | None = None,
    keep: Callable[[tuple[Finding, ...]], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Return where the scripts of `--sql` fail or lead elsewhere than the revisions themselves.

    The upgrade's script is run on an empty database, as psql does, then the downgrade's; the
    catalogs must be those of a database that Alembic has migrated itself, and of the one before.
    Only where they differ each revision is looked at by itself.

    :param open_database: gives the URL of a fresh database, and drops the one before
    :param wanted: the ids of what is proved; other revisions are applied by Alembic itself
    :param left_out: the ids of revisions that need a connection, as they say; applied likewise
    :param found: the round trip's findings; what it blames is not blamed again
    :param keep: is given them and what was found so far, where an error ends the proof
    """
    start = settings.start_revision if settings is not None else None
    leave = Leave.of(settings, chain)
    chain = leave.chain
    needless = {one.revision_id for one in chain if one.revision_id not in wanted}
    proof = _OfflineProof(
        project=project,
        script=script,
        chain=chain,
        open_database=open_database,
        url=open_database(),
        ignored=leave.ignored,
        applied=frozenset(reached(chain, (script.get_revision(start).revision,) if start else ())),
        online=needless.union(left_out, leave.skipped),
        one_way={one.revision_id for one in chain if one.irreversible},
    )
    proof.excuse(found)
    try:
        with timed("the scripts of --sql", tell=tell):
            proof.prove()
    except HistoryError as error:
        return (*proof.sorted_findings(), _not_proved(error))
    except BaseException as error:
        keep((*found, *proof.sorted_findings(), _stopped(error)))
        raise
    return (*proof.sorted_findings(), *_left_out(chain, {*left_out}.intersection(wanted)))


class _UnappliedError(HistoryError):
    """Alembic itself cannot apply a revision, to tables without rows."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Revisions that are taken together."""

    revision_ids: tuple[str, ...]
    is_written: bool
    """Whether their script is run; else Alembic applies them."""
    goes_down: bool


@dataclass(slots=True, kw_only=True)
class _OfflineProof:
    """What is known of the revisions' scripts."""

    project: AlembicProject
    script: ScriptDirectory
    chain: tuple[ChainRevision, ...]
    open_database: Callable[[], str]
    url: str
    """The database that is there; it is dropped when another one is opened."""
    ignored: Ignored
    applied: frozenset[str]
    """What a fresh database has already."""
    online: set[str]
    """What Alembic applies itself."""
    one_way: set[str]
    """What has no script of its downgrade."""
    unapplied: set[str] = field(default_factory=set)
    """What cannot be applied at all."""
    findings: list[Finding] = field(default_factory=list)
    version: tuple[str, str | None] = ("alembic_version", None)
    """The name and the schema of Alembic's table."""
    is_used: bool = False
    """Whether something was done in the database that is there."""

    def sorted_findings(self) -> tuple[Finding, ...]:
        """Return what was found, in the order of the history."""
        order = [one.revision_id for one in self.chain]
        return tuple(
            sorted(self.findings, key=lambda one: order.index(one.revision) if one.revision else -1)
        )

    def excuse(self, found: Iterable[Finding]) -> None:
        """Leave out what the round trip has found to fail, or not to restore, without a script."""
        for one in found:
            if one.severity is Severity.NOTE:
                continue
            if one.direction == "upgrade" and one.rule == "revision-fails":
                self.unapplied |= {one.revision, *followers(self.chain, one.revision)}
            elif one.direction in ("downgrade", "second upgrade"):
                self.one_way |= {one.revision, *one.others}

    def prove(self) -> None:
        """Run the scripts of many revisions at once; each by itself where that is not as it should be."""
        while True:
            groups = self._groups()
            scripts = [self._write(group) for group in groups]
            if not any(one.unwritten for pair in scripts for one in pair):
                break
        suspects = self._run(groups, scripts)
        if suspects:
            self.findings += self._run_each() or tuple(
                replace(one, todo=_ONLY_TOGETHER) for one in suspects
            )

    def _groups(self) -> tuple[_Group, ...]:
        """Return the revisions in order, those together that need no look in between."""
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
        """Return the group's scripts, up and down; what cannot be written is a finding."""
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
        direction = "upgrade" if is_upgrade else "downgrade"
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
        """Return what is wrong with the scripts, whichever revision is to blame."""
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
        """Return the faults of each revision's scripts, run where Alembic has led the database to."""
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
        """Return what is wrong with one revision's scripts in a database that is at its parent."""
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

    def _run_script(self, url: str, script: OfflineScript, direction: str) -> Finding | None:
        """Run the script; return the finding for a statement that fails."""
        failed = run_as_psql(url, script.text)
        if failed is None:
            return None
        statement, error = failed
        name = script.revision_at(statement.start)
        if error is None:
            return _for_psql(self._revision(name), direction, statement.text)
        message = server_message(error)
        text = f"{name}: the script of its {direction} fails: {_said(error)}"
        if message and message.statement:
            text = f"{text}\n  statement: {message.statement}"
        is_variable = sqlstate_of(error) == _SYNTAX_ERROR and _VARIABLE.search(statement.text)
        todo = _NO_VARIABLE if is_variable else ""
        return _finding("offline-sql-fails", self._revision(name), direction, text, todo=todo)

    def _differences(
        self, expected: Catalog, found: Catalog, *, direction: str, name: str = ""
    ) -> tuple[Finding, ...]:
        """Return a finding for each change; about all revisions together without a name."""
        subject = f"{name}: after the script of its" if name else "after the script of the whole"
        return tuple(
            Finding(
                rule="offline-sql-differs",
                message=f"{subject} {direction}: {change}",
                severity=change.severity,
                location=Location(shown_path(self._revision(name).path)) if name else None,
                revision=name,
                direction=direction,
            )
            for change in self.ignored.changes(expected, found)
        )

    def _fresh(self) -> str:
        """Return the URL of a database that nothing has been done in yet."""
        if self.is_used:
            self.url = self.open_database()
        self.is_used = True
        return self.url

    def _apply(self, url: str, revision_ids: Sequence[str]) -> None:
        """Ensure that Alembic has applied the revisions."""

        def moves(_ground: Ground) -> Iterator[Move]:
            for name in revision_ids:
                yield Move(name, is_upgrade=True)

        self._walk(url, moves)

    def _read_each(self, revision_ids: Sequence[str]) -> tuple[Catalog, ...]:
        """Return the catalog after each revision, as Alembic itself applies it."""
        catalogs: list[Catalog] = []

        def moves(ground: Ground) -> Iterator[Move]:
            for name in revision_ids:
                yield Move(name, is_upgrade=True)
                table, schema = self.version
                catalogs.append(
                    read_catalog(ground.connection, version_table=table, version_schema=schema)
                )

        self._walk(self._fresh(), moves)
        return tuple(catalogs)

    def _walk(self, url: str, moves: Callable[[Ground], Iterator[Move]]) -> None:
        failure = walk(alembic_config(self.project, url=url), moves, script=self.script)
        if failure is not None:
            revision = self._revision(failure.move.revision_id)
            what = f"{revision.revision_id} fails without rows: {_said(first_cause(failure.error))}"
            raise _UnappliedError(what, where=str(revision.path), todo=_WITHOUT_ROWS)

    def _read(self, url: str) -> Catalog:
        table, schema = self.version
        return run_on(
            url,
            lambda connection: read_catalog(connection, version_table=table, version_schema=schema),
        )

    def _revision(self, name: str) -> ChainRevision:
        return next(one for one in self.chain if one.revision_id == name)


def _said(error: BaseException) -> str:
    """Return what went wrong in one line."""
    message = server_message(error)
    return message.one_line if message else describe(error)


def _unwritten(revision: ChainRevision, direction: str, error: Exception) -> Finding:
    """Return the finding for a step that needs more than `--sql` has."""
    path, _, line = place_in(error, (revision.path,)).rpartition(":")
    return _finding(
        "offline-sql-fails",
        revision,
        direction,
        f"{revision.revision_id}: its {direction} cannot be written with --sql: {describe(error)}",
        place=Location(shown_path(path), int(line)) if path else None,
        todo="ask for no answer from the database (`alembic-proof lint --explain "
        f"breaks-offline-sql`), or {_ACCEPT}",
    )


def _for_psql(revision: ChainRevision, direction: str, statement: str) -> Finding:
    """Return a warning for a statement that is not SQL to the server."""
    found = _finding(
        "offline-sql-not-proved",
        revision,
        direction,
        f"{revision.revision_id}: the script of its {direction} is not proved: only psql can run "
        f"`{shown_statement(statement.partition(chr(10))[0])}`",
        todo=f"write plain SQL (INSERT in place of COPY), or {_ACCEPT}",
    )
    return replace(found, severity=Severity.WARNING)


def _finding(
    rule: str,
    revision: ChainRevision,
    direction: str,
    message: str,
    *,
    place: Location | None = None,
    todo: str = "",
) -> Finding:
    return Finding(
        rule=rule,
        message=message,
        location=place or Location(shown_path(revision.path)),
        revision=revision.revision_id,
        direction=direction,
        todo=todo,
    )


def _not_proved(error: HistoryError) -> Finding:
    """Return a note for the whole history: scripts cannot be written, or Alembic itself fails."""
    return Finding(
        rule="offline-sql-not-proved",
        message=f"the scripts of --sql are not proved: {' '.join(error.what.split())}",
        severity=Severity.NOTE,
        location=Location(shown_path(error.where)) if error.where else None,
        todo=error.todo if isinstance(error, _UnappliedError) else _OFFLINE_MODE,
    )


def _stopped(error: BaseException) -> Finding:
    """Return the finding that closes what was found before an error ended the proof."""
    return Finding(
        rule="proof-stopped",
        message="the proof ended before its end, the scripts of --sql are not proved: "
        f"{describe(error)}",
    )


def _left_out(chain: Iterable[ChainRevision], names: Collection[str]) -> Iterator[Finding]:
    ids = [one.revision_id for one in chain if one.revision_id in names]
    if ids:
        shown = first_of(ids, most=_MOST_NAMED)
        yield Finding(
            rule="offline-sql-not-proved",
            message=f"the scripts of --sql leave out what needs a connection, as it says: {shown}",
            severity=Severity.NOTE,
        )
