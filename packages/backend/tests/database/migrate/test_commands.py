"""Each command of boards-migrate does what its line of help says, on a real database."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import Connection

from alembic_proof.env import DatabaseUrl
from alembic_proof.postgres.connect import run_on
from boards.database.migrate.cli import COMMANDS
from packages.backend.tests.database.migrate.running import CHAIN, SECRET, Migrate

STATEMENT = re.compile(r"(?:\$(\w*)\$.*?\$\1\$|'[^']*'|--[^\n]*|[^;])+", re.DOTALL)
"""Up to a semicolon that is neither in a string nor in a comment."""
FIRST, SECOND, HEAD = CHAIN[0], CHAIN[1], CHAIN[-1]


def query(url: str, sql: str) -> list[Any]:
    """The first column of what a query returns."""
    return run_on(url, lambda connection: list(connection.exec_driver_sql(sql).scalars()))


def tables(url: str) -> list[str]:
    """The names of the tables in public, sorted."""
    return query(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")


def test_upgrade(migrate: Migrate, scratch_url: str) -> None:
    """`upgrade` goes to head, names each revision, and says where it went on which database."""
    done = migrate("upgrade")

    assert done.code == 0
    assert [revision for revision in CHAIN if revision in done.out] == list(CHAIN)
    last = done.out.splitlines()[-1]
    assert last.startswith(f"base -> {HEAD} on {DatabaseUrl.parse(scratch_url).database}")
    assert query(scratch_url, "SELECT version_num FROM alembic_version") == [HEAD]


def test_a_first_upgrade_tells_of_nothing_that_is_not_there(migrate: Migrate) -> None:
    """What a revision takes out of its way is no news where it never was."""
    done = migrate("upgrade")

    assert "skipping" not in done.out + done.err
    assert "notice:" in done.out


def test_upgrade_again(migrate: Migrate) -> None:
    """A second `upgrade` has nothing to do, says so, and is clean."""
    migrate("upgrade")

    done = migrate("upgrade")

    assert done.code == 0
    assert "nothing to do" in done.out


@pytest.mark.parametrize("step", ["+1", FIRST, FIRST[:6]])
def test_upgrade_to(migrate: Migrate, scratch_url: str, step: str) -> None:
    """`upgrade` goes a number of steps, or to a revision, or to the beginning of its name."""
    assert migrate("upgrade", step).code == 0

    assert query(scratch_url, "SELECT version_num FROM alembic_version") == [FIRST]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((), CHAIN[-2]), (("-1",), CHAIN[-2]), (("-2",), CHAIN[-3]), ((FIRST,), FIRST)],
)
def test_downgrade(
    migrate: Migrate, scratch_url: str, arguments: tuple[str, ...], expected: str
) -> None:
    """`downgrade` takes one revision back, or as many as a negative number says, or to one."""
    migrate("upgrade")

    done = migrate("downgrade", *arguments)

    assert done.code == 0
    assert done.out.splitlines()[-1].startswith(f"{HEAD} -> {expected} on ")
    assert query(scratch_url, "SELECT version_num FROM alembic_version") == [expected]


def test_downgrade_base(migrate: Migrate, scratch_url: str) -> None:
    """`downgrade base` leaves nothing but Alembic's own table."""
    migrate("upgrade")
    assert len(tables(scratch_url)) > 10

    assert migrate("downgrade", "base").code == 0

    assert tables(scratch_url) == ["alembic_version"]


def test_current(migrate: Migrate) -> None:
    """`current` names the revision, base on an empty database, and more with --verbose."""
    assert migrate("current").out == "base (no revision is applied)\n"
    migrate("upgrade", "+2")

    assert migrate("current").out.strip() == SECOND
    assert "seed_default_tenant.py" in migrate("current", "--verbose").out


def test_history(migrate: Migrate) -> None:
    """`history` lists every revision, newest first, without any database."""
    done = migrate("history", url=None)

    assert done.code == 0
    assert [line.split()[2].rstrip(",") for line in done.out.splitlines()] == list(CHAIN[::-1])
    assert "Path: " in migrate("history", "--verbose", url=None).out


def test_check(migrate: Migrate, scratch_url: str) -> None:
    """`check` is clean at head; where the database differs it says how, and that is a finding."""
    migrate("upgrade")
    assert migrate("check").code == 0
    run_on(scratch_url, lambda c: c.exec_driver_sql("ALTER TABLE users ADD COLUMN extra text"))

    done = migrate("check")

    assert done.code == 1
    assert "extra" in done.err


def test_check_behind(migrate: Migrate) -> None:
    """`check` cannot compare a database that is behind with the models, and says what to do."""
    migrate("upgrade", "+1")

    done = migrate("check")

    assert done.code == 2
    assert "upgrade" in done.err


