"""The loop of a backfill, on a real server."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.backfill.loop import BackfillProgress, BackfillSettings, BatchSize
from alembic_deploy.errors import DatabaseError, HistoryError

if TYPE_CHECKING:
    from tests.backfill.conftest import Items

FILLED = "SELECT count(*), count(label), min(times), max(times) FROM public.items"
CHECKPOINT = """
SELECT name, revision, is_undo, relation, last_key, rows_done, finished_at IS NOT NULL
FROM public.alembic_backfill
"""


def test_every_row_is_filled_once(items: Items) -> None:
    """In several batches; the checkpoint says how many rows, and that it is finished."""
    result = items.run()

    assert items.query(FILLED) == [(1000, 1000, 1, 1)]
    assert (result.rows_done, result.rows_done_before) == (1000, 0)
    assert items.query(CHECKPOINT) == [("fill_labels", "r1", False, None, None, 1000, True)]
    transactions = "SELECT count(DISTINCT CAST(xmin AS text)) FROM public.items"
    assert items.query(transactions)[0][0] > 3


def test_a_finished_one_does_nothing(items: Items) -> None:
    """It touches no row again, and counts those that came since."""
    items.run()
    before = items.query("SELECT id, xmin FROM public.items ORDER BY id")

    again = items.run()

    assert again.rows_done == 0
    assert items.query("SELECT id, xmin FROM public.items ORDER BY id") == before
    items.execute("INSERT INTO public.items SELECT n, n FROM generate_series(-9, 0) AS n")
    assert items.run().rows_done == 10
    assert items.query(FILLED) == [(1010, 1010, 1, 1)]


def test_an_empty_table_leaves_no_trace(items: Items) -> None:
    """A fresh database has no table of checkpoints."""
    items.execute("TRUNCATE public.items")

    assert items.run().rows_done == 0
    assert items.query("SELECT to_regclass('public.alembic_backfill')") == [(None,)]


def test_the_undo_is_a_backfill(items: Items) -> None:
    """It takes back what its own `where` finds; the checkpoint is gone with it."""
    items.run()
    items.execute("UPDATE public.items SET label = 'mine' WHERE id = 5")
    undo = replace(
        items.declare(),
        undo=items.declare(
            undo={"set": "label = NULL, times = times - 1", "where": "label LIKE 'item %'"}
        ).undo,
    )

    result = items.run(undo, is_undo=True)

    assert result.rows_done == 999
    assert items.query("SELECT id, label, times FROM public.items WHERE label IS NOT NULL") == [
        (5, "mine", 1)
    ]
    assert items.query(CHECKPOINT) == []


def test_an_ended_run_goes_on(items: Items) -> None:
    """From the key that it has reached: the rows before it are done, and counted."""
    slow = items.declare(set="label = 'item', times = times + 1 + length(pg_sleep(0.001)::text)")
    soon = replace(items.small, deadline_s=time.monotonic() + 0.3)

    with pytest.raises(DatabaseError, match="is not finished at the deadline") as caught:
        items.run(slow, settings=soon)

    [(_, _, _, relation, last_key, done, is_finished)] = items.query(CHECKPOINT)
    assert 0 < done < 1000
    assert (relation, last_key, is_finished) == ("public.items", [str(done)], False)
    assert "it goes on from there" in caught.value.todo
    result = items.run()
    assert (result.rows_done, result.rows_done_before) == (1000 - done, done)
    assert items.query(FILLED) == [(1000, 1000, 1, 1)]
    assert items.query(CHECKPOINT)[0][-2:] == (1000, True)


def test_locked_rows_come_later(items: Items) -> None:
    """No batch waits for a locked row: all others are filled, then these when they are free."""
    reports: list[BackfillProgress] = []
    lock = "SELECT FROM public.items WHERE id IN (1, 500, 1000) FOR UPDATE"
    settings = replace(items.small, report_every_s=0.0)
    with items.other_session(lock) as end:
        thread = threading.Thread(
            target=items.run, kwargs={"settings": settings, "report": reports.append}
        )
        thread.start()
        deadline = time.monotonic() + 20
        while items.query(FILLED)[0][1] < 997 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert items.query(FILLED) == [(1000, 997, 0, 1)]
        assert thread.is_alive()
        end()
        thread.join(20)

    assert items.query(FILLED) == [(1000, 1000, 1, 1)]
    waiting = [
        one for one in reports if one.waits_for.startswith("rows that other sessions lock: ")
    ]
    assert "(the other one)" in waiting[0].waits_for
    assert waiting[0].left_s is None


def test_rows_that_stay_locked_are_an_error(items: Items) -> None:
    """It is bounded, and names the session that holds them."""
    settings = replace(items.small, wait_s=0.5)

    with (
        items.other_session("SELECT FROM public.items WHERE id = 7 FOR UPDATE"),
        pytest.raises(DatabaseError, match="and 1 are left") as caught,
    ):
        items.run(settings=settings)

    assert "(the other one) of" in caught.value.where
    assert "idle in transaction, in a transaction for" in caught.value.where
    assert "WHERE id = 7" in caught.value.where
    assert items.query(FILLED) == [(1000, 999, 0, 1)]
    assert items.run().rows_done == 1


def test_a_table_that_is_locked_is_tried_again(items: Items) -> None:
    """A batch that does not get its lock is rolled back and tried again."""
    with items.other_session("LOCK TABLE public.items IN SHARE MODE") as end:
        threading.Timer(0.5, end).start()
        result = items.run()

    assert result.rows_done == 1000
    with items.other_session("LOCK TABLE public.items IN SHARE MODE"):
        items_again = items.declare(set="label = NULL", where="label IS NOT NULL")
        with pytest.raises(DatabaseError, match="updated no row") as caught:
            items.run(items_again, settings=replace(items.small, wait_s=0.3))
    assert "(the other one)" in caught.value.where


def test_a_set_that_does_not_end_is_refused(items: Items) -> None:
    """`where` matches a row after its update: the first batch is rolled back."""
    endless = items.declare(set="times = times + 1", where="label IS NULL")

    with pytest.raises(HistoryError, match="still match its `where`") as caught:
        items.run(endless)

    assert caught.value.where == "versions/r1.py"
    assert items.query(FILLED) == [(1000, 0, 0, 0)]


def test_a_set_that_does_not_end_for_some_rows_is_refused(items: Items) -> None:
    """The first batch is right, and the rows that are left are found by the second pass."""
    items.execute("UPDATE public.items SET number = NULL WHERE id = 900")

    with pytest.raises(HistoryError, match="still match its `where`"):
        items.run()

    assert items.query(FILLED)[0][1] == 999


def test_a_trigger_that_keeps_rows_is_named(items: Items) -> None:
    """Nobody holds the row, and yet it does not change: that ends as well."""
    items.execute(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER keep BEFORE UPDATE ON public.items FOR EACH ROW "
        "WHEN (OLD.id = 3) EXECUTE FUNCTION keep()",
    )

    with pytest.raises(DatabaseError, match="and 1 are left") as caught:
        items.run(settings=replace(items.small, wait_s=0.2))

    assert "look for a trigger or rule" in caught.value.todo


def test_row_level_security_hides_nothing(items: Items) -> None:
    """Under FORCE the owner would skip rows that it does not see: that is an error."""
    items.execute(
        "ALTER TABLE public.items ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY few ON public.items USING (id < 10)",
        "ALTER TABLE public.items FORCE ROW LEVEL SECURITY",
    )

    with pytest.raises(DatabaseError, match=r"row-level security of public\.items"):
        items.run()

    items.execute("ALTER TABLE public.items NO FORCE ROW LEVEL SECURITY")
    assert items.run().rows_done == 1000


def test_a_composite_key_of_any_types(items: Items) -> None:
    """Values that need quotes, and types whose text form depends on the session's settings."""
    items.execute(
        'CREATE TABLE public."odd items" ('
        '"the key" text, at timestamptz, amount numeric(8, 2), number int, label text, '
        'times int DEFAULT 0, PRIMARY KEY ("the key", at, amount))',
        "INSERT INTO public.\"odd items\" SELECT E'a''b\"\\\\:c' || n % 3, "
        "'2026-01-01'::timestamptz + n * interval '1.5 s', n / 7.0, n FROM generate_series(1, 500) n",
    )
    backfill = items.declare(
        table='public."odd items"',
        set="label = CASE WHEN \"odd items\".number % 2 = 0 THEN '12:30' ELSE '50%' END || at::text, "
        "times = times + 1 -- the end",
        where="label IS NULL AND \"the key\" NOT LIKE '%:x' -- all of them",
    )

    assert items.run(backfill).rows_done == 500
    filled = 'SELECT count(label), max(times), min(left(label, 3)) FROM public."odd items"'
    assert items.query(filled) == [(500, 1, "12:")]


