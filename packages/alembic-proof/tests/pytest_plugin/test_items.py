"""`pytest --alembic-proof`: an item for each revision and direction, and its findings."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .run import Runner

CHOSEN = "0001 or 0002 or 0003"
START_SQL = "CREATE TABLE public.users (id integer PRIMARY KEY, name text);\n"


def test_a_clean_history_passes(open_case: Callable[[str], Path], run: Runner) -> None:
    """Every revision is three items, and each one passes."""
    root = open_case("roundtrip/history/clean")

    done = run(root, "--alembic-proof", "--deselect", "alembic-proof::parity")

    assert done.code == 0, done.output
    assert done.outcomes == {
        "0001_users::upgrade": "passed",
        "0001_users::downgrade": "passed",
        "0001_users::second-upgrade": "passed",
        "0002_stamp::upgrade": "passed",
        "0002_stamp::downgrade": "passed",
        "0002_stamp::second-upgrade": "passed",
        "history": "passed",
    }


def test_each_item_reports_its_own_findings(open_case: Callable[[str], Path], run: Runner) -> None:
    """One run reports each finding at its item; items that were not reached are skipped."""
    root = open_case("roundtrip/history/one_run_lists_all")

    done = run(root, "--alembic-proof", "--deselect", "alembic-proof::parity")

    assert done.code == 1
    assert sorted(done.with_outcome("failed")) == [
        "0002_typo::downgrade",
        "0003_role::downgrade",
        "0003_role::second-upgrade",
        "0004_missing::upgrade",
        "0006_beside::downgrade",
    ]
    assert sorted(done.with_outcome("skipped")) == [
        "0002_typo::second-upgrade",
        "0004_missing::downgrade",
        "0004_missing::second-upgrade",
        "0005_follows::downgrade",
        "0005_follows::second-upgrade",
        "0005_follows::upgrade",
    ]
    assert len(done.with_outcome("passed")) == 11


def test_the_scripts_of_sql_are_proved_where_the_settings_ask_for_it(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """The finding is reported at the item of the direction whose script differs."""
    root = open_case("roundtrip/offline_sql/differs")

    done = run(root, "--alembic-proof", "-k", "0003")

    assert done.with_outcome("failed") == ["0003_stays_offline::downgrade"]
    assert "after the script of its downgrade: view public.ids: unexpected" in done.output


def test_a_failure_is_the_finding_and_no_traceback(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """It reads as on the command line; editors make its first line clickable."""
    root = open_case("roundtrip/catalog/forgets_index")

    done = run(root, "--alembic-proof", "-k", "0002")

    assert done.with_outcome("failed") == ["0002_index::downgrade"]
    finding = "versions/0002_index.py: error: not-restored\n  0002: after its downgrade: index "
    assert f"\n{finding}" in done.output
    assert "Traceback" not in done.output
    assert "pytest_plugin" not in done.output


def test_a_skipped_item_says_why_and_where(open_case: Callable[[str], Path], run: Runner) -> None:
    """The reason is the finding that prevented the proof, the location its revision's file."""
    root = open_case("roundtrip/history/one_run_lists_all")

    done = run(root, "--alembic-proof", "-rs", "-k", "0005 or history")

    reason = "0005: not proved: it needs 0004, whose upgrade fails"
    assert f"SKIPPED [3] versions/0005_follows.py:1: {reason}\n" in done.output


@pytest.mark.parametrize(
    ("chosen", "bearer"),
    [("0005 or history", "history"), ("0005", "0005_follows::second-upgrade")],
)
def test_findings_of_a_revision_without_an_item_are_reported(
    open_case: Callable[[str], Path], run: Runner, chosen: str, bearer: str
) -> None:
    """If a chosen revision cannot be reached, `history` fails, or else its last item."""
    root = open_case("roundtrip/history/one_run_lists_all")

    done = run(root, "--alembic-proof", "-k", chosen)

    assert done.code == 1
    assert done.with_outcome("failed") == [bearer]
    assert "0004: its upgrade fails" in done.output


