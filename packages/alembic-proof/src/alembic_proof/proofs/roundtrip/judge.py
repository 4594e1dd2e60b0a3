"""Turn observations into findings. Nothing here reads a database or a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alembic_proof.catalog import Change
from alembic_proof.finding import Finding
from alembic_proof.history.revisions import place_of
from alembic_proof.proofs.exclusions import IgnorePatterns
from alembic_proof.proofs.roundtrip.findings import (
    changes_found,
    ended_transaction,
    hidden_rows,
    settings_left,
    untrue_irreversible,
)
from alembic_proof.proofs.roundtrip.help_texts import UpgradeEffects
from alembic_proof.proofs.roundtrip.observation import Direction, Observation, RowTest, State, Step
from alembic_proof.proofs.roundtrip.row_changes import (
    Rerun,
    behind_after_downgrade,
    changed_tables,
    column_of,
    format_only_changes,
    has_errors,
    is_restored,
    newly_behind,
    newly_lost,
    row_changes,
    split_nondeterministic,
    unrestored,
)
from alembic_proof.proofs.roundtrip.row_findings import (
    ObservedLosses,
    changed_places,
    declared_losses,
    duplicates_lost,
    format_only_differences,
    lost_with_new_rows,
    new_rows_gone,
    nondeterministic_values,
    places_in,
    rows_found,
    sequences_behind,
    shows_losses,
    untrue_lossy,
)
from alembic_proof.rows import (
    RowChange,
    RowChangeKind,
    SequenceBehind,
    compare,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The findings on one revision, and what they mean for the proof of the others."""

    findings: tuple[Finding, ...]
    is_sound: bool
    """Whether the database is as the history makes it, so that the proof can go on in it."""
    is_failure_excused: bool
    """Whether the second upgrade failed because of what a declared irreversible downgrade left."""
    matched_patterns: frozenset[str] = frozenset()
    """The patterns that matched a change of the catalogs that were compared."""


def judge(seen: Observation, patterns: IgnorePatterns) -> Judgement:
    """Return the findings on a cycle, also on one that a failed step ended; each finding once.

    The failed step itself is no subject of it: see `failure`.
    """
    found = tuple(_distinct(_findings(seen, patterns)))
    return Judgement(
        findings=found,
        is_sound=_is_sound(seen, patterns),
        is_failure_excused=seen.failed is not None
        and seen.failed.direction == "second upgrade"
        and bool(seen.revision.irreversible)
        and any(one.id == "not-restored" for one in found),
        matched_patterns=frozenset(
            pattern
            for before, after in _compared_states(seen)
            for pattern in patterns.compare(before.catalog, after.catalog).matched_patterns
        ),
    )


def _compared_states(seen: Observation) -> Iterator[tuple[State, State]]:
    """Yield each pair of states whose catalogs are compared: the expected one and the actual one."""
    yield seen.before, seen.downgraded
    yield seen.upgraded, seen.upgraded_again
    for test, expected in (
        (seen.new_rows, _expected_with_new_rows),
        (seen.duplicates, _expected_with_duplicates),
    ):
        if test is None:
            continue
        for step in test.steps:
            state = expected(seen, test, step)
            if state is not None:
                yield state, step.after


def _expected_with_new_rows(seen: Observation, test: RowTest, step: Step) -> State | None:
    """Return the state whose catalog the step must lead to; None if inserting the rows changed it."""
    if seen.upgraded_again.catalog is not test.before.catalog:
        return None
    return seen.downgraded if step.direction == "downgrade" else seen.upgraded_again


def _expected_with_duplicates(seen: Observation, test: RowTest, step: Step) -> State | None:
    """Return the state whose catalog a second upgrade must lead to; None for the other steps."""
    is_same = test.steps[0].after.catalog is test.before.catalog
    return seen.upgraded_again if is_same and step.direction == "second upgrade" else None


