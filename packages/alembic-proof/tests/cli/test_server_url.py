"""Another server than the local one: what is touched there, and what is not."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli import main
from alembic_proof.scratch import scratch_database
from local_postgres.server import LocalServer, start

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
_DATABASE = re.compile(
    r"\b(CREATE|DROP|ALTER)\s+DATABASE\s+(?:IF EXISTS\s+)?\"?(\w+)", re.IGNORECASE
)


@pytest.fixture
def touched() -> Iterator[list[tuple[str, str]]]:
    """Every database that a statement of this process creates, drops or alters."""
    found: list[tuple[str, str]] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.extend((verb.upper(), name) for verb, name in _DATABASE.findall(statement))

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


def _databases(server_url: str) -> set[str]:
    query = "SELECT datname FROM pg_database"
    return run_on(server_url, lambda c: set(c.exec_driver_sql(query).scalars()))


@pytest.fixture
def neighbour(server_url: str) -> Iterator[str]:
    """Provide another owner's database with a name similar to ours."""
    name = f"alembic_proof_{secrets.token_hex(4)}"
    run_on(server_url, lambda c: c.exec_driver_sql(f"CREATE DATABASE {name}"), autocommit=True)
    yield name
    run_on(server_url, lambda c: c.exec_driver_sql(f"DROP DATABASE {name}"), autocommit=True)


@pytest.mark.parametrize("command", [("roundtrip",), ("parity",), ("revision", "Add things")])
def test_only_databases_of_the_proof_are_created_and_dropped(
    open_case: Open,
    run: Run,
    server_url: str,
    neighbour: str,
    touched: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    """Whatever the command does there, each of them is made, dropped, and of our name."""
    root = open_case("roundtrip/history/one_run_lists_all")
    settings = f'[tool.alembic-proof]\nserver_url = "{server_url}"\n'
    (root / "pyproject.toml").write_text(settings, encoding="utf-8")
    monkeypatch.delenv("CASE_SCRATCH_URL")

    run(*command)

    made = {name for verb, name in touched if verb == "CREATE"}
    assert made
    assert all(re.fullmatch(r"alembic_proof_\d{8}t\d{6}_[0-9a-f]{8}\w*", name) for name in made)
    assert made == {name for verb, name in touched if verb == "DROP"}
    assert not {name for verb, name in touched if verb == "ALTER"}
    assert not made & _databases(server_url)
    assert neighbour in _databases(server_url)


def test_the_variable_wins_over_the_setting(open_case: Open, run: Run, server_url: str) -> None:
    """Without the variable the setting is used; no server listens at its address."""
    root = open_case("roundtrip/history/clean")
    path = root / "pyproject.toml"
    more = 'server_url = "postgresql://me:secret@localhost:1/x"\n'
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")

    assert run("roundtrip")[0] == 0
    path.write_text(f"[tool.alembic-proof]\n{more}", encoding="utf-8")
    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert "the server is down" in err
    assert "secret" not in err


def test_a_revision_may_drop_the_language_of_our_functions(
    open_case: Open,
    run: Run,
    expected: Callable[[Path, str], str],
    superuser_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As superuser one may; it is tried again in a database that has none of them."""
    root = open_case("superuser/drops_plpgsql")
    monkeypatch.setenv("CASE_SCRATCH_URL", superuser_url)

    code, out, err = run("roundtrip", "--rows", "0")

    assert err == ""
    assert out == expected(root, out)
    assert code == 1


def test_steps_meet_the_jit_of_the_server(
    open_case: Open, run: Run, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is turned off for our readings alone, which a stock server would compile for seconds."""
    root = open_case("roundtrip/history/clean")
    path = root / "versions" / "0003_jit.py"
    path.write_text(
        "from alembic import op\n"
        'revision = "0003"\ndown_revision = "0002"\n'
        "def upgrade():\n    found = op.get_bind().exec_driver_sql('SHOW jit').scalar()\n"
        "    assert found == 'on', found\n"
        "downgrade = upgrade\n",
        encoding="utf-8",
    )
    url = DatabaseUrl.parse(server_url)
    with_jit = replace(url, parameters=(*url.parameters, ("options", "-c jit=on")))
    monkeypatch.setenv("CASE_SCRATCH_URL", with_jit.text)

    assert run("roundtrip")[:2] == (0, "round trip: no findings\n")


_EXTENSIONS = """from alembic import op
revision = "0003"
down_revision = "0002"


def upgrade():
    op.execute("CREATE EXTENSION pg_stat_statements SCHEMA public")
    op.execute("CREATE EXTENSION postgres_fdw SCHEMA public")
    op.execute("CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw")


def downgrade():
    op.execute("DROP EXTENSION pg_stat_statements")
    op.execute("DROP EXTENSION postgres_fdw CASCADE")
"""


def test_an_ordinary_owner_creates_the_bundled_extensions(
    open_case: Open, run: Run, superuser_url: str, scratch_state: Path
) -> None:
    """As on a managed service; what PostgreSQL asks of a superuser elsewhere is marked as trusted here."""
    server = start(LocalServer(scratch_state, durable=False), os.environ)
    if not server.origin.startswith("embedded"):
        pytest.skip(f"{server.origin} is not ours to change")
    root = open_case("roundtrip/history/clean")
    (root / "versions" / "0003_extensions.py").write_text(_EXTENSIONS, encoding="utf-8")

    assert run("roundtrip")[:2] == (0, "round trip: no findings\n")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE EXTENSION no_such_extension", "does not have the extension"),
        ("CREATE ROLE alembic_proof_super SUPERUSER", "PostgreSQL requires a superuser here"),
        ("SET session_replication_role = replica", "PostgreSQL requires a superuser here"),
        ("SELECT 1/0", ""),
    ],
)
def test_the_help_names_server_url_where_it_helps(
    open_case: Open, capsys: pytest.CaptureFixture[str], statement: str, said: str
) -> None:
    """By the key that names one; a failure that has nothing to do with it gets no such advice."""
    root = open_case("roundtrip/history/clean")
    (root / "versions" / "0003_asks.py").write_text(
        'from alembic import op\nrevision = "0003"\ndown_revision = "0002"\n'
        f'def upgrade():\n    op.execute("{statement}")\ndef downgrade():\n    pass\n',
        encoding="utf-8",
    )

    code = main(["roundtrip", "--rows", "0", "0003"])

    out = capsys.readouterr().out
    assert code == 1
    assert said in out
    assert ("server_url" in out) == bool(said)


