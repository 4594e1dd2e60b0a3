"""Each command of boards-migrate does what its line of help says, on a real database."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Connection

from alembic_deploy.cli import COMMANDS
from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from packages.backend.tests.database.migrate.running import CHAIN, SECRET, Migrate

STATEMENT = re.compile(r"(?:\$(\w*)\$.*?\$\1\$|'[^']*'|--[^\n]*|[^;])+", re.DOTALL)
"""Up to a semicolon that is neither in a string nor in a comment."""
FIRST, SECOND, HEAD = CHAIN[0], CHAIN[1], CHAIN[-1]


def query(url: str, sql: str) -> list[object]:
    """Return the first column of a query's result."""
    return run_on(url, lambda connection: list(connection.exec_driver_sql(sql).scalars()))


def change(url: str, statement: str) -> None:
    """Send one statement and commit."""
    run_on(url, lambda connection: connection.exec_driver_sql(statement))


def tables(url: str) -> list[str]:
    """Return the names of the tables in public, sorted."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    return [str(name) for name in query(url, sql)]


def test_upgrade(migrate: Migrate, scratch_url: str) -> None:
    """`upgrade` goes to head, names each revision, and says where it went on which database."""
    done = migrate("upgrade")

    assert done.code == 0
    assert [revision for revision in CHAIN if revision in done.out] == list(CHAIN)
    last = done.out.splitlines()[-1]
    assert last.startswith(f"base -> {HEAD} on {DatabaseUrl.parse(scratch_url).database}")
    assert query(scratch_url, "SELECT version_num FROM alembic_version") == [HEAD]


def test_a_first_upgrade_prints_no_notice_on_missing_objects(migrate: Migrate) -> None:
    """A DROP … IF EXISTS of a missing object prints no notice."""
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
    [
        ((), CHAIN[-2]),
        (("-1",), CHAIN[-2]),
        (("-2", "--yes"), CHAIN[-3]),
        ((FIRST, "--yes"), FIRST),
    ],
)
def test_downgrade(
    migrate: Migrate, migrated_url: str, arguments: tuple[str, ...], expected: str
) -> None:
    """`downgrade` undoes one revision, a number of them, or those after a revision."""
    done = migrate("downgrade", *arguments, url=migrated_url)

    assert done.code == 0
    assert done.out.splitlines()[-1].startswith(f"{HEAD} -> {expected} on ")
    assert query(migrated_url, "SELECT version_num FROM alembic_version") == [expected]


def test_downgrade_base(migrate: Migrate, migrated_url: str) -> None:
    """`downgrade base` leaves nothing but Alembic's own table."""
    assert len(tables(migrated_url)) > 10

    assert migrate("downgrade", "base", "--yes", url=migrated_url).code == 0

    assert tables(migrated_url) == ["alembic_version"]


def test_downgrade_without_an_answer(migrate: Migrate, migrated_url: str) -> None:
    """A script that does not say --yes loses nothing; what would go is shown."""
    change(migrated_url, "INSERT INTO public.tenants (name, slug) VALUES ('Ann', 'ann')")

    done = migrate("downgrade", "base", url=migrated_url)

    assert done.code == 2
    assert f"this downgrade undoes {len(CHAIN)} revisions" in done.err
    assert "    drops the table public.tenants: 2 rows\n" in done.err
    assert "add --yes if it may go on" in done.err
    assert query(migrated_url, "SELECT version_num FROM alembic_version") == [HEAD]


def test_doctor(migrate: Migrate, migrated_url: str, app_url: str) -> None:
    """`doctor` knows the application's login, its role and the tables of tenants."""
    sound = migrate("doctor", url=migrated_url, BOARDS_APP_DATABASE_URL=app_url)
    change(migrated_url, "ALTER TABLE public.users DISABLE ROW LEVEL SECURITY")
    done = migrate("doctor", url=migrated_url, BOARDS_APP_DATABASE_URL=app_url)

    unnamed = migrate("doctor", url=migrated_url)

    assert (sound.code, sound.out.startswith("nothing is wrong with ")) == (0, True), sound
    assert "not checked: the application's login" not in sound.out
    assert "not checked: the application's login" in unnamed.out
    assert done.code == 1
    assert "rls-off: row-level security is off: its policies do nothing\n" in done.out
    assert "  where: table public.users\n" in done.out


def test_doctor_with_an_unsafe_login(migrate: Migrate, migrated_url: str) -> None:
    """The owner as the application's login is found, by the URL as by its name."""
    owner = str(DatabaseUrl.parse(migrated_url).user)

    by_url = migrate("doctor", url=migrated_url, BOARDS_APP_DATABASE_URL=migrated_url)
    by_name = migrate("doctor", "--login", owner, url=migrated_url)

    assert (by_url.code, by_name.code) == (1, 1)
    assert "app-login-unsafe: the application's login owns tables" in by_url.out
    assert by_url.out == by_name.out


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


def test_check(migrate: Migrate, migrated_url: str) -> None:
    """`check` is clean at head; where the database differs it says how, and that is a finding."""
    assert migrate("check", url=migrated_url).code == 0
    run_on(migrated_url, lambda c: c.exec_driver_sql("ALTER TABLE users ADD COLUMN extra text"))

    done = migrate("check", url=migrated_url)

    assert done.code == 1
    assert "extra" in done.err


def test_check_behind(migrate: Migrate) -> None:
    """`check` refuses a database that is not at head, and says what to do."""
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
    """Send a script as psql would: one statement after the other."""

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
    """A range with the newer revision first would print an empty script."""
    done = migrate("sql", "upgrade", f"{SECOND}:{FIRST}", url=None)

    assert (done.code, done.out) == (2, "")
    assert f"there is no upgrade from {SECOND} to {FIRST}" in done.err


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

    assert first.code == second.code == 0
    assert first.out.startswith("the roles and their privileges are set: ")
    database = DatabaseUrl.parse(scratch_url).database
    assert second.out.startswith(f"nothing to do: {database} as ")
    assert "Left out" not in first.out + second.out
    assert is_member(scratch_url, app_login)


def test_bootstrap_without_a_login(migrate: Migrate, scratch_url: str, app_login: str) -> None:
    """Nothing is said to be done that is not: membership and CONNECT are named as left out."""
    revoke(scratch_url, app_login)

    done = migrate("bootstrap")

    assert done.code == 0
    assert "Left out: that the application's login is a member of it, and that only" in done.out
    assert "`boards-migrate bootstrap --login LOGIN` has all of it" in done.out
    assert not is_member(scratch_url, app_login)


def test_bootstrap_of_the_app_url(migrate: Migrate, scratch_url: str, app_login: str) -> None:
    """Without --login the user of BOARDS_APP_DATABASE_URL becomes the member, `upgrade` included."""
    app_url = DatabaseUrl.parse(scratch_url).with_user(app_login, SECRET).dsn
    for command in ("bootstrap", "upgrade"):
        revoke(scratch_url, app_login)

        assert migrate(command, BOARDS_APP_DATABASE_URL=app_url).code == 0

        assert is_member(scratch_url, app_login)


def revoke(url: str, login: str) -> None:
    """Take the membership away again."""
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
    assert all(f"{name} {one.help}" in words for name, one in COMMANDS.items())
    assert "0 done, or nothing to do; 1 findings (check, doctor); 2 an error" in words