def test_sql_applies(migrate: Migrate, scratch_url: str) -> None:
    """The scripts of `sql` need no database and do what `upgrade` and `downgrade base` do."""
    up = migrate("sql", url=None)
    down = migrate("sql", "downgrade", url=None)
    assert (up.code, down.code) == (0, 0)

    send(scratch_url, up.out)
    assert query(scratch_url, "SELECT version_num FROM alembic_version") == [HEAD]
    assert migrate("check").code == 0
    send(scratch_url, down.out)
    assert tables(scratch_url) in ([], ["alembic_version"])


def send(url: str, script: str) -> None:
    """Sends a script as psql would: one statement after the other."""

    def statements(connection: Connection) -> None:
        for statement in STATEMENT.finditer(script):
            connection.exec_driver_sql(statement[0])

    run_on(url, statements, autocommit=True)


def test_sql_range(migrate: Migrate) -> None:
    """`sql upgrade FROM:TO` prints that part of the history and no other."""
    done = migrate("sql", "upgrade", f"{FIRST}:{SECOND}", url=None)

    assert "uuid_generate_v5" in done.out
    assert "CREATE TABLE" not in done.out
    assert "boards_app" not in done.out


def test_a_script_of_nothing_is_refused(migrate: Migrate) -> None:
    """Whoever names the newer revision first would send an empty file."""
    done = migrate("sql", "upgrade", f"{SECOND}:{FIRST}", url=None)

    assert (done.code, done.out) == (2, "")
    assert f"no upgrade leads from {SECOND} to {FIRST}" in done.err


def test_sql_begins_with_the_roles(migrate: Migrate) -> None:
    """The whole script begins with the roles, and with the membership of the app's login."""
    done = migrate(
        "sql", url=None, BOARDS_APP_DATABASE_URL=f"postgresql://boards_web:{SECRET}@db/boards"
    )

    first_table = done.out.index("CREATE TABLE")
    assert 'GRANT "boards_app" TO "boards_web"' in done.out[:first_table]


def test_bootstrap(migrate: Migrate, scratch_url: str, app_login: str) -> None:
    """`bootstrap` makes the login a member once; the second time there is nothing to do."""
    revoke(scratch_url, app_login)

    first = migrate("bootstrap", "--login", app_login)
    second = migrate("bootstrap", "--login", app_login)

    assert (first.code, first.out) == (0, "the roles are made\n")
    assert (second.code, second.out) == (0, "nothing to do\n")
    assert is_member(scratch_url, app_login)


def test_bootstrap_of_the_app_url(migrate: Migrate, scratch_url: str, app_login: str) -> None:
    """Without --login the user of BOARDS_APP_DATABASE_URL becomes the member, `upgrade` included."""
    app_url = DatabaseUrl.parse(scratch_url).with_user(app_login, SECRET).dsn
    for command in ("bootstrap", "upgrade"):
        revoke(scratch_url, app_login)

        assert migrate(command, BOARDS_APP_DATABASE_URL=app_url).code == 0

        assert is_member(scratch_url, app_login)


def revoke(url: str, login: str) -> None:
    """Takes the membership away again."""
    run_on(url, lambda connection: connection.exec_driver_sql(f"REVOKE boards_app FROM {login}"))


def is_member(url: str, login: str) -> bool:
    """Whether the login is a member of the application's role."""
    return bool(query(url, f"SELECT pg_has_role('{login}', 'boards_app', 'MEMBER')")[0])


def test_bootstrap_sql(migrate: Migrate) -> None:
    """`bootstrap --sql` prints the statements, names quoted, and needs no database."""
    done = migrate("bootstrap", "--sql", "--login", 'we"ird', url=None)

    assert done.code == 0
    assert 'CREATE ROLE "boards_app" NOLOGIN' in done.out
    assert 'GRANT "boards_app" TO "we""ird"' in done.out


def test_bootstrap_of_the_checkout(migrate: Migrate) -> None:
    """On the checkout's own database the bootstrap also makes the login of tenant sessions."""
    done = migrate("--local", "bootstrap", "--sql", url=None)

    assert 'CREATE ROLE "boards_local_app" LOGIN' in done.out
    assert 'GRANT "boards_app" TO "boards_local_app"' in done.out
    assert "LOGIN" not in migrate("bootstrap", "--sql", url=None).out.replace("NOLOGIN", "")


def test_help(migrate: Migrate) -> None:
    """The help names every command with its line and the exit codes."""
    done = migrate("--help", url=None)

    assert done.code == 0
    words = " ".join(done.out.split())
    assert all(f"{command.name} {command.summary}" in words for command in COMMANDS)
    assert "0 clean, 1 findings (check), 2 broken" in words