def _distinct(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once, whichever of the steps shows it first."""
    known: set[tuple[object, ...]] = set()
    for one in findings:
        key = (one.id, one.message, one.details, one.postgres, one.statement)
        if key not in known:
            known.add(key)
            yield one


def _findings(seen: Observation, patterns: IgnorePatterns) -> Iterator[Finding]:
    yield from _of_upgrade(seen)
    yield from _of_downgrade(seen, patterns)
    yield from _of_second_upgrade(seen, patterns)
    if seen.new_rows:
        yield from _of_new_rows(seen, seen.new_rows, patterns)
    if seen.duplicates:
        yield from _of_duplicates(seen, seen.duplicates, patterns)
    if seen.failed:
        yield from _of_step(seen, seen.failed)
    elif seen.has_rows and seen.is_complete:
        yield from _of_declared_losses(seen, patterns)


def _of_step(seen: Observation, step: Step) -> Iterator[Finding]:
    """Yield the findings on one step, whatever the database is after it."""
    if step.hidden_rows:
        yield hidden_rows(seen.revision, step.direction, step.hidden_rows)
    if step.has_ended_transaction:
        direction: Direction = "downgrade" if step.direction == "downgrade" else "upgrade"
        yield ended_transaction(seen.revision, direction)
    yield from settings_left(seen.revision, step.direction, step.leaked)


def _of_upgrade(seen: Observation) -> Iterator[Finding]:
    for step in seen.steps[:1]:
        yield from _of_step(seen, step)
        yield from sequences_behind(seen.revision, "upgrade", _behind_after_upgrade(seen))


def _of_downgrade(seen: Observation, patterns: IgnorePatterns) -> Iterator[Finding]:
    revision, before, first, left = seen.revision, seen.before, seen.upgraded, seen.downgraded
    for step in seen.steps[1:2]:
        yield from _of_step(seen, step)
    yield from changes_found(revision, "downgrade", _catalog_changes(before, left, patterns))
    changes = unrestored(before.rows, left.rows, left.tables)
    done = row_changes(before.rows, first.rows) if changes else ()
    upgraded = UpgradeEffects(
        older=before.tables,
        newer=first.tables,
        changed=frozenset((one.table, one.column) for one in done),
    )
    yield from rows_found(
        revision, "downgrade", changes, new_columns=seen.new_columns, upgraded=upgraded
    )
    format_only = format_only_changes(before.rows, left.rows)
    yield from format_only_differences(revision, "downgrade", format_only)
    yield from sequences_behind(revision, "downgrade", _behind_after_downgrade(seen))
    is_seen = len(seen.steps) > 1 and not seen.is_retry
    is_seen &= not any(step.may_hide_rows or step.hidden_rows for step in seen.steps[:2])
    if revision.irreversible and is_seen and _is_restored(seen, patterns):
        yield untrue_irreversible(revision)


def _of_second_upgrade(seen: Observation, patterns: IgnorePatterns) -> Iterator[Finding]:
    revision, first, again = seen.revision, seen.upgraded, seen.upgraded_again
    for step in seen.steps[2:]:
        yield from _of_step(seen, step)
    yield from changes_found(revision, "second upgrade", _catalog_changes(first, again, patterns))
    changes, nondeterministic = _changes_of_second_upgrade(seen)
    yield from rows_found(revision, "second upgrade", changes)
    yield from nondeterministic_values(revision, nondeterministic)
    format_only = format_only_changes(first.rows, again.rows)
    yield from format_only_differences(revision, "second upgrade", format_only)
    yield from sequences_behind(revision, "second upgrade", _behind_after_second_upgrade(seen))


def _of_new_rows(seen: Observation, test: RowTest, patterns: IgnorePatterns) -> Iterator[Finding]:
    """Yield what the steps did to rows that only the new schema permits, and to others beside them.

    What was lost without them is reported already; inserting them may have changed other values.
    """
    for step in test.steps:
        yield from _of_step(seen, step)
        expected = _expected_with_new_rows(seen, test, step)
        if expected is not None:
            changes = _catalog_changes(expected, step.after, patterns)
            yield from changes_found(seen.revision, step.direction, changes)
        if step.direction == "downgrade":
            yield from _of_new_rows_below(seen, test, step.after)


def _of_new_rows_below(seen: Observation, test: RowTest, below: State) -> Iterator[Finding]:
    """Yield what the downgrade did to the new rows, and to the older ones because of them."""
    first, left, again = seen.upgraded, seen.downgraded, seen.upgraded_again
    by_insertion = (one for one in row_changes(again.rows, test.before.rows) if one.is_loss)
    expected = (*_expected_changes(seen), *by_insertion)
    changes = newly_lost(row_changes(left.rows, below.rows), expected=expected)
    touched = changed_tables(
        seen.before.rows, first.rows, older=seen.before.tables, newer=first.tables
    )
    yield from lost_with_new_rows(seen.revision, changes, touched=touched | {*test.tables})
    older_too = {change.table for change in changes}
    gone = unrestored(test.before.rows, below.rows, below.tables)
    yield from new_rows_gone(seen.revision, [one for one in gone if one.table not in older_too])


def _of_duplicates(seen: Observation, test: RowTest, patterns: IgnorePatterns) -> Iterator[Finding]:
    for position, step in enumerate(test.steps):
        yield from _of_step(seen, step)
        if step.direction == "downgrade" and position:
            yield from duplicates_lost(seen.revision, _lost_duplicates(seen))
        expected = _expected_with_duplicates(seen, test, step)
        if expected is not None:
            changes = _catalog_changes(expected, step.after, patterns)
            yield from changes_found(seen.revision, step.direction, changes)


def _of_declared_losses(seen: Observation, patterns: IgnorePatterns) -> Iterator[Finding]:
    """Yield what is untrue of a `lossy` declaration, or imprecise; an empty revision is excused."""
    revision, before, first, left = seen.revision, seen.before, seen.upgraded, seen.downgraded
    if not revision.lossy or seen.is_upgrade_empty:
        return
    duplicates = _lost_duplicates(seen)
    new_rows = _lost_with_new_rows(seen)
    excused = (*unrestored(before.rows, left.rows, left.tables), *duplicates)
    losses = _observed_losses(seen, (*_expected_changes(seen), *new_rows, *excused), excused)
    yield from declared_losses(revision, losses)
    is_kept = _is_restored(seen, patterns) and _is_rebuilt(seen) and not (new_rows or duplicates)
    is_shown = bool(losses.filled) and shows_losses(before.rows, before.tables, first.tables)
    if is_kept and is_shown and not all(loss.names for loss in revision.losses):
        yield untrue_lossy(revision)


def _observed_losses(
    seen: Observation, changes: Iterable[RowChange], excused: Iterable[RowChange]
) -> ObservedLosses:
    """Return what declared losses are compared with; hidden and removed rows show no loss."""
    older, newer = seen.before.tables, seen.upgraded.tables
    filled = {one.table for one in seen.before.rows.tables if one.count}
    new = {one.table for report in seen.reports[1:] for one in report.filled}
    tables = filled | (new - {table.name for table in older})
    behind = frozenset(map(column_of, _behind(seen)))
    is_blind = seen.has_removed_rows or seen.has_hidden_rows
    return ObservedLosses(
        lost=behind.union(place_of(one.table, one.column) for one in changes),
        excused=behind.union(place_of(one.table, one.column) for one in excused),
        there=frozenset(places_in(older)) | frozenset(places_in(newer)),
        filled=frozenset(
            place
            for definitions in (older, newer)
            for table in definitions
            if table.name in tables and not is_blind
            for place in places_in((table,))
        ),
        changed=frozenset(changed_places(older, newer)),
    )


def _expected_changes(seen: Observation) -> tuple[RowChange, ...]:
    """Return what differs in rows after the downgrade and the second upgrade, without further rows."""
    first, left, again = seen.upgraded, seen.downgraded, seen.upgraded_again
    return (*row_changes(seen.before.rows, left.rows), *row_changes(first.rows, again.rows))


def _lost_with_new_rows(seen: Observation) -> tuple[RowChange, ...]:
    """Return what the cycle over new rows has lost when it has ended."""
    test = seen.new_rows
    if test is None or len(test.steps) < 2:
        return ()
    changes = compare(test.before.rows, test.steps[-1].after.rows)
    return tuple(one for one in changes if one.is_loss)


def _lost_duplicates(seen: Observation) -> tuple[RowChange, ...]:
    """Return what the cycle over duplicates has lost, beyond what is lost without them."""
    test = seen.duplicates
    if test is None or not test.duplicates or len(test.steps) < 3:
        return ()
    changes = row_changes(test.before.rows, test.steps[2].after.rows)
    return newly_lost(changes, expected=_expected_changes(seen))


def _changes_of_second_upgrade(
    seen: Observation,
) -> tuple[tuple[RowChange, ...], tuple[RowChange, ...]]:
    """Return what the second upgrade made differently, and what each upgrade makes differently."""
    first, left = seen.upgraded, seen.downgraded
    rerun = Rerun(
        before=seen.before.rows,
        first=first.rows,
        again=seen.upgraded_again.rows,
        repeated=seen.repeated_upgrade,
        user_tables=first.tables,
    )
    changes = unrestored(seen.before.rows, left.rows, left.tables)
    if any(one.kind is RowChangeKind.ROWS_RENUMBERED for one in changes):
        rerun = rerun.with_original_keys()
    return split_nondeterministic(rerun)


def _is_restored(seen: Observation, patterns: IgnorePatterns) -> bool:
    """Return whether the downgrade restored catalog, rows and sequences."""
    return is_restored(seen.before, seen.upgraded, seen.downgraded, patterns)


def _is_rebuilt(seen: Observation) -> bool:
    """Return whether the second upgrade made the rows and sequences of the first one."""
    changes, _ = _changes_of_second_upgrade(seen)
    return not changes and not _behind_after_second_upgrade(seen)


def _is_sound(seen: Observation, patterns: IgnorePatterns) -> bool:
    """Return whether the database is as the history makes it, with rows of ours at most beside it."""
    first, again = seen.upgraded, seen.upgraded_again
    if has_errors(_catalog_changes(first, again, patterns)):
        return False
    for test, expected in ((seen.new_rows, again), (seen.duplicates, None)):
        if test is None:
            continue
        state = expected or test.steps[0].after
        if state.catalog is not test.before.catalog:
            return False
        last = test.steps[-1] if test.steps else None
        is_up = last is not None and last.direction == "second upgrade"
        if is_up and last and has_errors(_catalog_changes(again, last.after, patterns)):
            return False
    return True


def _catalog_changes(before: State, after: State, patterns: IgnorePatterns) -> tuple[Change, ...]:
    return patterns.compare(before.catalog, after.catalog).changes


def _behind(seen: Observation) -> tuple[SequenceBehind, ...]:
    """Return the sequences that any step of the cycle has put behind their rows."""
    return (
        *_behind_after_upgrade(seen),
        *_behind_after_downgrade(seen),
        *_behind_after_second_upgrade(seen),
    )


def _behind_after_upgrade(seen: Observation) -> tuple[SequenceBehind, ...]:
    return newly_behind(seen.before, seen.upgraded)


def _behind_after_downgrade(seen: Observation) -> tuple[SequenceBehind, ...]:
    return behind_after_downgrade(seen.before, seen.upgraded, seen.downgraded)


def _behind_after_second_upgrade(seen: Observation) -> tuple[SequenceBehind, ...]:
    known = (*_behind_after_upgrade(seen), *_behind_after_downgrade(seen))
    return newly_behind(seen.upgraded, seen.upgraded_again, known=known)
