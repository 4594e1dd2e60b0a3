"""The rows of one scratch database, between the steps of a walk."""

from __future__ import annotations

import pytest

from alembic_proof.proofs import RowPlan
from alembic_proof.proofs.roundtrip.row_changes import row_changes
from alembic_proof.rows import TableName

from .site import NOTES, USERS, Site


def test_only_new_and_changed_tables_are_filled(site: Site) -> None:
    """A table gets rows once, and again when its shape is another one."""
    site.synthetic_rows.fill(site.context)
    site.synthetic_rows.fill(site.context)
    assert len(site.rows("users")) == 3

    site.run("ALTER TABLE users ADD COLUMN age integer")
    site.synthetic_rows.fill(site.context)

    assert (len(site.rows("users")), len(site.rows("notes"))) == (6, 3)


@pytest.mark.parametrize("row_plan", [RowPlan(left_out=frozenset({"users"}))])
def test_a_table_can_be_left_out(site: Site) -> None:
    """It stays empty, and so does what cannot be without it."""
    report = site.synthetic_rows.fill(site.context)

    assert site.rows("users") == []
    assert [one.table for one in report.not_filled] == [NOTES]


@pytest.mark.parametrize("row_plan", [RowPlan(supplied={"users": [{"id": 900, "name": "Ann"}]})])
def test_supplied_rows_come_first_and_once(site: Site) -> None:
    """The second filling makes rows of its own instead of the same ones again."""
    site.synthetic_rows.fill(site.context)
    assert site.rows("users")[-1] == {"id": 900, "name": "Ann"}

    site.run("ALTER TABLE users ADD COLUMN age integer")
    report = site.synthetic_rows.fill(site.context)

    assert len(site.rows("users")) == 6
    assert report.not_filled == ()


def test_rows_that_change_without_the_catalog_are_digested_again(site: Site) -> None:
    """Rows of any table; where nothing moves the reading is the same value."""
    site.synthetic_rows.fill(site.context)
    before = site.synthetic_rows.read(site.context)
    assert site.synthetic_rows.read(site.context) is before

    site.run("DELETE FROM notes", "UPDATE users SET name = 'x' WHERE id = 1")
    after = site.synthetic_rows.read(site.context)

    assert [str(change) for change in row_changes(before, after)] == [
        "notes: 3 of 3 rows gone (id=1; id=2; id=3)",
        "users.name: 1 of 2 values changed (id=1)",
    ]


def test_the_counters_of_another_session_are_not_used(site: Site) -> None:
    """The first reading of a session digests all tables: what was there may have equal counts."""
    site.synthetic_rows.fill(site.context)
    before = site.synthetic_rows.read(site.context)

    site.synthetic_rows.cache.forget_counts()

    assert site.synthetic_rows.read(site.context) is not before
    assert not site.synthetic_rows.have_changed(site.context)


def test_a_renamed_label_is_seen(site: Site) -> None:
    """No row moves when an enum's label gets another name, and its values are others all the same."""
    site.run("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE moods (id integer, mood mood)")
    site.synthetic_rows.fill(site.context)
    before = site.synthetic_rows.read(site.context)

    site.run("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")
    after = site.synthetic_rows.read(site.context)

    assert {change.qualified_name for change in row_changes(before, after)} == {"moods.mood"}


def test_a_table_is_emptied_with_all_that_refers_to_it(site: Site) -> None:
    """It is filled again only when that is asked for."""
    site.synthetic_rows.fill(site.context)

    assert site.synthetic_rows.remove_rows(site.context, USERS)
    site.synthetic_rows.fill(site.context)
    assert (site.rows("users"), site.rows("notes")) == ([], [])
    site.synthetic_rows.allow_refill()
    site.synthetic_rows.fill(site.context)
    assert (len(site.rows("users")), len(site.rows("notes"))) == (3, 3)


def test_some_rows_are_deleted_and_others_kept(site: Site) -> None:
    """Where another row refers to one of them, none is, also by a key that is judged late."""
    site.synthetic_rows.fill(site.context)

    assert site.synthetic_rows.remove_rows(site.context, NOTES, condition="id = 2 AND '%' <> ''")
    assert [row["id"] for row in site.rows("notes")] == [1, 3]
    assert not site.synthetic_rows.remove_rows(site.context, USERS, condition="true")
    site.run("ALTER TABLE notes ALTER CONSTRAINT notes_user_id_fkey DEFERRABLE")
    site.run("ALTER TABLE notes ALTER CONSTRAINT notes_user_id_fkey INITIALLY DEFERRED")
    assert not site.synthetic_rows.remove_rows(site.context, USERS, condition="true")
    assert len(site.rows("users")) == 3


def test_rows_deleted_by_a_cascade_are_filled_again(site: Site) -> None:
    """A table that another one's rows were deleted from, or set to NULL, is no full one."""
    site.run(
        "ALTER TABLE notes DROP CONSTRAINT notes_user_id_fkey,"
        " ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE"
    )
    site.synthetic_rows.fill(site.context)

    assert site.synthetic_rows.remove_rows(site.context, USERS, condition="id = 2")
    site.synthetic_rows.allow_refill()
    site.synthetic_rows.fill(site.context)

    assert (len(site.rows("users")), len(site.rows("notes"))) == (5, 5)


def test_a_partition_is_filled_again_with_its_table(site: Site) -> None:
    """PostgreSQL names the partition that a row is in."""
    site.run(
        "CREATE TABLE logs (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
        "CREATE TABLE logs_all PARTITION OF logs DEFAULT",
    )
    site.synthetic_rows.fill(site.context)

    part = TableName("public.logs_all")
    assert site.synthetic_rows.remove_rows(site.context, part, condition="id = 2")
    site.synthetic_rows.fill(site.context)
    assert len(site.rows("logs")) == 2
    site.synthetic_rows.allow_refill()
    site.synthetic_rows.fill(site.context)
    assert len(site.rows("logs")) == 5


def test_undigested_rows_are_not_counted_as_synthetic(site: Site) -> None:
    """What a revision writes that is only applied is the history's own; what we write is not."""
    site.synthetic_rows.fill(site.context)
    site.synthetic_rows.read(site.context)
    site.run("INSERT INTO notes VALUES (900, 1)")
    site.synthetic_rows.needs_rescan = True

    site.synthetic_rows.fill(site.context)

    assert site.synthetic_rows.history_written_tables == {NOTES}


def test_rows_that_existed_before_are_not_counted_as_synthetic(site: Site) -> None:
    """A database may have been led somewhere by SQL of the project's."""
    site.run("INSERT INTO users VALUES (900, 'root')")

    site.synthetic_rows.fill(site.context)

    assert site.synthetic_rows.history_written_tables == {USERS}
    assert not site.synthetic_rows.remove_rows(site.context, USERS)


@pytest.mark.parametrize("obstacle", ["mixed", "trigger"])
def test_rows_of_a_revision_are_kept(site: Site, obstacle: str) -> None:
    """Nothing is deleted where a revision has written rows, or where a trigger forbids it."""
    if obstacle == "trigger":
        site.run(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
            "CREATE TRIGGER no BEFORE TRUNCATE ON notes EXECUTE FUNCTION no()",
        )
    else:
        site.synthetic_rows.history_written_tables.add(NOTES)
    site.synthetic_rows.fill(site.context)

    assert not site.synthetic_rows.remove_rows(site.context, USERS)
    assert (len(site.rows("users")), len(site.rows("notes"))) == (3, 3)
