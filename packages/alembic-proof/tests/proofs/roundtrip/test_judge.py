"""Observations and the findings on them, without a server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alembic_proof.catalog import Catalog, CatalogObject, key
from alembic_proof.finding import Severity
from alembic_proof.history.revisions import ChainRevision
from alembic_proof.proofs.exclusions import IgnorePatterns
from alembic_proof.proofs.roundtrip.judge import judge
from alembic_proof.proofs.roundtrip.observation import (
    Direction,
    HiddenRows,
    HidingTable,
    Observation,
    RowTest,
    State,
    Step,
)
from alembic_proof.proofs.roundtrip.row_changes import is_restored
from alembic_proof.proofs.roundtrip.session_leaks import LeakedSetting
from alembic_proof.rows import Digests, TableInfo, TableName, UserTables
from alembic_proof.rows.digest import RowDigest, TableDigest
from alembic_proof.rows.duplicates import DuplicateRows
from alembic_proof.rows.schema import Check, ColumnInfo, TypeInfo, TypeKind
from alembic_proof.rows.sequences import SequencePosition

USERS = TableName("public.users")
TABLES = UserTables.of([TableInfo(USERS)])
INSERTED = DuplicateRows(USERS, (("1", "(0,1)"),))
NO_PATTERNS = IgnorePatterns()
BASE = Catalog.of([CatalogObject(key("table", "public.users"), ())])
UP = Catalog.of([*BASE.objects, CatalogObject(key("view", "public.v"), ())])
OTHER = Catalog.of([*UP.objects, CatalogObject(key("view", "public.w"), ())])


def rows(*names: str | None, behind: bool = False) -> Digests:
    """Return the digests of a table with the ids 1, 2, … and these names."""
    found = tuple(
        RowDigest((str(number),), (number, None if name is None else ord(name[0])))
        for number, name in enumerate(names, 1)
    )
    position = SequencePosition("id", 1 if behind else 9, 1, len(names), 42)
    table = TableDigest(
        USERS, ("id", "name"), ("id",), len(found), found, sequence_positions=(position,)
    )
    return Digests((table,))


NAMES = rows("a", "b")


def state(catalog: Catalog, digests: Digests = NAMES) -> State:
    """Return a database with this catalog and these rows."""
    return State(catalog, digests, TABLES)


def step(direction: Direction, after: State) -> Step:
    """Return a step that succeeded."""
    return Step(direction=direction, after=after)


def cycle(
    *after: State, before: State | None = None, lossy: str = "", irreversible: str = ""
) -> Observation:
    """Return the observation of a revision whose steps led to these states."""
    directions: tuple[Direction, ...] = (
        "upgrade",
        "downgrade",
        "second upgrade",
        "downgrade",
        "second upgrade",
    )
    first = after[0].rows if after else None
    return Observation(
        revision=ChainRevision(
            revision_id="0002",
            path=Path("0002.py"),
            title="",
            lossy=lossy,
            irreversible=irreversible,
        ),
        has_rows=True,
        before=before or state(BASE),
        steps=tuple(map(step, directions, after)),
        repeated_upgrade=first,
    )


CLEAN = cycle(state(UP), state(BASE), state(UP))


def found(seen: Observation, patterns: IgnorePatterns = NO_PATTERNS) -> list[tuple[str, str, str]]:
    """Return id, severity and direction of each finding, in order."""
    return [(one.id, one.severity.value, one.direction) for one in judge(seen, patterns).findings]


def restores(seen: Observation) -> bool:
    """Return whether the downgrade restored everything."""
    return is_restored(seen.before, seen.upgraded, seen.downgraded, NO_PATTERNS)


def test_a_cycle_that_restores_everything_is_clean() -> None:
    """The database stays usable for the next revision."""
    judgement = judge(CLEAN, NO_PATTERNS)

    assert (judgement.findings, judgement.is_sound) == ((), True)
    assert restores(CLEAN)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_cycle_that_was_interrupted_is_judged_as_far_as_it_ran(number: int) -> None:
    """Steps that were not reached are no findings."""
    assert found(replace(CLEAN, steps=CLEAN.steps[:number])) == []


def test_a_downgrade_that_leaves_an_object_is_not_restored() -> None:
    """The database is sound all the same: the second upgrade made what the first one made."""
    seen = cycle(state(UP), state(UP), state(UP))

    assert found(seen) == [("not-restored", "error", "downgrade")]
    assert judge(seen, NO_PATTERNS).is_sound
    assert not restores(seen)


def test_a_second_upgrade_that_makes_another_catalog_is_not_rebuilt() -> None:
    """The proof goes on in a fresh database."""
    seen = cycle(state(UP), state(BASE), state(OTHER))

    assert found(seen) == [("not-rebuilt", "error", "second upgrade")]
    assert not judge(seen, NO_PATTERNS).is_sound


def test_an_ignored_change_is_no_finding() -> None:
    """Of the two views only one is named by the pattern."""
    seen = cycle(state(UP), state(OTHER), state(UP))
    patterns = IgnorePatterns(("view:public.w",))

    judgement = judge(seen, patterns)

    assert len(found(seen)) == 2
    assert [one.message for one in judgement.findings] == [
        "0002: after its downgrade: view public.v: unexpected"
    ]


def test_the_matched_patterns_are_part_of_the_judgement() -> None:
    """Of each comparison: the downgrade leaves w, the second upgrade does not; nothing else matches."""
    seen = cycle(state(UP), state(OTHER), state(UP))
    again = cycle(state(UP), state(BASE), state(OTHER))
    patterns = IgnorePatterns(("view:public.w", "table:public.*"))

    assert judge(seen, patterns).matched_patterns == {"view:public.w"}
    assert judge(again, patterns).matched_patterns == {"view:public.w"}
    assert judge(CLEAN, patterns).matched_patterns == frozenset()


@pytest.mark.parametrize("is_new_rows", [True, False])
def test_a_pattern_may_match_in_a_test_over_inserted_rows(*, is_new_rows: bool) -> None:
    """Not where inserting the rows changed the catalog: the step is not compared then."""
    patterns = IgnorePatterns(("view:public.w",))
    steps = (step("downgrade", state(BASE)), step("second upgrade", state(OTHER)))
    before = UP if is_new_rows else BASE
    compared = RowTest(before=state(before), tables=(USERS,), steps=steps)
    changed = RowTest(before=state(OTHER), tables=(USERS,), steps=steps)

    def matched(test: RowTest) -> frozenset[str]:
        seen = replace(CLEAN, new_rows=test) if is_new_rows else replace(CLEAN, duplicates=test)
        return judge(seen, patterns).matched_patterns

    assert matched(compared) == {"view:public.w"}
    assert matched(changed) == frozenset()


@pytest.mark.parametrize(
    ("after", "id_"),
    [
        (rows("a"), "rows-lost"),
        (rows("a", None), "rows-lost"),
        (rows("a", "x"), "rows-lost"),
        (rows("a", "b", "c"), "rows-left"),
        (rows("a", "b", behind=True), "sequence-behind"),
    ],
)
def test_rows_that_the_downgrade_changes_are_found(after: Digests, id_: str) -> None:
    """Rows and values that are gone, others, new ones, and a sequence that gives taken numbers."""
    seen = cycle(state(UP), state(BASE, after), state(UP))

    assert found(seen)[0] == (id_, "error", "downgrade")
    assert not restores(seen)


def test_the_rows_of_a_finding_are_its_details() -> None:
    """By their primary keys."""
    seen = cycle(state(UP), state(BASE, rows("a", None)), state(UP, rows("a", None)))

    [first, *_] = judge(seen, NO_PATTERNS).findings

    assert first.message == "0002: users.name: 1 of 2 values gone after downgrade"
    assert first.details == ("id=2",)


def test_a_declared_loss_is_a_note() -> None:
    """Only the declared column: another one stays an error."""
    lost = state(BASE, rows("a", None)), state(UP, rows("a", None))

    declared = found(cycle(state(UP), *lost, lossy="users.name: cut"))
    other = found(cycle(state(UP), *lost, lossy="users.id: cut"))

    assert declared[0] == ("rows-lost", "note", "downgrade")
    assert other[0] == ("rows-lost", "error", "downgrade")


def test_values_that_each_upgrade_generates_are_a_note() -> None:
    """The downgrade had restored everything, and the second upgrade made other values."""
    seen = cycle(state(UP, rows("a", "x")), state(BASE), state(UP, rows("a", "y")))

    assert found(seen) == [("rows-nondeterministic", "note", "second upgrade")]


def test_a_loss_of_the_second_upgrade_is_found() -> None:
    """The negative of the test above: values that are gone are not generated."""
    seen = cycle(state(UP), state(BASE), state(UP, rows("a")))

    assert found(seen) == [("rows-lost", "error", "second upgrade")]


def test_an_irreversible_revision_that_restores_everything_is_untrue() -> None:
    """Not where it was proved without rows, since it had failed on them."""
    seen = cycle(state(UP), state(BASE), state(UP), irreversible="no way back")

    assert found(seen) == [("declared-not-needed", "warning", "downgrade")]
    assert found(replace(seen, is_retry=True)) == []
    assert found(replace(seen, steps=seen.steps[:1])) == []
    assert found(replace(seen, steps=())) == []


def test_a_change_that_an_irreversible_revision_leaves_is_a_note() -> None:
    """And a second upgrade that fails on it is excused."""
    seen = cycle(state(UP), state(UP), irreversible="no way back")
    failed = replace(seen, failed=Step(direction="second upgrade"))

    assert found(failed) == [("not-restored", "note", "downgrade")]
    assert judge(failed, NO_PATTERNS).is_failure_excused
    assert not judge(
        replace(cycle(state(UP), state(UP)), failed=failed.failed), NO_PATTERNS
    ).is_failure_excused


def test_findings_on_a_step_come_once_and_in_order() -> None:
    """A setting that both upgrades leave, and a transaction that both end, is one finding each."""
    odd = [
        replace(
            one,
            leaked=(LeakedSetting("role", "x"),) if one.direction != "downgrade" else (),
            has_ended_transaction=one.direction != "downgrade",
        )
        for one in CLEAN.steps
    ]

    assert found(replace(CLEAN, steps=tuple(odd))) == [
        ("commits-halfway", "warning", "upgrade"),
        ("setting-left", "warning", "upgrade"),
    ]


def test_hidden_rows_are_found_and_excuse_declarations() -> None:
    """Also of the step that failed; what such a step keeps, it may keep by that alone."""
    hidden = HiddenRows((USERS,), (HidingTable(USERS, 3, 2, ("p",)),))
    steps = (replace(CLEAN.steps[0], hidden_rows=hidden), *CLEAN.steps[1:])
    seen = replace(CLEAN, steps=steps, revision=replace(CLEAN.revision, irreversible="no"))

    assert found(seen) == [("policy-hides-rows", "error", "upgrade")]
    failed = Step(direction="downgrade", hidden_rows=hidden)
    assert found(replace(CLEAN, steps=CLEAN.steps[:1], failed=failed)) == [
        ("policy-hides-rows", "error", "downgrade")
    ]


def with_new_rows(below: Digests, end: Digests) -> Observation:
    """Return a clean cycle, then down and up over a third row that only the new schema permits."""
    test = RowTest(
        before=state(UP, rows("a", "b", "new")),
        tables=(USERS,),
        steps=(step("downgrade", state(BASE, below)), step("second upgrade", state(UP, end))),
    )
    return replace(CLEAN, new_rows=test)


def test_new_rows_that_a_downgrade_deletes_are_a_note() -> None:
    """The older schema forbids them; that older rows go with them is an error."""
    assert found(with_new_rows(rows("a", "b"), rows("a", "b"))) == [
        ("new-rows-gone", "note", "downgrade")
    ]
    assert found(with_new_rows(rows("a"), rows("a")))[0] == ("rows-lost", "error", "downgrade")


def test_a_catalog_that_new_rows_change_makes_the_database_unsound() -> None:
    """A trigger of the new schema may create something: differences after that mean nothing."""
    seen = with_new_rows(rows("a", "b", "new"), rows("a", "b", "new"))
    assert seen.new_rows is not None
    changed = replace(seen, new_rows=replace(seen.new_rows, before=state(OTHER)))

    assert judge(seen, NO_PATTERNS).is_sound
    assert not judge(changed, NO_PATTERNS).is_sound


def over_duplicates(below: Digests, *inserted: DuplicateRows) -> Observation:
    """Return a clean cycle, then its steps over a duplicate below the revision."""
    test = RowTest(
        before=state(BASE, rows("a", "a")),
        duplicates=inserted,
        steps=(
            step("downgrade", state(BASE)),
            step("upgrade", state(UP, rows("a"))),
            step("downgrade", state(BASE, below)),
            step("second upgrade", state(UP, below)),
        ),
    )
    return replace(CLEAN, duplicates=test)


@pytest.mark.parametrize(
    ("lossy", "severity"),
    [("", "error"), ("users: duplicates are merged", "note"), ("users.name: cut", "error")],
)
def test_duplicates_that_the_cycle_loses_are_found(lossy: str, severity: str) -> None:
    """A note where the loss is declared; nothing where all of them are kept."""
    seen = over_duplicates(rows("a"), INSERTED)
    declared = replace(seen, revision=replace(seen.revision, lossy=lossy))

    assert found(declared)[0] == ("rows-lost", severity, "downgrade")
    assert found(over_duplicates(rows("a", "a"), INSERTED)) == []


def test_a_cycle_without_inserted_duplicates_loses_none() -> None:
    """Only rows that were inserted count as duplicates."""
    assert found(over_duplicates(rows("a"))) == []


@pytest.mark.parametrize(
    ("lossy", "expected"),
    [
        ("users.name: cut", [("declared-not-needed", "warning", "downgrade")]),
        ("users.nmae: cut", [("declared-not-needed", "warning", "downgrade")]),
        ("cut", [("declared-not-needed", "warning", "downgrade")]),
    ],
)
def test_a_declared_loss_that_does_not_happen_is_untrue(
    lossy: str, expected: list[tuple[str, str, str]]
) -> None:
    """Also one that names nothing, or something that does not exist; not of an empty upgrade."""
    seen = cycle(state(UP), state(BASE), state(UP), lossy=lossy)

    assert found(seen) == expected
    assert found(replace(seen, is_upgrade_empty=True)) == []


WIDE, NARROW = (
    TypeInfo("pg_catalog", "int8", TypeKind.BASE),
    TypeInfo("pg_catalog", "int4", TypeKind.BASE),
)
POSITIVE = Check("positive", "size > 0", ("size",))


def table_of(type_: TypeInfo, *checks: Check) -> TableInfo:
    """Return the table with a column `size` of this type and a column `name`."""
    columns = (ColumnInfo("size", type_), ColumnInfo("name", WIDE))
    return TableInfo(USERS, columns, checks=checks)


@pytest.mark.parametrize(
    ("lossy", "before", "after", "severity"),
    [
        ("users.size: cut", table_of(NARROW), table_of(WIDE), "note"),
        ("users: rows are deleted", table_of(NARROW), table_of(WIDE), "note"),
        ("users.size: set", table_of(WIDE, POSITIVE), table_of(WIDE), "note"),
        ("users.name: set", table_of(WIDE, POSITIVE), table_of(WIDE), "warning"),
        ("users.name: cut", table_of(NARROW), table_of(WIDE), "warning"),
        ("users.size: cut", table_of(WIDE), table_of(WIDE), "warning"),
        (
            "users.size: set",
            table_of(WIDE, POSITIVE),
            table_of(WIDE, replace(POSITIVE, name="ck_size")),
            "warning",
        ),
    ],
)
def test_a_declared_loss_that_other_rows_may_show_is_a_note(
    lossy: str, before: TableInfo, after: TableInfo, severity: str
) -> None:
    """Where the revision changes what is valid; not for another column, nor for a constraint's name."""
    old, new = UserTables.of([before]), UserTables.of([after])
    seen = cycle(
        replace(state(UP), tables=new),
        replace(state(BASE), tables=old),
        replace(state(UP), tables=new),
        before=replace(state(BASE), tables=old),
        lossy=lossy,
    )

    assert found(seen) == [("declared-not-needed", severity, "downgrade")]


def test_a_declaration_without_a_name_covers_every_loss() -> None:
    """That is a note, which lists what it covers."""
    lost = rows("a", None)
    seen = cycle(state(UP), state(BASE, lost), state(UP, lost), lossy="names are cut")

    notes = [one for one in judge(seen, NO_PATTERNS).findings if one.id == "loss-without-a-name"]

    assert [(one.severity, "users.name" in one.message) for one in notes] == [(Severity.NOTE, True)]
