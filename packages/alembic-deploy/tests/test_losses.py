"""What a downgrade loses is named and counted before anything is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.deployment import Deployment, MigrationSession
from alembic_deploy.errors import HistoryError
from alembic_deploy.losses import Removal, StepLosses, read_losses, removals_of

if TYPE_CHECKING:
    from tests.conftest import Project


@pytest.fixture
def losses(project: Project) -> Callable[..., tuple[StepLosses, ...]]:
    """Return a function that reads what the downgrade to a revision loses."""

    def read(to: str = "base") -> tuple[StepLosses, ...]:
        script = ScriptDirectory.from_config(Config(str(project.directory / "alembic.ini")))

        def work(connection: Connection) -> tuple[StepLosses, ...]:
            heads = MigrationContext.configure(connection).get_current_heads()
            connection.rollback()
            steps = script._downgrade_revs(to, heads[0])
            found = read_losses(connection, steps)
            assert not connection.in_transaction()
            return found

        return run_on(project.url, work)

    return read


def add_shops(project: Project) -> None:
    """Add and apply a revision that makes a table of three shops."""
    project.add(
        "add shops",
        upgrade='op.execute("CREATE TABLE shops (id integer, town text)")',
        downgrade='op.drop_table("shops")',
    )
    project.alembic("upgrade", "head")
    project.execute("INSERT INTO shops VALUES (1, 'Bonn'), (2, NULL), (3, 'Ulm')")


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ('DROP TABLE a, public."B c" CASCADE', ["DROP_TABLE a", 'DROP_TABLE public."B c"']),
        ("drop table if exists only_one", ["DROP_TABLE only_one"]),
        ("DROP SCHEMA app CASCADE", ["DROP_SCHEMA app"]),
        ("TRUNCATE ONLY a, b", ["TRUNCATE a", "TRUNCATE b"]),
        ("DELETE FROM a USING b WHERE a.id = b.id", ["DELETE a"]),
        ("WITH gone AS (DELETE FROM a RETURNING *) SELECT 1", ["DELETE a"]),
        (
            "ALTER TABLE t DROP COLUMN a, DROP b, DROP IF EXISTS c, DROP CONSTRAINT d",
            ["DROP_COLUMN t.a", "DROP_COLUMN t.b", "DROP_COLUMN t.c"],
        ),
        ("ALTER TABLE t ALTER a DROP NOT NULL, ALTER b DROP DEFAULT", []),
        ('ALTER TABLE t DROP "default"', ['DROP_COLUMN t."default"']),
        (
            "DO $$ BEGIN DROP TABLE a; EXECUTE 'DELETE FROM b'; END $$",
            ["DROP_TABLE a", "DELETE b"],
        ),
        ("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c ON DELETE CASCADE", []),
        ("CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM a'", []),
        ("COMMENT ON TABLE a IS 'DROP TABLE b' -- DROP TABLE c", []),
        ("DROP INDEX a", []),
    ],
)
def test_what_a_statement_removes(statement: str, found: list[str]) -> None:
    """Tables and columns, as they are written; not what comments and functions contain."""
    assert [
        f"{one.removal.name} {one.table}" + (f".{one.column}" if one.column else "")
        for one in removals_of(statement)
    ] == found


def test_rows_of_a_table(project: Project, losses: Callable[..., tuple[StepLosses, ...]]) -> None:
    """They are counted, and the names are qualified; an empty table is no loss."""
    add_shops(project)

    (step,) = losses()

    assert str(step) == "r1  add shops\n  drops the table public.shops: 3 rows"
    project.execute("TRUNCATE shops")
    assert [one.is_empty for one in losses()] == [True]


def test_values_of_a_column(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """NULL is no value."""
    add_shops(project)
    project.add("add towns", downgrade='op.drop_column("shops", "town")')
    project.alembic("upgrade", "head")

    (step,) = losses("-1")

    assert [str(one) for one in step.losses] == ["drops the column public.shops.town: 2 values"]


def test_several_steps(project: Project, losses: Callable[..., tuple[StepLosses, ...]]) -> None:
    """Each has its own, in the order in which they are undone."""
    add_shops(project)
    project.add("clean up", downgrade="op.execute(\"DELETE FROM shops WHERE town = 'Ulm'\")")
    project.alembic("upgrade", "head")

    assert [(one.revision_id, *map(str, one.losses)) for one in losses()] == [
        ("r2", "deletes rows of public.shops: some of 3 rows"),
        ("r1", "drops the table public.shops: 3 rows"),
    ]


def test_what_the_revision_declares(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """The entries of `lossy` about the downgrade; those about the upgrade have happened."""
    path = project.add("declare")
    lossy = 'lossy = "upgrade: the old ids; downgrade: who asked, and when; towns: in capitals"\n'
    path.write_text(path.read_text().replace("def upgrade", f"{lossy}\n\ndef upgrade"))
    project.alembic("upgrade", "head")

    (step,) = losses()

    assert step.declared == ("downgrade: who asked, and when", "towns: in capitals")
    assert not step.is_empty


def test_a_table_that_an_earlier_step_renames(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """Its rows cannot be counted under the name that it does not have yet."""
    add_shops(project)
    project.add(
        "rename",
        upgrade='op.rename_table("shops", "stores")',
        downgrade='op.rename_table("stores", "shops")',
    )
    project.alembic("upgrade", "head")

    assert [str(one) for one in losses()[1].losses] == ["drops the table shops: rows not counted"]


def test_an_optional_table_that_is_not_there(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """IF EXISTS loses nothing then."""
    project.add("tidy", downgrade='op.execute("DROP TABLE IF EXISTS leftovers")')
    project.alembic("upgrade", "head")

    assert losses()[0].is_empty


def test_a_table_of_the_step_itself(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """One that it creates and drops again has no rows before."""
    project.add(
        "copy",
        downgrade='op.execute("CREATE TEMP TABLE copied (id integer)")\n'
        'op.execute("DROP TABLE copied")',
    )
    project.alembic("upgrade", "head")

    assert losses()[0].is_empty


def test_nothing_is_done_while_it_is_counted(
    project: Project,
    losses: Callable[..., tuple[StepLosses, ...]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever way the revision takes to the database; what it prints comes when it runs."""
    add_shops(project)
    project.add(
        "clean up",
        downgrade="""\
from alembic import context
print("cleaning up")
context.execute("DELETE FROM shops WHERE id = 1")
assert context.is_offline_mode()
op.execute("DELETE FROM shops WHERE id = 2")""",
    )
    project.attributes["deployment"] = Deployment(before=(_read_again,))
    project.alembic("upgrade", "head")

    with pytest.raises(CommandError, match="some of 3 rows"):
        project.alembic("downgrade", "-1")

    assert "cleaning up" not in capsys.readouterr().out
    assert project.query("SELECT count(*) FROM shops") == [3]


