"""Backfills in the commands of Alembic: upgrade, downgrade, scripts, and what requires them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.advisory_lock import VersionTable, advisory_lock
from alembic_deploy.cli import main
from alembic_deploy.connect import open_session, run_on
from alembic_deploy.deployment import Deployment
from alembic_deploy.downgrade import Answer, confirm_downgrade
from alembic_deploy.statements import split_statements

if TYPE_CHECKING:
    from tests.conftest import Project

CREATE = """op.execute('''
    CREATE TABLE public.songs (id int PRIMARY KEY, title text, slug text, times int DEFAULT 0)
''')"""
DECLARED = """

backfill = {
    "name": "fill_slugs",
    "table": "public.songs",
    "set": "slug = lower(title) || current_setting('app.suffix', true), times = times + 1",
    "where": "slug IS NULL AND title IS NOT NULL",
    "undo": {"set": "slug = NULL", "where": "slug = lower(title) || '!'"},
    "settings": {"app.suffix": "!"},
}
"""
REQUIRES = '\n\nrequires_backfill = "fill_slugs"\n'
UPGRADE = """
import sys
from alembic.command import upgrade
from alembic.config import Config
from alembic_deploy.process_exit import exit_code_of
sys.exit(exit_code_of(lambda: upgrade(Config("alembic.ini"), "head") or 0))
"""
SLUGS = "SELECT slug FROM public.songs ORDER BY id"
CHECKPOINTS = "SELECT count(*) FROM public.alembic_backfill"


@pytest.fixture
def songs(project: Project) -> Project:
    """Return a project with a table of 300 rows, a backfill, and a revision that requires it."""
    project.add("create songs", upgrade=CREATE, downgrade="op.drop_table('songs')")
    project.alembic("upgrade", "head")
    project.execute(
        "INSERT INTO songs (id, title) SELECT n, 'T' || n FROM generate_series(1, 300) n"
    )
    append(project.add("fill slugs"), DECLARED)
    path = project.add(
        "require slugs",
        upgrade="op.execute('ALTER TABLE public.songs ALTER slug SET NOT NULL')",
        downgrade="op.execute('ALTER TABLE public.songs ALTER slug DROP NOT NULL')",
    )
    append(path, REQUIRES)
    return project


def append(path: object, text_: str) -> None:
    """Add to a revision's file."""
    with open(str(path), "a", encoding="utf-8") as file:  # noqa: PTH123
        file.write(text_)


def test_upgrade_runs_the_backfill_after_its_revision(songs: Project) -> None:
    """Outside of its transaction, and before the revision that requires it."""
    out = songs.alembic("upgrade", "head")

    assert songs.query(SLUGS)[:2] == ["t1!", "t2!"]
    assert songs.query("SELECT max(times) FROM songs") == [1]
    lines = [line.split()[:3] for line in out.splitlines()]
    assert ["backfill", "fill_slugs:", "300"] in lines
    place = lines.index(["backfill", "fill_slugs:", "300"])
    assert (
        lines[place - 2 : place + 2 : 3]
        == [
            ["upgrade", "r2", "fill"],
            ["upgrade", "r3", "require"],
        ]
        or ["upgrade", "r2", "fill"] in lines[:place]
    )


def test_autogenerate_leaves_the_checkpoints_alone(songs: Project) -> None:
    """They are in no model, and no revision drops them; a table of the project's own is one."""
    songs.alembic("upgrade", "head")

    assert "songs" in (found := songs.failure("check"))
    assert "alembic_backfill" not in found


def test_a_finished_one_is_not_run_again(songs: Project) -> None:
    """Nor one that found an empty table: its checkpoint says so, and rows that came since stay."""
    songs.execute("TRUNCATE songs")

    out = songs.alembic("upgrade", "head")

    assert "backfill" not in out
    assert songs.query("SELECT finished_at IS NOT NULL FROM alembic_backfill") == [True]


def test_downgrade_undoes_it_before_its_revision(songs: Project) -> None:
    """Only what the undo's `where` finds; the checkpoint goes with it."""
    songs.alembic("upgrade", "head")
    assert songs.query(CHECKPOINTS) == [1]
    songs.execute("UPDATE songs SET slug = 'mine' WHERE id = 3")

    out = songs.alembic("downgrade", "r1")

    assert "undo of backfill fill_slugs: 299 rows" in out
    assert [one for one in songs.query(SLUGS) if one is not None] == ["mine"]
    assert songs.query(CHECKPOINTS) == [0]
    songs.alembic("upgrade", "head")
    assert songs.query("SELECT count(slug) FROM songs") == [300]


