"""The round trip's findings on catalogs, steps, sessions and declarations; see row_findings for rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alembic_deploy.error_location import location_in
from alembic_deploy.python_errors import describe
from alembic_deploy.server_message import server_message, shown_statement
from alembic_proof.catalog import Change
from alembic_proof.finding import Finding, Location, Severity, first_of, shown_path
from alembic_proof.findings import severity_of
from alembic_proof.history.lock_wait import USE_ONE_CONNECTION, LockWaitError
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.history.upgrade import LEAVE_TRANSACTION_TODO, UpgradeRun
from alembic_proof.proofs.roundtrip.failure import FailedAttempt, is_refusal
from alembic_proof.proofs.roundtrip.help_texts import (
    Definitions,
    row_failure_help,
    step_help,
    unnamed_drop,
)
from alembic_proof.proofs.roundtrip.observation import Direction, HiddenRows
from alembic_proof.proofs.roundtrip.session_leaks import LeakedSetting
from alembic_proof.rows import TableName
from alembic_proof.rows.schema import display_name
from alembic_proof.sql import Sqlstate, unquote_identifier

POLICY_HIDES_ROWS = "policy-hides-rows"
_MOST_NAMED = 8
_WITHOUT_FORCE = (
    "write ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY before the statement and ALTER TABLE {table} "
    "FORCE ROW LEVEL SECURITY after it; if production migrates as a role with BYPASSRLS, name such a "
    "role in server_url"
)
_ONE_TRANSACTION_EACH = (
    "give each revision its own transaction: context.configure(…, transaction_per_migration=True) "
    "in env.py"
)
_IN_ONE_TRANSACTION: dict[str, str] = {
    Sqlstate.UNSAFE_NEW_ENUM_VALUE_USAGE: "PostgreSQL lets a new enum value be used only after a commit: put ALTER TYPE … ADD VALUE "
    f"into `with op.get_context().autocommit_block():`, or {_ONE_TRANSACTION_EACH}",
    Sqlstate.OBJECT_IN_USE: "run SET CONSTRAINTS ALL IMMEDIATE in the revision that writes the rows, after its "
    f"statements, or {_ONE_TRANSACTION_EACH}",
}


def finding_of(
    revision: ChainRevision,
    direction: Direction,
    id_: str,
    message: str,
    *,
    is_noted: bool = False,
    place: Location | None = None,
    details: Sequence[str] = (),
    postgres: str = "",
    statement: str = "",
    help_: str = "",
    others: Sequence[str] = (),
) -> Finding:
    """Return a finding on one revision, at its file by default, with the severity of the table.

    :param id_: the finding's id, as `alembic-proof explain` takes it.
    :param is_noted: whether this one is only a note: it is declared, for example.
    :param message: the sentence without the revision's id.
    """
    return Finding(
        id=id_,
        message=f"{revision.revision_id}: {message}",
        severity=Severity.NOTE if is_noted else severity_of(id_),
        location=place or Location(shown_path(revision.path)),
        revision=revision.revision_id,
        direction=direction,
        details=tuple(details),
        postgres=postgres,
        statement=statement,
        help=help_,
        others=tuple(others),
    )


def changes_found(
    revision: ChainRevision, direction: Direction, changes: Sequence[Change]
) -> Iterator[Finding]:
    """Yield a finding for each change; a note if the revision is declared irreversible."""
    id_ = "not-rebuilt" if direction == "second upgrade" else "not-restored"
    for change in changes:
        yield finding_of(
            revision,
            direction,
            id_,
            f"after its {direction}: {change}",
            is_noted=bool(revision.irreversible) or change.severity is Severity.NOTE,
        )


def settings_left(
    revision: ChainRevision, direction: Direction, settings: Sequence[LeakedSetting]
) -> Iterator[Finding]:
    """Yield one warning on the session settings that a step has changed and not reset."""
    if settings:
        step = "upgrade" if direction == "second upgrade" else direction
        listed = "; ".join(map(str, settings))
        yield finding_of(
            revision,
            direction,
            "setting-left",
            f"its {step} changes session settings for the revisions after it: {listed}",
            help_="write SET LOCAL, or reset them at the end (this proof has reset them)",
        )


@dataclass(frozen=True, slots=True)
class _Reason:
    """An error in the parts of a finding; empty where they do not apply."""

    text: str = ""
    """What went wrong, where it was not PostgreSQL that said so."""
    postgres: str = ""
    statement: str = ""

    @classmethod
    def of(cls, error: BaseException) -> _Reason:
        message = server_message(error)
        if message is not None:
            return cls(postgres=message.one_line, statement=message.statement)
        return cls(text=unnamed_drop(error) or describe(error))

    def sentence(self, what: str) -> str:
        """Return what happened, with the reason where PostgreSQL does not say it."""
        return f"{what}: {self.text}" if self.text else what


def failure_found(
    revision: ChainRevision,
    direction: Direction,
    error: BaseException,
    *,
    is_excused: bool = False,
    definitions: Definitions | None = None,
) -> Finding:
    """Return the finding on a step that fails; a downgrade that refuses is a warning.

    :param is_excused: whether it fails because of what a declared irreversible downgrade has left.
    :param definitions: the objects and revisions that the step depends on.
    """
    place = location_of(revision, error)
    if is_refusal(revision, direction, error):
        return _refusal(revision, error, place)
    if isinstance(error, LockWaitError):
        return _waits(revision, direction, error, place)
    reason = _Reason.of(error)
    return finding_of(
        revision,
        direction,
        "revision-fails",
        reason.sentence(f"its {direction} fails"),
        is_noted=is_excused,
        place=place,
        postgres=reason.postgres,
        statement=reason.statement,
        help_=step_help(revision, direction, error, definitions or Definitions()),
    )


def _waits(
    revision: ChainRevision, direction: Direction, wait: LockWaitError, place: Location | None
) -> Finding:
    """Return the finding on a step that waits for another connection of the same process."""
    return finding_of(
        revision,
        direction,
        "waits-for-itself",
        f"its {direction} never ends: {wait}",
        place=place,
        details=(f"waits for: {wait.holder.statement}",),
        statement=wait.waiter.statement,
        help_=USE_ONE_CONNECTION,
    )


def fails_on_rows(revision: ChainRevision, attempts: Sequence[FailedAttempt]) -> Finding:
    """Return one finding on statements that fail on rows for one cause.

    :param attempts: one for each statement, all of the same step and SQLSTATE.
    """
    first, *others = attempts
    rows = "rows that only the new schema permits" if first.has_new_rows else "existing rows"
    place = location_of(revision, first.error)
    if place is None and first.line:
        place = Location(shown_path(revision.path), first.line)
    if is_refusal(revision, first.direction, first.error):
        return _refusal(revision, first.error, place, rows=f" on {rows}")
    reason = _Reason.of(first.error)
    message = reason.sentence(f"its {first.direction} fails on {rows}")
    columns = [name for one in attempts for name in _columns_with_null(one)]
    postgres = reason.postgres
    further = [f"also: {_line(one)}{described(one.error)}" for one in others]
    if len(columns) > 1:
        named = ", ".join(columns)
        message += f": they hold NULL in {len(columns)} columns that become NOT NULL: {named}"
        postgres, further = "", []
    return finding_of(
        revision,
        first.direction,
        "fails-on-permitted-rows",
        message,
        place=place,
        details=(*filter(None, [first.offending_rows.rows]), *further),
        postgres=postgres,
        statement=reason.statement,
        help_=row_failure_help(first.direction, server_message(first.error)),
    )


def _columns_with_null(one: FailedAttempt) -> Iterator[str]:
    """Yield the columns that the statement finds NULL in, with their table."""
    message = server_message(one.error)
    if message is None or message.sqlstate != Sqlstate.NOT_NULL_VIOLATION:
        return
    schema = f"{message.schema}." if message.schema not in ("", "public") else ""
    for name in one.columns or (message.column,):
        yield f"{schema}{message.table}.{unquote_identifier(name)}"


def _line(one: FailedAttempt) -> str:
    return f"line {one.line}: " if one.line else ""


def described(error: BaseException) -> str:
    """Return what went wrong in one line: PostgreSQL's message, else the error itself."""
    reason = _Reason.of(error)
    return reason.postgres or reason.text