def _read_again(session: MigrationSession) -> None:
    """Read what a downgrade loses, inside of env.py, and end the command with it."""
    steps = [step for step in session.steps.remaining if isinstance(step, RevisionStep)]
    if any(step.is_downgrade for step in steps):
        raise CommandError("\n".join(map(str, read_losses(session.connection, steps))))


def test_a_value_without_a_literal_is_no_refusal(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """SQLAlchemy may raise NotImplementedError as well; only the revision's own is a refusal."""
    project.add(
        "literal",
        downgrade="""\
import sqlalchemy as sa
table = sa.table("t", sa.column("c", sa.LargeBinary()))
class Odd(sa.types.UserDefinedType):
    pass
op.execute(sa.select(sa.literal(object(), Odd())))""",
    )
    project.alembic("upgrade", "head")

    assert losses()[0].unknown


def test_a_schema_with_tables(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]]
) -> None:
    """Each of its tables is named."""
    project.add(
        "own schema",
        upgrade='op.execute("CREATE SCHEMA app CREATE TABLE shops (id integer)")',
        downgrade='op.execute("DROP SCHEMA app CASCADE")',
    )
    project.alembic("upgrade", "head")
    project.execute("INSERT INTO app.shops VALUES (1)")

    (loss,) = losses()[0].losses

    assert (loss.removal, loss.name, loss.number) == (Removal.DROP_SCHEMA, "app.shops", 1)


def test_a_large_table_is_estimated(
    project: Project,
    losses: Callable[..., tuple[StepLosses, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server's estimate is shown as one; without one there is no number."""
    add_shops(project)
    monkeypatch.setattr("alembic_deploy.losses._COUNTED_BYTES", 0)
    assert [str(one) for one in losses()[0].losses] == [
        "drops the table public.shops: rows not counted"
    ]

    project.execute("ANALYZE shops")

    assert [str(one) for one in losses()[0].losses] == [
        "drops the table public.shops: about 3 rows"
    ]


@pytest.mark.parametrize(
    "read",
    [
        'op.get_bind().exec_driver_sql("SELECT 1").scalar()',
        'op.get_bind().execute(sa.text("SELECT 1")).scalar()',
        'for _ in op.get_bind().execute(sa.text("SELECT 1")): pass',
    ],
)
def test_a_downgrade_that_reads_the_database(
    project: Project, losses: Callable[..., tuple[StepLosses, ...]], read: str
) -> None:
    """Its SQL is known only when it runs, which is said."""
    project.add("read", downgrade=f"import sqlalchemy as sa\n{read}")
    project.alembic("upgrade", "head")

    (step,) = losses()

    assert step.unknown == "it reads the database"
    assert not step.is_empty


@pytest.mark.parametrize("declared", [True, False])
def test_a_downgrade_that_refuses(
    project: Project,
    losses: Callable[..., tuple[StepLosses, ...]],
    *,
    declared: bool,
) -> None:
    """It is named before anything is undone, wherever it is in the way."""
    add_shops(project)
    path = project.add("one way", downgrade='raise NotImplementedError("the ids are gone")')
    if declared:
        text = path.read_text().replace('"the ids are gone"', "irreversible")
        text = text.replace("def upgrade", 'irreversible = "the ids are gone"\n\n\ndef upgrade')
        path.write_text(text)
    project.add("then")
    project.alembic("upgrade", "head")

    with pytest.raises(HistoryError) as caught:
        losses()

    assert caught.value.what == "downgrade of r2 (one way) refuses: the ids are gone"
    assert caught.value.where == f"{path}\n  now: nothing is undone"
