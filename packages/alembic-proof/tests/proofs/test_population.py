"""The rows of one scratch database, between the steps of a walk."""

from __future__ import annotations

import pytest

from alembic_proof.proofs.roundtrip.row_changes import row_changes
from alembic_proof.rows import TableName

from .site import NOTES, USERS, Site, Visit


def test_only_new_and_changed_tables_are_filled(visit: Visit) -> None:
    """A table gets rows once, and again when its shape is another one."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        site.population.fill(site.ground)
        assert len(site.rows("users")) == 3

        site.run("ALTER TABLE users ADD COLUMN age integer")
        site.population.fill(site.ground)

        assert (len(site.rows("users")), len(site.rows("notes"))) == (6, 3)

    visit(body)


def test_a_table_can_be_left_out(visit: Visit) -> None:
    """It stays empty, and so does what cannot be without it."""

    def body(site: Site) -> None:
        report = site.population.fill(site.ground)

        assert site.rows("users") == []
        assert [one.table for one in report.not_filled] == [NOTES]

    visit(body, left_out=frozenset({"users"}))


def test_supplied_rows_come_first_and_once(visit: Visit) -> None:
    """The second filling makes rows of its own instead of the same ones again."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        assert site.rows("users")[-1] == {"id": 900, "name": "Ann"}

        site.run("ALTER TABLE users ADD COLUMN age integer")
        report = site.population.fill(site.ground)

        assert len(site.rows("users")) == 6
        assert report.not_filled == ()

    visit(body, supplied={"users": [{"id": 900, "name": "Ann"}]})


def test_what_moves_without_the_catalog_is_seen(visit: Visit) -> None:
    """Rows of any table; where nothing moves the reading is the same value."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        before = site.population.read(site.ground)
        assert site.population.read(site.ground) is before

        site.run("DELETE FROM notes", "UPDATE users SET name = 'x' WHERE id = 1")
        after = site.population.read(site.ground)

        assert [str(change) for change in row_changes(before, after)] == [
            "notes: 3 of 3 rows gone (id=1; id=2; id=3)",
            "users.name: 1 of 2 values changed (id=1)",
        ]

    visit(body)


def test_what_another_session_has_counted_says_nothing(visit: Visit) -> None:
    """The first reading of a session digests all tables: what was there may have equal counts."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        before = site.population.read(site.ground)

        site.population.held.forget_counts()

        assert site.population.read(site.ground) is not before
        assert not site.population.has_moved(site.ground)

    visit(body)


def test_a_renamed_label_is_seen(visit: Visit) -> None:
    """No row moves when an enum's label gets another name, and its values are others all the same."""

    def body(site: Site) -> None:
        site.run("CREATE TYPE mood AS ENUM ('sad')", "CREATE TABLE moods (id integer, mood mood)")
        site.population.fill(site.ground)
        before = site.population.read(site.ground)

        site.run("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")
        after = site.population.read(site.ground)

        assert {change.place for change in row_changes(before, after)} == {"moods.mood"}

    visit(body)


def test_a_table_is_emptied_with_all_that_refers_to_it(visit: Visit) -> None:
    """It is filled again only when that is asked for."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)

        assert site.population.take_away(site.ground, USERS)
        site.population.fill(site.ground)
        assert (site.rows("users"), site.rows("notes")) == ([], [])
        site.population.refill()
        site.population.fill(site.ground)
        assert (len(site.rows("users")), len(site.rows("notes"))) == (3, 3)

    visit(body)


def test_some_rows_are_taken_away_and_others_stay(visit: Visit) -> None:
    """Where another row refers to one of them, none is, also by a key that is judged late."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)

        assert site.population.take_away(site.ground, NOTES, condition="id = 2 AND '%' <> ''")
        assert [row["id"] for row in site.rows("notes")] == [1, 3]
        assert not site.population.take_away(site.ground, USERS, condition="true")
        site.run("ALTER TABLE notes ALTER CONSTRAINT notes_user_id_fkey DEFERRABLE")
        site.run("ALTER TABLE notes ALTER CONSTRAINT notes_user_id_fkey INITIALLY DEFERRED")
        assert not site.population.take_away(site.ground, USERS, condition="true")
        assert len(site.rows("users")) == 3

    visit(body)


def test_what_goes_with_other_rows_is_filled_again(visit: Visit) -> None:
    """A table that another one's rows were deleted from, or set to NULL, is no full one."""

    def body(site: Site) -> None:
        site.run(
            "ALTER TABLE notes DROP CONSTRAINT notes_user_id_fkey,"
            " ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE"
        )
        site.population.fill(site.ground)

        assert site.population.take_away(site.ground, USERS, condition="id = 2")
        site.population.refill()
        site.population.fill(site.ground)

        assert (len(site.rows("users")), len(site.rows("notes"))) == (5, 5)

    visit(body)


def test_a_partition_is_filled_again_with_its_table(visit: Visit) -> None:
    """PostgreSQL names the partition that a row is in."""

    def body(site: Site) -> None:
        site.run(
            "CREATE TABLE logs (id integer PRIMARY KEY) PARTITION BY RANGE (id)",
            "CREATE TABLE logs_all PARTITION OF logs DEFAULT",
        )
        site.population.fill(site.ground)

        part = TableName("public.logs_all")
        assert site.population.take_away(site.ground, part, condition="id = 2")
        site.population.fill(site.ground)
        assert len(site.rows("logs")) == 2
        site.population.refill()
        site.population.fill(site.ground)
        assert len(site.rows("logs")) == 5

    visit(body)


def test_rows_that_nobody_has_looked_at_are_not_ours(visit: Visit) -> None:
    """What a revision writes that is only applied is the history's own; what we write is not."""

    def body(site: Site) -> None:
        site.population.fill(site.ground)
        site.population.read(site.ground)
        site.run("INSERT INTO notes VALUES (900, 1)")
        site.population.is_passed = True

        site.population.fill(site.ground)

        assert site.population.mixed == {NOTES}

    visit(body)


def test_rows_that_were_there_before_are_not_ours(visit: Visit) -> None:
    """A database may have been led somewhere by SQL of the project's."""

    def body(site: Site) -> None:
        site.run("INSERT INTO users VALUES (900, 'root')")

        site.population.fill(site.ground)

        assert site.population.mixed == {USERS}
        assert not site.population.take_away(site.ground, USERS)

    visit(body)


@pytest.mark.parametrize("obstacle", ["mixed", "trigger"])
def test_rows_that_are_not_ours_stay(visit: Visit, obstacle: str) -> None:
    """Where a revision has written rows, or somebody forbids it, nothing is taken away."""

    def body(site: Site) -> None:
        if obstacle == "trigger":
            site.run(
                "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql"
                " AS $$ BEGIN RAISE EXCEPTION 'no'; END $$",
                "CREATE TRIGGER no BEFORE TRUNCATE ON notes EXECUTE FUNCTION no()",
            )
        else:
            site.population.mixed.add(NOTES)
        site.population.fill(site.ground)

        assert not site.population.take_away(site.ground, USERS)
        assert (len(site.rows("users")), len(site.rows("notes"))) == (3, 3)

    visit(body)
