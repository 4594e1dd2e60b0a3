"""The plan: pending revisions with SQL, locks and sizes; its file; and when it is stale."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.deployment import Deployment, Preparation
from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.plan import (
    Plan,
    pending_plan,
    read_plan,
    refuse_other_release,
    refuse_stale,
    write_plan,
)

if TYPE_CHECKING:
    from tests.conftest import Project

SHOPS = """\
op.execute("CREATE TABLE shops (id integer PRIMARY KEY, town text)")
op.execute("CREATE TABLE visits (shop_id integer REFERENCES shops)")
op.execute("CREATE TABLE others (id integer)")"""
WIDEN = """\
op.add_column("shops", sa.Column("size", sa.Integer))
op.execute("ALTER TABLE visits ALTER shop_id TYPE bigint")"""


@pytest.fixture
def shops(project: Project) -> Project:
    """Return a project with three tables, and a pending revision that widens two of them."""
    project.add("add shops", upgrade=SHOPS)
    project.alembic("upgrade", "head")
    project.add("widen", upgrade=f"import sqlalchemy as sa\n{WIDEN}")
    return project


def make_plan(project: Project, target: str = "head") -> Plan:
    """Return the plan of an upgrade."""
    found: list[Plan] = []
    project.attributes["deployment"] = Deployment(
        work=lambda session: found.append(pending_plan(session)), preparation=Preparation.NONE
    )
    assert project.alembic("upgrade", target) == ""
    (plan,) = found
    return plan


def upgrade(project: Project, plan: Plan) -> str:
    """Upgrade as the plan says."""
    project.attributes["deployment"] = Deployment(before=(partial(refuse_stale, plan),))
    return project.alembic("upgrade", plan.target)


def refusal(project: Project, plan: Plan) -> str:
    """Return why the plan is refused; nothing runs."""
    project.attributes["deployment"] = Deployment(before=(partial(refuse_stale, plan),))
    text = project.failure("upgrade", plan.target)
    assert "the plan is stale" in text
    assert project.query("SELECT version_num FROM alembic_version") == list(plan.heads)
    return text


def test_a_plan_shows_sql_locks_and_sizes(shops: Project) -> None:
    """Each statement has its locks, each table its size and what takes long; nothing is changed."""
    shops.execute("INSERT INTO shops SELECT generate_series(1, 1000)", "ANALYZE shops")

    plan = make_plan(shops)

    lines = str(plan).splitlines()
    assert lines[0].endswith(" is at r1")
    assert "upgrade  r2  widen" in lines
    assert "  ALTER TABLE shops ADD COLUMN size INTEGER" in lines
    assert "      ACCESS EXCLUSIVE on visits while it rewrites the table" in lines
    shop, visit = lines[-2:]
    assert shop.startswith("  public.shops: about 1,000 rows, ")
    assert shop.endswith(" kB; ACCESS EXCLUSIVE")
    assert visit.startswith("  public.visits: an unknown number of rows, ")
    assert visit.endswith("; ACCESS EXCLUSIVE, rewrites the table")
    assert shops.query("SELECT version_num FROM alembic_version") == ["r1"]


def test_a_file_keeps_a_plan(shops: Project, tmp_path: Path) -> None:
    """What is read is what was written; the file has the locks of each statement."""
    plan = make_plan(shops)
    file = tmp_path / "the plan.json"

    write_plan(plan, file)

    assert read_plan(file) == plan
    document = json.loads(file.read_text())
    assert document["revisions"][0]["statements"][0] == {
        "sql": "ALTER TABLE shops ADD COLUMN size INTEGER",
        "locks": ["ACCESS EXCLUSIVE on shops"],
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "the file is no plan: it is no JSON"),
        ("[" * 100_000, "the file is no plan: it is no JSON"),
        ("[]", "the file is no plan: it has no format"),
        ('{"format": 2}', "the plan has another format than 1"),
        ('{"format": 1, "sha256": "", "target": 5}', "its SHA-256 differs"),
        (None, "cannot read the plan: No such file or directory"),
    ],
)
def test_a_file_that_is_no_plan(tmp_path: Path, content: str | None, reason: str) -> None:
    """It is refused with the reason."""
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_text(content)

    with pytest.raises(ConfigError, match=reason.replace("(", r"\(")):
        read_plan(file)


def test_a_plan_is_applied_without_later_revisions(shops: Project) -> None:
    """A revision that came after the plan is left out."""
    plan = make_plan(shops)
    shops.add("later", upgrade='op.execute("CREATE TABLE later ()")')

    out = upgrade(shops, plan)

    assert "r1 -> r2" in out
    assert "later" not in shops.tables


def test_nothing_to_do(project: Project) -> None:
    """A plan without revisions says so."""
    project.add("nothing", upgrade="pass")
    project.alembic("upgrade", "head")

    plan = make_plan(project)

    assert str(plan).startswith("nothing to do: ")
    assert (plan.target, plan.revisions, plan.tables) == ("", (), ())


def test_a_stale_file(shops: Project) -> None:
    """A plan is refused when the file of a revision is another one."""
    plan = make_plan(shops)
    path = next(shops.versions.glob("*widen.py"))
    path.write_text(f"{path.read_text()}\n# a comment\n")

    assert f"the file of r2 has changed: {path}" in refusal(shops, plan)


CHANGES = {
    "ALTER TABLE shops ADD note text DEFAULT 'x'": "shops now has: column note text default 'x'::text",
    "ALTER TABLE shops ALTER town SET NOT NULL": "shops no longer has: column town text\n",
    "ALTER TABLE shops ENABLE ROW LEVEL SECURITY": " with row security\n",
    "CREATE POLICY own ON shops USING (id > 0)": "shops now has: policy own * permissive to PUBLIC using (id > 0)",
    "CREATE INDEX ON shops (town)": "shops now has: index CREATE INDEX shops_town_idx ON public.shops USING btree (town)",
    "ALTER TABLE visits DROP CONSTRAINT visits_shop_id_fkey": "visits no longer has: constraint visits_shop_id_fkey FOREIGN KEY (shop_id) REFERENCES public.shops(id)",
    "CREATE TRIGGER t BEFORE UPDATE ON visits FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()": "visits now has: trigger CREATE TRIGGER t BEFORE UPDATE",
}  # fmt: skip


def test_a_stale_catalog(shops: Project) -> None:
    """A plan is refused with each change of the tables that it touches."""
    plan = make_plan(shops)
    shops.execute(*CHANGES)

    text = refusal(shops, plan)

    assert [line for line in CHANGES.values() if line not in text] == []


def test_a_table_that_is_gone(shops: Project) -> None:
    """A plan is refused when a table that it touches does not exist any more."""
    plan = make_plan(shops)
    shops.execute("DROP TABLE visits")

    assert "public.visits does not exist any more" in refusal(shops, plan)


def test_what_is_not_touched_may_change(shops: Project) -> None:
    """A plan stays good when rows come, or when another table changes."""
    plan = make_plan(shops)
    shops.execute(
        "ALTER TABLE others ADD note text", "INSERT INTO shops VALUES (1)", "ANALYZE shops"
    )

    assert "r1 -> r2" in upgrade(shops, plan)


def test_a_plan_of_a_newer_release(shops: Project) -> None:
    """A release that does not know a revision of the plan names it."""
    plan = make_plan(shops)
    next(shops.versions.glob("*widen.py")).unlink()

    with pytest.raises(HistoryError, match="this release does not know: r2"):
        refuse_other_release(plan, ScriptDirectory.from_config(shops.config()))


def test_another_database_state(shops: Project) -> None:
    """A plan is refused when the database has gone back."""
    plan = make_plan(shops)
    shops.attributes.clear()
    shops.alembic("downgrade", "base")
    upgrade_as_planned = Deployment(before=(partial(refuse_stale, plan),))
    shops.attributes["deployment"] = upgrade_as_planned

    assert "the database is at base, not at r1" in shops.failure("upgrade", plan.target)


def test_a_finished_plan(shops: Project) -> None:
    """The same command again has nothing to do; a plan of another database is still refused."""
    plan = make_plan(shops)
    assert "r1 -> r2" in upgrade(shops, plan)

    assert "nothing to do" in upgrade(shops, plan)

    other = replace(plan, database=replace(plan.database, name="other"))
    shops.attributes["deployment"] = Deployment(before=(partial(refuse_stale, other),))
    assert "the plan is for another database" in shops.failure("upgrade", plan.target)


FAIL_WITHOUT_TOWN = """\
op.execute("SELECT 1 / count(*) FROM shops")
op.execute("ALTER TABLE others ADD done text")"""


def test_a_plan_that_has_failed_half_way(shops: Project) -> None:
    """It goes on with its rest; what has changed since in a table of the rest is a difference."""
    shops.add("fails", upgrade=FAIL_WITHOUT_TOWN)
    plan = make_plan(shops)
    shops.attributes["deployment"] = Deployment(before=(partial(refuse_stale, plan),))
    assert "division by zero" in shops.failure("upgrade", plan.target)
    shops.execute("INSERT INTO shops VALUES (1)", "ALTER TABLE others ADD more text")

    text = shops.failure("upgrade", plan.target)
    assert "public.others now has: column more text" in text
    shops.execute("ALTER TABLE others DROP more")

    assert "r2 -> r3" in upgrade(shops, plan)


def test_another_database(shops: Project) -> None:
    """A plan of another database is refused, whatever the database is at."""
    plan = make_plan(shops)
    other = replace(plan, database=replace(plan.database, name="other"))

    assert "the plan is for another database: other (OID " in refusal(shops, other)


def test_sql_that_the_environment_changes(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan is refused when the SQL is another one though the file is the same."""
    body = "import os\nop.execute(f\"CREATE TABLE {os.environ['SHOP']} ()\")"
    project.add("shop", upgrade=body)
    monkeypatch.setenv("SHOP", "one")
    plan = make_plan(project)
    monkeypatch.setenv("SHOP", "two")

    project.attributes["deployment"] = Deployment(before=(partial(refuse_stale, plan),))
    assert "the SQL of r1 has changed, though its file has not" in project.failure(
        "upgrade", "head"
    )


