"""The observation of one revision's cycle: frozen records, which `judge` turns into findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from alembic_proof.catalog import Catalog
from alembic_proof.history.dry_run import SentStatement
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.roundtrip.session_leaks import LeakedSetting
from alembic_proof.rows import Digests, FillReport, TableName, UserTables
from alembic_proof.rows.duplicates import DuplicateRows
from alembic_proof.rows.schema import display_name

Direction = Literal["upgrade", "downgrade", "second upgrade"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)
"""The steps of a cycle, in the order in which they run."""


def comes_after(step: Direction, other: Direction) -> bool:
    """Return whether the step runs only after the other one has succeeded."""
    return DIRECTIONS.index(step) > DIRECTIONS.index(other)


@dataclass(frozen=True, slots=True)
class State:
    """A database between two steps."""

    catalog: Catalog = field(default_factory=Catalog)
    rows: Digests = field(default_factory=Digests)
    """Empty where the proof runs without rows."""
    tables: UserTables = field(default_factory=UserTables, compare=False)
    """The definitions of the tables that `rows` is about."""


@dataclass(frozen=True, slots=True)
class HidingTable:
    """A table with rows whose policies bind the role that migrates, although it owns the table."""

    name: TableName
    count: int
    hidden: int
    """The number of rows that SELECT does not show."""
    policies: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    """The policies' expressions, with the bodies of the functions that they call."""

    def __str__(self) -> str:
        """Return which policies hide how many of its rows."""
        names = ", ".join(self.policies)
        if not self.hidden:
            return (
                f"the policies of {display_name(self.name)} ({names}) show rows to SELECT that they hide "
                "from UPDATE or DELETE"
            )
        rows = f"{self.hidden} of {self.count} rows of {display_name(self.name)}"
        match len(self.policies):
            case 0:
                return f"no policy shows {rows}"
            case 1:
                return f"policy {names} hides {rows}"
        return f"policies {names} hide {rows}"


@dataclass(frozen=True, slots=True)
class HiddenRows:
    """Rows that a policy hid from a step: the step without FORCE wrote to more tables."""

    tables: tuple[TableName, ...]
    """The tables that only the run without FORCE ROW LEVEL SECURITY wrote to."""
    hiding: tuple[HidingTable, ...]
    """The tables whose policies explain that."""
    statement: SentStatement | None = None
    """The statement that did not find the rows; None where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: an upgrade or a downgrade, and the database after it."""

    direction: Direction
    after: State = field(default_factory=State)
    """Empty where the step failed."""
    has_ended_transaction: bool = False
    """Whether the revision ended the transaction that Alembic began for the step."""
    leaked: tuple[LeakedSetting, ...] = ()
    """The session settings that it changed; they were restored."""
    hidden_rows: HiddenRows | None = None
    may_hide_rows: bool = False
    """Whether policies may have hidden rows: the run without FORCE does not show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowTest:
    """Further steps over rows that were inserted for them alone."""

    before: State
    """The database after the insertion."""
    tables: tuple[TableName, ...] = ()
    """The tables that have got rows."""
    duplicates: tuple[DuplicateRows, ...] = ()
    """The inserted rows, where they are duplicates of a key that the upgrade adds."""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The cycle of one revision, as far as it ran: upgrade, downgrade, second upgrade, row tests."""

    revision: ChainRevision
    has_rows: bool = False
    is_retry: bool = False
    """Whether the revision failed on rows before, and runs without them now."""
    is_upgrade_empty: bool = False
    """Whether upgrade() has no statement; only known of a revision that declares `lossy`."""
    is_dry_run_committed: bool = False
    """Whether a dry run committed its changes, so that the database cannot be used any more."""
    has_removed_rows: bool = False
    """Whether rows were removed from the database because the revision failed on them."""
    before: State = field(default_factory=State)
    steps: tuple[Step, ...] = ()
    """Upgrade, downgrade and second upgrade, in order; five where the last two ran once more."""
    repeated_upgrade: Digests | None = None
    """The rows that another run of the second upgrade made of the same rows; None if unknown."""
    new_columns: frozenset[str] = frozenset()
    """The columns that the revisions directly before added to existing tables, qualified and quoted."""
    new_rows: RowTest | None = None
    """The downgrade and upgrade over rows that only the new schema permits."""
    duplicates: RowTest | None = None
    """The steps over rows that a new key rejects; the first step is the downgrade before them."""
    failed: Step | None = None
    """The step that failed and ended the cycle."""
    reports: tuple[FillReport, ...] = ()
    unread: tuple[tuple[TableName, str], ...] = ()
    """The tables whose rows could not be read, and why."""
    times: tuple[tuple[str, float], ...] = ()
    """The seconds that each kind of step took, and the work on rows."""

    @property
    def is_complete(self) -> bool:
        """Whether upgrade, downgrade and second upgrade have succeeded."""
        return len(self.steps) in (3, 5)

    @property
    def upgraded(self) -> State:
        """The database after the first upgrade; before it, where that was not reached."""
        return self.steps[0].after if self.steps else self.before

    @property
    def downgraded(self) -> State:
        """The database after the first downgrade; before the upgrade, where that was not reached."""
        return self.steps[1].after if len(self.steps) > 1 else self.before

    @property
    def upgraded_again(self) -> State:
        """The database after the last second upgrade; after the first one, where not reached."""
        return self.steps[-1].after if self.is_complete else self.upgraded

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Every step that ran, in order, with the one that failed."""
        tests = (test.steps for test in (self.new_rows, self.duplicates) if test)
        failed = (self.failed,) if self.failed else ()
        return (*self.steps, *(step for steps in tests for step in steps), *failed)

    @property
    def inserted_duplicates(self) -> tuple[DuplicateRows, ...]:
        """The duplicates in the database when the last step began."""
        return self.duplicates.duplicates if self.duplicates else ()

    @property
    def has_new_rows(self) -> bool:
        """Whether the last step met rows that only the new schema permits."""
        return self.new_rows is not None and not self.inserted_duplicates

    @property
    def has_hidden_rows(self) -> bool:
        """Whether a policy hid rows from a step, or may have hidden some.

        What such a step left unchanged, it may have left for that reason alone.
        """
        return any(step.may_hide_rows or step.hidden_rows for step in self.all_steps)