def test_an_undo_is_asked_about(songs: Project) -> None:
    """It changes values; without a row that it would change, and without one, nobody is asked."""
    songs.alembic("upgrade", "r2")
    before = (partial(confirm_downgrade, answer=Answer.REQUIRED),)
    songs.attributes["deployment"] = Deployment(before=before)

    songs.failure("downgrade", "r1")

    assert songs.query("SELECT count(slug) FROM songs") == [300]
    before = (partial(confirm_downgrade, answer=Answer.YES),)
    songs.attributes["deployment"] = Deployment(before=before)
    out = songs.alembic("downgrade", "r1")
    assert "undoes its backfill in public.songs: 300 rows" in out
    del songs.attributes["deployment"]
    songs.alembic("upgrade", "r2")
    songs.execute("UPDATE songs SET slug = 'mine'")
    before = (partial(confirm_downgrade, answer=Answer.REQUIRED),)
    songs.attributes["deployment"] = Deployment(before=before)
    assert "loses" not in songs.alembic("downgrade", "r1")


def test_without_an_undo_nothing_is_undone(songs: Project) -> None:
    """The downgrade only forgets the checkpoint."""
    path = next(songs.versions.glob("*fill_slugs.py"))
    source = path.read_text()
    start, end = source.index('"undo": '), source.index('"settings"')
    path.write_text(f'{source[:start]}"undo": None,\n    {source[end:]}')
    songs.alembic("upgrade", "head")

    songs.alembic("downgrade", "r1")

    assert songs.query("SELECT count(slug) FROM songs") == [300]
    assert songs.query(CHECKPOINTS) == [0]


def test_a_requirement_that_is_not_met_is_refused(songs: Project) -> None:
    """Where backfills are skipped: the revision does not run, and the message says what does."""
    songs.attributes["deployment"] = Deployment(is_backfill_skipped=True)

    message = songs.failure("upgrade", "head")

    assert "revision r3 requires the backfill fill_slugs, which is not finished" in message
    assert "`backfill fill_slugs`" in message
    assert "require_slugs.py" in message
    assert songs.query("SELECT version_num FROM alembic_version") == ["r2"]
    assert songs.query("SELECT count(slug) FROM songs") == [0]
    songs.execute("UPDATE songs SET slug = 'by hand'")
    songs.alembic("upgrade", "head")
    assert songs.query("SELECT version_num FROM alembic_version") == ["r3"]


def test_rows_that_came_since_are_filled_before_they_are_required(songs: Project) -> None:
    """The old code goes on writing rows after the backfill's end."""
    songs.alembic("upgrade", "r2")
    songs.execute("INSERT INTO songs (id, title) VALUES (301, 'Late')")

    songs.alembic("upgrade", "head")

    assert songs.query(SLUGS)[-1] == "late!"


def test_a_failing_backfill_names_itself(songs: Project) -> None:
    """Its revision stays; the next upgrade goes on with the backfill, and then with the rest.

    One that cannot begin, without a primary key, is refused before its revision is committed.
    """
    songs.execute("ALTER TABLE songs DROP CONSTRAINT songs_pkey")
    assert "public.songs has no primary key" in songs.failure("upgrade", "head")
    assert songs.query("SELECT version_num FROM alembic_version") == ["r1"]
    songs.execute("ALTER TABLE songs ADD CONSTRAINT songs_pkey PRIMARY KEY (id)")
    songs.execute("ALTER TABLE songs ADD CONSTRAINT short CHECK (length(slug) < 4)")

    message = songs.failure("upgrade", "head")

    assert "the backfill fill_slugs failed: " in message
    assert '"short"' in message
    assert "fill_slugs.py" in message
    assert songs.query("SELECT version_num FROM alembic_version") == ["r2"]
    songs.execute("ALTER TABLE songs DROP CONSTRAINT short")
    songs.alembic("upgrade", "head")
    assert songs.query("SELECT count(slug), max(times) FROM songs")[0] == 300


def test_a_script_has_one_update(songs: Project) -> None:
    """After the revision's own transaction, in one of its own; psql runs it."""
    script = songs.alembic("upgrade", "r1:head", sql=True)

    begin, update = (
        script.index("BEGIN;\n\nSET LOCAL app.suffix"),
        script.index("UPDATE public.songs\nSET"),
    )
    assert script.index("version_num='r2'") < begin < update < script.index("version_num='r3'")
    down = songs.alembic("downgrade", "head:r1", sql=True)
    assert down.index("version_num='r2'") < down.index("SET slug = NULL") < down.index("='r1'")
    statements = [one.text for one in split_statements(script)]

    def send(connection: Connection) -> None:
        for one in statements:
            connection.exec_driver_sql(one, execution_options={"no_parameters": True})

    run_on(songs.url, send, autocommit=True)
    assert songs.query("SELECT count(slug) FROM songs WHERE slug LIKE '%!'") == [300]