def _refusal(
    revision: ChainRevision, error: BaseException, place: Location | None, *, rows: str = ""
) -> Finding:
    """Return the warning on a downgrade that refuses; a note where that is declared.

    :param rows: `" on existing rows"`; empty if it always refuses.
    """
    if revision.irreversible:
        message = f"its downgrade refuses{rows}, as declared: {revision.irreversible}"
        return finding_of(revision, "downgrade", "irreversible", message, place=place)
    is_usual = isinstance(error, NotImplementedError) and bool(str(error).strip())
    said = " ".join(str(error).split()) if is_usual else describe(error)
    return finding_of(
        revision,
        "downgrade",
        "downgrade-refuses",
        f"its downgrade refuses{rows}: {said}",
        place=place,
        help_='write the downgrade, or declare `irreversible = "why"` in the revision and raise '
        "NotImplementedError(irreversible)",
    )


def untrue_irreversible(revision: ChainRevision) -> Finding:
    """Return the warning on a declared irreversible revision whose downgrade restores everything."""
    return finding_of(
        revision,
        "downgrade",
        "declared-not-needed",
        "declares `irreversible`, but its downgrade restores everything",
        help_="remove the declaration, or let downgrade() raise NotImplementedError",
    )


def not_proved(revision: ChainRevision, followers: Sequence[ChainRevision]) -> Finding:
    """Return one note on the revisions that cannot be proved because this one's upgrade fails."""
    ids = [one.revision_id for one in followers]
    number = "1 revision that needs it is"
    if len(ids) > 1:
        number = f"{len(ids)} revisions that need it are"
    message = f"its upgrade fails, so {number} not proved: {first_of(ids, most=_MOST_NAMED)}"
    return finding_of(revision, "upgrade", "not-proved", message, others=ids)