def test_sql_that_differs_each_time(project: Project) -> None:
    """A random value in the SQL makes no plan stale; the plan says that it differs."""
    body = "import uuid\nop.execute(f\"SELECT '{uuid.uuid4()}'\")"
    project.add("random", upgrade=body)

    plan = make_plan(project)

    assert "its SQL differs from run to run" in str(plan)
    assert "base -> r1" in upgrade(project, plan)


def test_sql_that_is_not_known_before(project: Project) -> None:
    """A revision that reads the database has no SQL in the plan, and the plan says why."""
    body = 'rows = op.get_bind().exec_driver_sql("SELECT 1").all()\nassert rows'
    project.add("reads", upgrade=body)

    plan = make_plan(project)

    assert "its SQL is not known before it runs: it reads the database" in str(plan)
    assert "base -> r1" in upgrade(project, plan)


def test_branches_are_planned_together(project: Project) -> None:
    """The plan of two labelled branches names both, and `heads` runs exactly them."""
    for number, name in ((1, "a"), (2, "b")):
        path = project.add(name, upgrade=f'op.execute("CREATE TABLE {name} ()")', after=None)
        path.write_text(f"{path.read_text()}\nbranch_labels = ('{name}',)\n")
        assert path.name.endswith(f"{number:02d}_{name}.py")

    plan = make_plan(project, "heads")

    assert plan.target == "heads"
    upgrade(project, plan)
    assert project.tables == {"a", "b"}


def test_a_given_connection(shops: Project) -> None:
    """A deployment's own work refuses a connection that somebody else has opened; nothing runs."""

    def work(connection: Connection) -> str:
        shops.attributes["connection"] = connection
        shops.attributes["deployment"] = Deployment(
            work=lambda _: None, preparation=Preparation.NONE
        )
        return shops.failure("upgrade", "head")

    assert "a deployment needs a connection of its own" in run_on(shops.url, work)
    assert shops.query("SELECT version_num FROM alembic_version") == ["r1"]