def test_a_superuser_is_warned_of(
    open_case: Open,
    superuser_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No policy binds it: a line and a note say so, and the exit code stays."""
    open_case("roundtrip/policies/hides_backfill")
    monkeypatch.setenv("CASE_SCRATCH_URL", superuser_url)

    code = main(["roundtrip", "--format", "json", "0001"])

    shown = capsys.readouterr()
    found = json.loads(shown.out)["findings"]
    assert "warning: the role postgres is a superuser" in shown.err
    assert [(one["rule"], one["severity"]) for one in found] == [("policies-bypassed", "note")]
    assert code == 0


def test_an_ordinary_role_is_not_warned_of(
    open_case: Open, capsys: pytest.CaptureFixture[str]
) -> None:
    """Policies bind it as they do in production."""
    open_case("roundtrip/policies/shows_rows")

    assert main(["roundtrip", "--format", "json"]) == 0

    shown = capsys.readouterr()
    assert "warning" not in shown.err
    assert json.loads(shown.out)["findings"] == []


def test_a_database_with_a_subscription_is_dropped(superuser_url: str) -> None:
    """A revision may have made one, and a proof leaves nothing behind."""
    with scratch_database(superuser_url, label="subscribed") as url:
        subscribe = (
            'CREATE SUBSCRIPTION "alembic_proof ""s" CONNECTION \'host=nowhere\' PUBLICATION p'
            " WITH (connect = false)"
        )
        run_on(url, lambda connection: connection.exec_driver_sql(subscribe), autocommit=True)

    assert DatabaseUrl.parse(url).database not in _databases(superuser_url)


@pytest.fixture
def role(server_url: str) -> Iterator[str]:
    """Provide the name of a role that a revision makes; it is gone afterwards."""
    name = f"alembic_proof_role_{secrets.token_hex(4)}"
    yield name
    run_on(server_url, lambda c: c.exec_driver_sql(f"DROP ROLE IF EXISTS {name}"), autocommit=True)


@pytest.mark.parametrize(
    ("downgrade", "said"),
    [
        ("op.execute('SELECT 1/0')", "its downgrade fails\n  PostgreSQL: division by zero"),
        ("pass", "its second upgrade fails\n  PostgreSQL: role"),
    ],
)
def test_the_first_error_is_reported_if_the_retry_fails_on_a_created_role(
    open_case: Open, run: Run, role: str, downgrade: str, said: str
) -> None:
    """A role belongs to the cluster: it is there in the next database as well."""
    root = open_case("roundtrip/history/clean")
    for path in (root / "versions").glob("0002*.py"):
        path.unlink()
    (root / "versions" / "0002_role.py").write_text(
        "from alembic import op\n"
        'revision = "0002"\ndown_revision = "0001"\n'
        f'def upgrade():\n    op.execute("CREATE ROLE {role}")\n'
        f"def downgrade():\n    {downgrade}\n",
        encoding="utf-8",
    )

    code, out, _ = run("roundtrip")

    assert code == 1
    assert said in out
    assert "its upgrade fails" not in out


_REFUSING = "BEGIN RAISE EXCEPTION 'no ddl'; END"
_WRITING = "BEGIN INSERT INTO public.users SELECT 1 + max(id) FROM public.users; END"


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (_REFUSING, "0003: its upgrade fails\n  PostgreSQL: no ddl"),
        (_WRITING, "users: 2 of 5 rows new after downgrade"),
    ],
)
def test_event_triggers_do_not_fire_for_the_proofs_objects(
    open_case: Open,
    run: Run,
    superuser_url: str,
    monkeypatch: pytest.MonkeyPatch,
    does: str,
    expected: str,
) -> None:
    """Neither may it refuse our functions, nor write down that they were made: 0003 itself is two."""
    root = open_case("superuser/hears")
    path = root / "versions" / "0002_hears.py"
    text = path.read_text(encoding="utf-8").replace("BEGIN NULL; END", does)
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("CASE_SCRATCH_URL", superuser_url)

    _, out, err = run("roundtrip")

    assert err == ""
    assert expected in out
