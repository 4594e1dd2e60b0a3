"""A file of SQL statements, run through the driver itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.script import run_files
from alembic_proof.postgres.url import DatabaseUrl


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_what_the_file_makes_stays(driver: str, scratch_url: str, tmp_path: Path) -> None:
    """Also with a driver that begins a transaction which SQLAlchemy knows nothing of."""
    pytest.importorskip(driver, reason=f"{driver} needs libpq", exc_type=ImportError)
    url = replace(DatabaseUrl.parse(scratch_url), driver=driver).text
    file = tmp_path / "start.sql"
    file.write_text("CREATE TABLE a (x int);\nINSERT INTO a VALUES (1);\n", encoding="utf-8")

    run_files(url, (file,))

    count = "SELECT count(*) FROM a"
    assert run_on(url, lambda connection: connection.exec_driver_sql(count).scalar_one()) == 1