def test_a_script_refuses_a_revision_whose_backfill_is_not_finished(songs: Project) -> None:
    """It looks at the rows, before the revision's own transaction."""
    script = songs.alembic("upgrade", "r2:head", sql=True)
    guard = next(one.text for one in split_statements(script) if "requires_backfill" in one.text)
    assert script.index(guard) < script.index("version_num='r3'")
    songs.alembic("upgrade", "r2")
    songs.execute(guard)
    songs.execute("UPDATE songs SET slug = NULL WHERE id = 1")

    with pytest.raises(DBAPIError, match="r3 requires the backfill fill_slugs, which is not fin"):
        songs.execute(guard)


def test_a_given_transaction_gets_one_update(songs: Project) -> None:
    """Its owner rolls all of it back, or commits all of it."""

    def upgrade(connection: Connection) -> None:
        connection.execute(text("SELECT 1"))
        songs.attributes["connection"] = connection
        songs.alembic("upgrade", "head")
        count = text("SELECT count(slug), max(times) FROM songs")
        assert tuple(connection.execute(count).one()) == (300, 1)
        suffix = text("SELECT current_setting('app.suffix')")
        assert connection.execute(suffix).scalar() == ""
        connection.rollback()

    run_on(songs.url, upgrade)
    assert songs.query("SELECT count(slug) FROM songs") == [0]


def test_the_command_runs_what_an_upgrade_has_left(
    songs: Project, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`upgrade --no-backfill`, then `backfill`: in another process, while other migrations may run."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", songs.url)
    command = ["--config", str(songs.directory / "alembic.ini")]

    assert main([*command, "backfill", "fill_slugs"]) == 2
    assert "the revision r2 of the backfill fill_slugs is not applied" in capfd.readouterr().err
    assert main([*command, "backfill", "fill_all"]) == 2
    assert "no revision has a backfill called fill_all" in capfd.readouterr().err
    assert main([*command, "upgrade", "--no-backfill", "r2"]) == 0
    assert songs.query("SELECT count(slug) FROM songs") == [0]
    assert main([*command, "upgrade", "--no-backfill"]) == 2
    assert "`backfill fill_slugs`" in capfd.readouterr().err
    with locked(songs.url):
        assert main([*command, "backfill"]) == 0
    assert "backfill fill_slugs: 300 rows" in capfd.readouterr().out
    assert main([*command, "backfill"]) == 0
    assert "nothing to do: no row is left to backfill" in capfd.readouterr().out
    assert main([*command, "upgrade", "--no-backfill"]) == 0
    assert songs.query("SELECT version_num FROM alembic_version") == ["r3"]


def test_a_plan_has_the_backfill(
    songs: Project, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one UPDATE, with its lock on the table; a revision without one has none."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", songs.url)

    assert main(["--config", str(songs.directory / "alembic.ini"), "plan"]) == 0

    out = capfd.readouterr().out
    assert out.count("-- backfill fill_slugs, in batches") == 1
    r2, r3 = out.index("r2  fill slugs"), out.index("r3  require slugs")
    assert r2 < out.index("UPDATE public.songs") < r3


def test_a_lost_connection_keeps_what_was_committed(songs: Project) -> None:
    """The message says at which revision the database is; the next upgrade goes on."""
    make_slow(songs)
    process = songs._start("-c", UPGRADE, url=songs.url)
    try:
        while not any(
            songs.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state <> 'idle' AND "
                "datname = current_database() AND application_name = 'backfill fill_slugs'"
            )
        ):
            assert process.poll() is None
            time.sleep(0.02)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 2
    assert "lost" in errors
    songs.alembic("upgrade", "head")
    assert songs.query("SELECT max(times) FROM songs") == [1]


def make_slow(project: Project) -> None:
    """Let each row of the backfill take 3 ms."""
    path = next(project.versions.glob("*fill_slugs.py"))
    sleep = "times = times + 1 + length(pg_sleep(0.003)::text)"
    path.write_text(path.read_text().replace("times = times + 1", sleep))


def test_two_processes_take_turns(songs: Project) -> None:
    """The second one says for whom it waits, for a bounded time."""
    songs.attributes["deployment"] = Deployment(limits={"migrator_wait": "100ms"})
    with locked(songs.url, table="alembic_backfill"):
        message = songs.failure("upgrade", "head")

    assert "another backfill of this database did not end within 0.1 s" in message
    assert "process " in message