def test_partitions_and_children(items: Items) -> None:
    """Each is walked along its own key; equal ctids in two of them are not mixed up."""
    items.execute(
        "CREATE TABLE public.events (id int, number int, label text, times int DEFAULT 0, "
        "PRIMARY KEY (id)) PARTITION BY RANGE (id)",
        "CREATE TABLE public.events_1 PARTITION OF public.events FOR VALUES FROM (0) TO (300)",
        "CREATE TABLE public.events_2 PARTITION OF public.events FOR VALUES FROM (300) TO (900)",
        "INSERT INTO public.events SELECT n, n FROM generate_series(1, 800) AS n",
        "CREATE TABLE public.child (PRIMARY KEY (id)) INHERITS (public.items)",
        "INSERT INTO public.child SELECT n, n FROM generate_series(1, 100) AS n",
    )

    events = items.declare(table="public.events", set="label = events.id || '', times = times + 1")
    assert items.run(events).rows_done == 800
    assert items.query("SELECT count(label), max(times) FROM public.events") == [(800, 1)]
    assert items.run(items.declare(name="fill_items")).rows_done == 1100


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("public.nothing", "there is no table public.nothing"),
        ("public.no_key", "public.no_key has no primary key"),
        ("public.a_view", "public.a_view is no table that stores rows"),
    ],
)
def test_a_table_that_cannot_be_walked(items: Items, table: str, why: str) -> None:
    """It is refused before anything is done."""
    items.execute(
        "CREATE TABLE public.no_key (label text, number int, times int)",
        "CREATE VIEW public.a_view AS SELECT * FROM public.items",
    )

    with pytest.raises(DatabaseError, match=why) as caught:
        items.run(items.declare(table=table))

    assert caught.value.where == "versions/r1.py"