def before_the_start(heads: tuple[str, ...], number: int, *, is_all: bool) -> Finding:
    """Return the note on revisions that the scratch database starts with; a warning if that is all."""
    where = ", ".join(sorted(heads))
    revisions = "1 revision is" if number == 1 else f"{number} revisions are"
    message = f"{revisions} not proved: the database starts at {where}"
    severity = Severity.WARNING if is_all else Severity.NOTE
    help_ = "select revisions after start_revision" if is_all else ""
    return Finding(id="not-proved", message=message, severity=severity, help=help_)


def upgrade_fails(run: UpgradeRun, revision: ChainRevision | None, error: BaseException) -> Finding:
    """Return the finding on an upgrade that fails as env.py runs it, but not revision by revision.

    :param revision: the one that fails; None if the commit fails, or what env.py does after it.
    """
    place = location_of(revision, error) if revision else Location(shown_path(run.place))
    if isinstance(error, LockWaitError) and revision is not None:
        return _waits(revision, "upgrade", error, place)
    reason = _Reason.of(error)
    start = ", ".join(run.start) or "base"
    how = (
        "runs all revisions in one transaction"
        if run.is_one_transaction
        else "begins the transactions"
    )
    where = "at this revision" if revision else "after the last revision"
    message = reason.sentence(f"`alembic upgrade heads` from {start} fails {where}; env.py {how}")
    said = server_message(error)
    general = _ONE_TRANSACTION_EACH if run.is_one_transaction else ""
    help_ = _IN_ONE_TRANSACTION.get(said.sqlstate if said else "", general)
    if revision is not None:
        return finding_of(
            revision,
            "upgrade",
            "upgrade-heads-fails",
            message,
            place=place,
            postgres=reason.postgres,
            statement=reason.statement,
            help_=help_,
        )
    return Finding(
        id="upgrade-heads-fails",
        message=message,
        location=place,
        postgres=reason.postgres,
        statement=reason.statement,
        help=help_,
    )


def nothing_committed(run: UpgradeRun, missing: str) -> Finding:
    """Return the finding on an env.py whose upgrade succeeds but commits nothing."""
    place = Location(shown_path(run.place))
    return Finding(id="nothing-committed", message=missing, location=place, help=run.remedy)


def upgrade_differs(run: UpgradeRun, change: Change) -> Finding:
    """Return the finding on a difference between one upgrade to the heads and single steps."""
    return Finding(
        id="upgrade-heads-differs",
        message=f"`alembic upgrade heads` and its revisions one by one differ: {change}",
        severity=change.severity,
        location=Location(shown_path(run.place)),
    )


def hidden_rows(revision: ChainRevision, direction: Direction, hidden: HiddenRows) -> Finding:
    """Return the finding on a step that changes no rows because a policy hides them."""
    step = "upgrade" if direction == "second upgrade" else direction
    tables = ", ".join(map(display_name, hidden.tables))
    statement = hidden.statement
    return finding_of(
        revision,
        direction,
        POLICY_HIDES_ROWS,
        f"its {step} changes no row of {tables}: FORCE ROW LEVEL SECURITY hides rows from the table's "
        "owner",
        place=Location(shown_path(revision.path), statement.line if statement else 0),
        details=tuple(map(str, hidden.hiding)),
        statement=shown_statement(statement.sql) if statement else "",
        help_=_WITHOUT_FORCE.format(table=display_name(hidden.hiding[0].name)),
    )


def policies_bypassed(role: str, table: TableName) -> Finding:
    """Return the note that the role which migrates is not bound by policies."""
    return Finding(
        id="policies-bypassed",
        message=f"the role {role}, which migrates here, bypasses row-level security: rows that FORCE ROW "
        f"LEVEL SECURITY hides from an ordinary owner (of {display_name(table)}, for example) are not found",
        severity=Severity.NOTE,
        help="let server_url name a role with NOSUPERUSER NOBYPASSRLS CREATEDB, as in production",
    )


def ended_transaction(revision: ChainRevision, direction: Direction) -> Finding:
    """Return the warning on a step that ends Alembic's transaction and goes on."""
    return finding_of(
        revision,
        direction,
        "commits-halfway",
        f"its {direction} ends Alembic's transaction: if a later statement fails, the statements before "
        "it stay committed and the revision cannot be applied again",
        help_=LEAVE_TRANSACTION_TODO,
    )


def stopped(error: BaseException, number: int) -> Finding:
    """Return the finding that ends the report of a proof which an error has stopped.

    :param number: how many revisions are not proved.
    """
    revisions = "1 revision is" if number == 1 else f"{number} revisions are"
    return Finding(
        id="proof-stopped",
        message=f"an error stopped the proof, {revisions} not proved: {describe(error)}",
    )


def location_of(revision: ChainRevision, error: BaseException) -> Location | None:
    """Return the line of the revision's file that raised the error; None for another file's."""
    path, _, line = location_in(error, (revision.path,)).rpartition(":")
    return Location(shown_path(path), int(line)) if path else None