@contextmanager
def locked(url: str, *, table: str = "alembic_version") -> Iterator[None]:
    """Let another session hold the lock of a migration, or of a backfill, inside of the block."""
    with open_session(url) as run:
        held = ExitStack()

        def hold(connection: Connection) -> None:
            lock = advisory_lock(connection, VersionTable(name=table), wait_s=0, print_line=print)
            held.enter_context(lock)

        run(hold)
        yield
        run(lambda _: held.close())


def test_stamp_runs_none(songs: Project) -> None:
    """It changes no table."""
    songs.alembic("stamp", "head")

    assert songs.query("SELECT count(slug) FROM songs") == [0]


@pytest.mark.parametrize(
    ("added", "why"),
    [
        ('\n\nrequires_backfill = "fill_nothing"\n', "fill_nothing, which no revision has"),
        (DECLARED, "two revisions have a backfill called fill_slugs"),
        ('\n\nbackfill = {"name": "x"}\n', "the backfill of revision r4 cannot be used"),
    ],
)
def test_a_wrong_history_is_refused_before_anything_is_done(
    songs: Project, added: str, why: str
) -> None:
    """Whatever the target is."""
    append(songs.add("wrong"), added)

    assert why in songs.failure("upgrade", "head")
    assert songs.query("SELECT version_num FROM alembic_version") == ["r1"]


def test_a_requirement_of_a_later_revision_is_refused(songs: Project) -> None:
    """It could never be met."""
    append(next(songs.versions.glob("*create_songs.py")), REQUIRES)

    why = "but that of revision r2 does not come before it"
    assert why in songs.failure("upgrade", "head")


def test_sigterm_ends_a_backfill_between_two_rows(songs: Project) -> None:
    """What its batches have committed stays, and the next upgrade goes on."""
    make_slow(songs)
    process = songs._start("-c", UPGRADE, url=songs.url)
    try:
        while not songs.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'backfill fill_slugs' AND query LIKE '%pg_sleep%'"
        ):
            assert process.poll() is None
            time.sleep(0.02)
        process.terminate()
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 143, errors
    assert " of 300 rows are done, and stay" in errors
    assert "run the command again: it goes on from there" in errors
    songs.alembic("upgrade", "head")
    assert songs.query("SELECT count(slug) FROM songs") == [300]
    assert songs.query("SELECT max(times) FROM songs") == [1]


@pytest.fixture
def interrupted(songs: Project) -> Project:
    """Return the project with its head revision applied and 200 rows of its backfill left."""
    next(songs.versions.glob("*require_slugs.py")).unlink()
    songs.attributes["deployment"] = Deployment(is_backfill_skipped=True)
    out = songs.alembic("upgrade", "head")
    assert "the backfill fill_slugs of r2 is not finished: 0 rows are done" in out
    assert "now run the command `backfill`" in out
    del songs.attributes["deployment"]
    songs.execute("UPDATE songs SET slug = lower(title) || '!' WHERE id <= 100")
    songs.execute("UPDATE alembic_backfill SET rows_done = 100")
    return songs


def test_upgrade_goes_on_with_the_head_s_backfill(
    interrupted: Project, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no revision to apply, and rows are left; then there is nothing to do."""
    assert "not finished: 100 rows are done" in interrupted.alembic("current")
    monkeypatch.setenv("TRACKS_DATABASE_URL", interrupted.url)
    assert main(["--config", str(interrupted.directory / "alembic.ini"), "plan"]) == 0
    assert "100 rows are done; `upgrade` goes on with it" in capfd.readouterr().out

    out = interrupted.alembic("upgrade", "head")

    assert "backfill fill_slugs: 200 rows" in out
    assert "nothing to do" not in out
    assert interrupted.query("SELECT count(slug) FROM songs") == [300]
    assert "nothing to do" in interrupted.alembic("upgrade", "head")
    assert "not finished" not in interrupted.alembic("current")


def test_upgrade_leaves_a_finished_backfill_alone(interrupted: Project) -> None:
    """A row that came since and matches `where` may be meant so."""
    interrupted.alembic("upgrade", "head")
    interrupted.execute("INSERT INTO songs (id, title) VALUES (301, 'Late')")

    assert "nothing to do" in interrupted.alembic("upgrade", "head")

    assert interrupted.query(SLUGS)[-1] is None


def test_upgrade_does_not_hide_that_the_rest_fails(interrupted: Project) -> None:
    """It ends with an error, as the run before."""
    interrupted.execute("ALTER TABLE songs ADD CONSTRAINT short CHECK (length(slug) < 4) NOT VALID")

    assert "the backfill fill_slugs failed: " in interrupted.failure("upgrade", "head")


def test_a_stamped_database_has_no_unfinished_backfill(songs: Project) -> None:
    """No run of this history has begun one."""
    songs.alembic("stamp", "r2")

    assert "not finished" not in songs.alembic("current")
