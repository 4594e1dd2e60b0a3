"""Files of SQL statements, through every driver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ConfigError, DatabaseError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.start_sql import run_files

_DUMP = """
\\restrict rAnDoM
SET client_min_messages = warning;
CREATE TABLE public.books (id integer, title text);
-- 100 % of them: :name
INSERT INTO public.books VALUES (1, 'a:b 50% off');
CREATE FUNCTION public.f() RETURNS integer LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$;
\\unrestrict rAnDoM
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file."""

    def write_(text: str) -> Path:
        path = tmp_path / "start it.sql"
        path.write_text(text, encoding="utf-8")
        return path

    return write_


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_dump_is_run_as_it_is(
    scratch_url: str, write: Callable[[str], Path], driver: str
) -> None:
    """Many statements, with what looks like placeholders; the guards of pg_dump are no SQL."""
    url = replace(DatabaseUrl.parse(scratch_url), driver=driver).text

    run_files(url, (write(_DUMP),))

    titles = run_on(url, lambda c: c.exec_driver_sql("SELECT title FROM books").scalars().all())
    assert titles == ["a:b 50% off"]


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_a_statement_that_fails_takes_back_the_file(
    scratch_url: str, write: Callable[[str], Path], driver: str
) -> None:
    """One error with the file's name and the server's words."""
    url = replace(DatabaseUrl.parse(scratch_url), driver=driver).text
    path = write("CREATE TABLE books (id integer); SELECT nothing;")

    with pytest.raises(DatabaseError, match='column "nothing" does not exist') as caught:
        run_files(url, (path,))

    assert caught.value.where == str(path)
    tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'books'"
    assert run_on(url, lambda c: c.exec_driver_sql(tables).scalar_one()) == 0


@pytest.mark.parametrize(
    "text", ["COPY public.books (id) FROM stdin;\n1\n\\.\n", "\\i other.sql\n", "\\connect x\n"]
)
def test_what_only_psql_can_run_is_refused(
    scratch_url: str, write: Callable[[str], Path], text: str
) -> None:
    """It says how to write the file instead."""
    with pytest.raises(ConfigError, match="only psql can run") as caught:
        run_files(scratch_url, (write(text),))

    assert "pg_dump --inserts" in caught.value.todo


def test_a_file_that_is_not_there_is_named(scratch_url: str, tmp_path: Path) -> None:
    """Before anything is run."""
    with pytest.raises(ConfigError, match="cannot read the SQL file"):
        run_files(scratch_url, (tmp_path / "no.sql",))