def test_findings_without_a_revision_are_shown(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """An entry of `ignore` that matches nothing is a note, as on the command line."""
    root = open_case("roundtrip/history/clean")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write('ignore = ["trigger:nothing.*"]\n')

    done = run(root, "--alembic-proof", "-rP", "-k", "not parity")

    assert set(done.outcomes.values()) == {"passed"}
    assert "note: ignores-nothing\n" in done.output


def test_history_alone_is_the_round_trip_of_every_revision(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """If no revision has an item, `history` reports all findings."""
    root = open_case("roundtrip/catalog/forgets_index")

    done = run(root, "--alembic-proof", "alembic-proof::history")

    assert done.outcomes == {"history": "failed"}
    assert "0002: after its downgrade: index" in done.output


def test_a_note_does_not_fail_and_is_shown_on_request(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """Columns in another order, if that is compared, are shown in a section of the report."""
    root = open_case("roundtrip/catalog/column_order_compared")

    done = run(root, "--alembic-proof", "-rP", "-k", "0002")

    assert set(done.outcomes.values()) == {"passed"}
    assert re.search("^-+ Captured notes call -+$", done.output, re.MULTILINE)
    assert (
        "note: not-restored\n  0002: after its downgrade: column-order public.users" in done.output
    )


def test_parity_lists_all_differences(open_case: Callable[[str], Path], run: Runner) -> None:
    """Models and history that disagree are one failed item."""
    root = open_case("parity/differs")
    expected = (root / "expected.txt").read_text(encoding="utf-8").splitlines()

    done = run(root, "--alembic-proof", "-k", "parity")

    assert done.outcomes == {"parity": "failed"}
    assert [line for line in expected[:-1] if line not in done.output] == []


def test_parity_ignores_what_the_settings_ignore(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """`ignore` works as on the command line."""
    root = open_case("parity/differs")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as settings:
        settings.write('ignore = ["constraint:public.users.*"]\n')

    done = run(root, "--alembic-proof", "-k", "parity")

    assert done.outcomes == {"parity": "passed"}


def test_equal_models_and_history_pass(open_case: Callable[[str], Path], run: Runner) -> None:
    """All items of a correct project pass."""
    root = open_case("parity/equal")

    done = run(root, "--alembic-proof")

    assert done.code == 0, done.output
    assert done.outcomes["parity"] == "passed"
    assert len(done.outcomes) == 5


def test_what_the_settings_leave_out_is_skipped(
    open_case: Callable[[str], Path], run: Runner
) -> None:
    """A skipped revision and one before the start are skipped items; the others are proved."""
    root = open_case("roundtrip/history/one_run_lists_all")
    settings = root / "pyproject.toml"
    start = '[tool.alembic-proof]\nstart_revision = "0001"\nstart_sql = ["start.sql"]\n'
    skip = '[tool.alembic-proof.skip]\n"0002" = "old"\n'
    text = settings.read_text(encoding="utf-8").replace("[tool.alembic-proof]\n", start)
    settings.write_text(f"{text}\n{skip}", encoding="utf-8")
    (root / "start.sql").write_text(START_SQL, encoding="utf-8")

    done = run(root, "--alembic-proof", "-rs", "-k", CHOSEN, "--alembic-proof-rows=0")

    assert {name[:4] for name in done.with_outcome("skipped")} == {"0001", "0002"}, done.output
    assert len(done.with_outcome("skipped")) == 6
    assert done.with_outcome("failed") == ["0003_role::downgrade", "0003_role::second-upgrade"]
    assert "0001: not proved: the database starts beyond it" in done.output
    assert "0002: not proved: old" in done.output


def test_rows_are_put_into_the_tables(open_case: Callable[[str], Path], run: Runner) -> None:
    """A failure that needs rows is found with them, and not without."""
    root = open_case("roundtrip/permitted_rows/not_null_without_default")

    filled = run(root, "--alembic-proof", "-k", "0002")
    empty = run(root, "--alembic-proof", "-k", "0002", "--alembic-proof-rows", "0")

    assert filled.code == 1
    assert "error: fails-on-permitted-rows\n" in filled.output
    assert empty.code == 0, empty.output