def test_settings_apply_to_each_batch(items: Items) -> None:
    """And to nothing after it."""
    backfill = items.declare(
        set="label = current_setting('app.reason')", settings={"app.reason": "it's right"}
    )

    items.run(backfill)

    assert items.query("SELECT DISTINCT label FROM public.items") == [("it's right",)]


def test_a_batch_that_takes_too_long_is_made_smaller(
    items: Items, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cancelled, so that nobody waits for it, and tried again with fewer rows."""
    monkeypatch.setattr("alembic_deploy.backfill.loop._LEAST_CANCEL_MS", 400)
    items.execute("DELETE FROM public.items WHERE id > 12")
    slow = items.declare(set="label = 'item' || pg_sleep(0.05)::text")

    result = items.run(slow, settings=replace(items.small, target_ms=10))

    assert result.rows_done == 12
    assert result.longest_batch_ms < 580


def test_few_rows_among_many(items: Items) -> None:
    """A batch reads further where it finds little, and no further than it may."""
    items.run()
    items.execute("UPDATE public.items SET label = NULL WHERE id % 100 = 0")

    assert items.run().rows_done == 10
    assert items.query(FILLED) == [(1000, 1000, 1, 2)]


def test_progress_has_rate_and_time_left(items: Items) -> None:
    """The rows done grow to the total."""
    reports: list[BackfillProgress] = []

    items.run(settings=replace(items.small, report_every_s=0.0), report=reports.append)

    assert [one.rows_total for one in reports] == [1000] * len(reports)
    assert reports[-1].rows_done == 1000
    assert reports[-1].left_s == 0
    assert reports[0].rows_per_s > 0
    assert (reports[0].left_s or 0) > 0


def test_the_name_belongs_to_one_revision(items: Items) -> None:
    """Another revision with the same name is refused by the database too."""
    items.run()
    items.execute("INSERT INTO public.items VALUES (0, 0)")

    with pytest.raises(HistoryError, match="belongs to revision r1, not to r2"):
        items.run(replace(items.declare(), revision="r2"))


def test_the_table_of_checkpoints_is_the_owners_alone(items: Items) -> None:
    """Default privileges, which give new tables to the application, do not apply to it."""
    items.execute(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE TABLE public.other ()",
    )

    items.run()

    can_read = (
        "SELECT relname, relacl::text LIKE '%{=r%' OR relacl::text LIKE '%,=r%' FROM pg_class"
    )
    found = f"{can_read} WHERE relname IN ('other', 'alembic_backfill') ORDER BY 1"
    assert items.query(found) == [("alembic_backfill", False), ("other", True)]


@pytest.mark.parametrize(
    ("size", "updated", "held_ms", "after"),
    [
        (BatchSize(rows=500, scan_rows=500), 500, 5.0, BatchSize(rows=1000, scan_rows=1000)),
        (BatchSize(rows=1000, scan_rows=1000), 1000, 140.0, BatchSize(rows=1000, scan_rows=1000)),
        (BatchSize(rows=1000, scan_rows=1000), 1000, 280.0, BatchSize(rows=500, scan_rows=500)),
        (BatchSize(rows=1000, scan_rows=1000), 1000, 9e9, BatchSize(rows=250, scan_rows=500)),
        (BatchSize(rows=1000, scan_rows=1000), 10, 140.0, BatchSize(rows=1000, scan_rows=2000)),
        (BatchSize(rows=1000, scan_rows=9000), 10, 140.0, BatchSize(rows=1000, scan_rows=16000)),
        (BatchSize(rows=1, scan_rows=1), 1, 9e9, BatchSize(rows=1, scan_rows=1)),
        (
            BatchSize(rows=50_000, scan_rows=50_000),
            50_000,
            1.0,
            BatchSize(rows=50_000, scan_rows=50_000),
        ),
    ],
)
def test_the_size_of_a_batch_follows_its_time(
    size: BatchSize, updated: int, held_ms: float, after: BatchSize
) -> None:
    """It aims at 70 % of the target, at most doubles, and reads further where it finds little."""
    assert size.after(updated=updated, held_ms=held_ms, settings=BackfillSettings()) == after
