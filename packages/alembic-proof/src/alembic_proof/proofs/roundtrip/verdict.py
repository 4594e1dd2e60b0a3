"""What a revision did, in findings: catalogs that differ, a step that failed, untrue declarations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from alembic_proof.catalog import Change
from alembic_proof.catalog.names import unquoted
from alembic_proof.env.server_message import server_message
from alembic_proof.finding import Finding, Location, Severity, first_of, shown_path
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.fault import describe, place_in
from alembic_proof.history.lock_wait import USE_ONE_CONNECTION, LockWaitError
from alembic_proof.history.upgrade import LEAVE_TRANSACTION_TODO, UpgradeRun
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.left import LeftSetting
from alembic_proof.proofs.roundtrip.refusal import is_refusal
from alembic_proof.proofs.roundtrip.remedy import Definitions, remedy, unnamed_drop
from alembic_proof.proofs.roundtrip.row_remedies import row_remedy
from alembic_proof.proofs.roundtrip.suspicion import Suspicion

_MOST_NAMED = 8


def changes_found(
    revision: ChainRevision, direction: Direction, changes: tuple[Change, ...]
) -> Iterator[Finding]:
    """A finding for each change; what a declared irreversible downgrade leaves is a note."""
    rule = "not-rebuilt" if direction == "second upgrade" else "not-restored"
    for change in changes:
        severity = Severity.NOTE if revision.irreversible else change.severity
        yield finding_of(revision, direction, rule, f"after its {direction}: {change}", severity)


def settings_left(
    revision: ChainRevision, direction: Direction, settings: Sequence[LeftSetting]
) -> Iterator[Finding]:
    """A warning where a step leaves the session otherwise than it found it."""
    if settings:
        way = "upgrade" if direction == "second upgrade" else direction
        listed = "; ".join(map(str, settings))
        yield finding_of(
            revision,
            direction,
            "setting-left",
            f"its {way} leaves {listed} in the session, for the revisions behind it",
            Severity.WARNING,
            todo="write SET LOCAL, or put it back at the end (here it was)",
        )


def failure_found(
    revision: ChainRevision,
    direction: Direction,
    cause: BaseException,
    *,
    is_excused: bool = False,
    definitions: Definitions | None = None,
) -> Finding:
    """The step that failed; a refusal is a warning, and a note where it is declared.

    It is excused where a declared irreversible downgrade has left what it fails over.
    """
    place = _place(revision, cause)
    said, statement = _said(cause)
    if is_refusal(revision, direction, cause):
        return _refusal(revision, cause, place)
    if isinstance(cause, LockWaitError):
        return _waits(revision, direction, cause, place)
    message = _with(f"its {direction} fails: {said}", statement=statement)
    todo = remedy(revision, direction, cause, definitions or Definitions())
    severity = Severity.NOTE if is_excused else Severity.ERROR
    return finding_of(revision, direction, "revision-fails", message, severity, place, todo=todo)


def _waits(
    revision: ChainRevision, direction: Direction, wait: LockWaitError, place: Location | None
) -> Finding:
    """Return the finding for a step that another connection of the same process keeps waiting."""
    message = _with(
        f"its {direction} never ends: {wait}",
        statement=wait.waiter.statement,
        waits_for=wait.holder.statement,
    )
    return finding_of(
        revision, direction, "waits-for-itself", message, place=place, todo=USE_ONE_CONNECTION
    )


def fails_on_rows(revision: ChainRevision, kind: Sequence[Suspicion]) -> Finding:
    """Return one finding on statements that fail over rows for one reason, and run without them."""
    first = kind[0]
    message = server_message(first.error)
    said, statement = _said(first.error)
    which = "rows that only its upgrade allows" if first.is_over_new_rows else "rows"
    place = _place(revision, first.error)
    if place is None and first.line:
        place = Location(shown_path(revision.path), first.line)
    if is_refusal(revision, first.direction, first.error):
        return _refusal(revision, first.error, place, over=f" over {which}")
    columns = [name for one in kind for name in _columns_with_null(one)]
    if len(columns) > 1:
        names = ", ".join(columns)
        said = f"rows hold NULL in {len(columns)} columns that become NOT NULL: {names} "
        said += "(SQLSTATE 23502)"
        further = []
    else:
        further = [f"  also: {_at(one)}{_said(one.error)[0]}" for one in kind[1:]]
    text = _with(
        f"its {first.direction} fails over {which}: {said}",
        row=first.culprit.rows,
        statement=statement,
    )
    return finding_of(
        revision,
        first.direction,
        "fails-on-permitted-rows",
        "\n".join([text, *further]),
        place=place,
        todo=row_remedy(first.direction, message),
    )


def _columns_with_null(one: Suspicion) -> Iterator[str]:
    """Yield the columns that the statement finds NULL in, with their table."""
    message = server_message(one.error)
    if message is None or message.sqlstate != "23502":
        return
    schema = f"{message.schema}." if message.schema not in ("", "public") else ""
    for name in one.columns or (message.column,):
        yield f"{schema}{message.table}.{unquoted(name)}"


def _at(one: Suspicion) -> str:
    return f"line {one.line}: " if one.line else ""


def _refusal(
    revision: ChainRevision, error: BaseException, place: Location | None, *, over: str = ""
) -> Finding:
    if revision.irreversible:
        message = f"does not go down{over}, as it declares: {revision.irreversible}"
        return finding_of(revision, "downgrade", "irreversible", message, Severity.NOTE, place)
    is_usual = isinstance(error, NotImplementedError) and bool(str(error).strip())
    said = " ".join(str(error).split()) if is_usual else describe(error)
    return finding_of(
        revision,
        "downgrade",
        "downgrade-refuses",
        f"its downgrade refuses{over}: {said}",
        Severity.WARNING,
        place,
        todo='write the downgrade, or declare `irreversible = "why"` in the revision and raise '
        "NotImplementedError(irreversible)",
    )


def _with(message: str, **lines: str) -> str:
    """The message and a line below it for each of these that is not empty."""
    return "\n".join(
        [message, *(f"  {name.replace('_', ' ')}: {text}" for name, text in lines.items() if text)]
    )


def untrue_irreversible(revision: ChainRevision) -> Finding:
    """Its downgrade ran and left nothing behind, although the revision declares that it cannot."""
    return finding_of(
        revision,
        "downgrade",
        "declared-not-needed",
        "declares itself irreversible, and its downgrade restores everything",
        Severity.WARNING,
        todo="take the declaration out, or let the downgrade raise NotImplementedError",
    )


def not_proved(revision: ChainRevision, followers: Sequence[ChainRevision]) -> Finding:
    """Return one note on all that was not reached, because the revision does not go up."""
    ids = [one.revision_id for one in followers]
    few = first_of(ids, most=_MOST_NAMED)
    what = (
        "1 revision that needs it is" if len(ids) == 1 else f"{len(ids)} revisions that need it are"
    )
    message = f"since its upgrade fails, {what} not proved: {few}"
    found = finding_of(revision, "upgrade", "not-proved", message, Severity.NOTE)
    return replace(found, others=tuple(ids))


def skipped(revision: ChainRevision, why: str) -> Finding:
    """It was applied and not proved, as the settings say."""
    return finding_of(revision, "upgrade", "skipped", f"not proved: {why}", Severity.NOTE)


def before_the_start(heads: tuple[str, ...], number: int, *, is_all: bool) -> Finding:
    """What the database was at before the walk began is not proved; a warning where that is all."""
    where = ", ".join(sorted(heads))
    revisions = "1 revision is" if number == 1 else f"{number} revisions are"
    message = f"{revisions} not proved: the database starts at {where}"
    severity = Severity.WARNING if is_all else Severity.NOTE
    todo = "ask for revisions behind start_revision" if is_all else ""
    return Finding(rule="not-proved", message=message, severity=severity, todo=todo)


def upgrade_fails(run: UpgradeRun, revision: ChainRevision | None, error: BaseException) -> Finding:
    """Return the finding for an upgrade that fails as env.py runs it, and not revision by revision.

    Without a revision all have run, and their commit fails, or what env.py does behind it.
    """
    if isinstance(error, LockWaitError) and revision is not None:
        return _waits(revision, "upgrade", error, _place(revision, error))
    said, statement = _said(error)
    start = ", ".join(run.start) or "base"
    how = "with all in one transaction" if run.is_one_transaction else "in env.py's transactions"
    sqlstate = message.sqlstate if (message := server_message(error)) else ""
    todo = _IN_ONE_TRANSACTION.get(sqlstate, _ONE_EACH if run.is_one_transaction else "")
    rule = "upgrade-heads-fails"
    if revision is None:
        what = f"`alembic upgrade heads` from {start} fails behind its last revision, {how}: {said}"
        message_ = _with(what, statement=statement)
        return Finding(
            rule=rule, message=message_, location=Location(shown_path(run.place)), todo=todo
        )
    what = f"`alembic upgrade heads` from {start} fails here, {how}: {said}"
    place = _place(revision, error)
    message_ = _with(what, statement=statement)
    return finding_of(revision, "upgrade", rule, message_, place=place, todo=todo)


_ONE_EACH = (
    "give each revision its own transaction: context.configure(…, transaction_per_migration=True) "
    "in env.py"
)
# Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
_IN_ONE_TRANSACTION = {
    "55P04": "PostgreSQL lets a new enum value be used only after a commit: put ALTER TYPE … ADD VALUE "
    f"into `with op.get_context().autocommit_block():`, or {_ONE_EACH}",
    "55006": "run SET CONSTRAINTS ALL IMMEDIATE in the revision that writes the rows, behind its "
    f"statements, or {_ONE_EACH}",
}


def nothing_committed(run: UpgradeRun, missing: str) -> Finding:
    """Return the finding for an env.py whose upgrade succeeds and commits nothing."""
    place = Location(shown_path(run.place))
    return Finding(rule="nothing-committed", message=missing, location=place, todo=run.remedy)


def upgrade_differs(run: UpgradeRun, change: Change) -> Finding:
    """Return the finding for what the upgrade leaves otherwise than its revisions one by one."""
    return Finding(
        rule="upgrade-heads-differs",
        message=f"after `alembic upgrade heads`, otherwise than revision by revision: {change}",
        severity=change.severity,
        location=Location(shown_path(run.place)),
    )


def ended_transaction(revision: ChainRevision, direction: Direction) -> Finding:
    """Return a warning where a step ends its own transaction and goes on."""
    return finding_of(
        revision,
        direction,
        "commits-halfway",
        f"its {direction} ends Alembic's transaction by itself: where a later statement fails, the first "
        "half stays and the revision cannot be applied again; what follows the commit, the version "
        "included, is in no transaction of Alembic's",
        Severity.WARNING,
        todo=LEAVE_TRANSACTION_TODO,
    )


def stopped(error: BaseException, number: int) -> Finding:
    """Return the finding that closes what was found before an error ended the proof."""
    revisions = "1 revision is" if number == 1 else f"{number} revisions are"
    return Finding(
        rule="proof-stopped",
        message=f"the proof ended before its end, {revisions} not proved: {describe(error)}",
    )


def finding_of(
    revision: ChainRevision,
    direction: Direction,
    rule: str,
    message: str,
    severity: Severity = Severity.ERROR,
    place: Location | None = None,
    *,
    todo: str = "",
) -> Finding:
    """A finding about one revision, at its file."""
    return Finding(
        rule=rule,
        message=f"{revision.revision_id}: {message}",
        severity=severity,
        location=place or Location(shown_path(revision.path)),
        revision=revision.revision_id,
        direction=direction,
        todo=todo,
    )


def _said(error: BaseException) -> tuple[str, str]:
    """What went wrong in one line, and the statement that did it, empty when it is not known."""
    message = server_message(error)
    if message is not None:
        return message.one_line, message.statement
    if said := unnamed_drop(error):
        return said, ""
    return describe(error), ""


def _place(revision: ChainRevision, error: BaseException) -> Location | None:
    path, _, line = place_in(error, (revision.path,)).rpartition(":")
    return Location(shown_path(path), int(line)) if path else None
