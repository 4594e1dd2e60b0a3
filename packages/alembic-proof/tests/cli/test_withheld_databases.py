"""The developer's databases: the project's code does not find them in its environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from alembic_deploy.url import DatabaseUrl

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]

_SECRET = "own.example"
_REVISION = """\
import json, os
from pathlib import Path
from alembic import op
revision, down_revision = "0001", None
Path("seen.json").write_text(json.dumps(dict(os.environ)))
def upgrade():
    {line}
    op.execute("CREATE TABLE users (id int PRIMARY KEY)")
def downgrade():
    op.execute("DROP TABLE users")
"""


@pytest.fixture
def project(open_case: Open, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a project whose revision writes down its environment, which names a developer's databases."""
    root = open_case("environment/is_synchronous")
    for path in (root / "versions").iterdir():
        path.unlink()
    (root / "versions/0001_users.py").write_text(_REVISION.format(line="pass"))
    monkeypatch.setenv("SHOP_URL", f"postgresql+psycopg://me:pw@{_SECRET}/shop")
    monkeypatch.setenv("OTHER_URL", f" postgres://{_SECRET}/other")
    monkeypatch.setenv("CACHE_URL", f"redis://{_SECRET}/0")
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.setenv(name, _SECRET)
    return root


@pytest.mark.parametrize(
    "command", [("roundtrip",), ("parity",), ("revision", "add x"), ("revision", "--empty", "x")]
)
def test_a_revision_does_not_find_them(project: Path, run: Run, command: tuple[str, ...]) -> None:
    """What is no URL of PostgreSQL stays; the environment is as before afterwards."""
    before = dict(os.environ)

    run(*command)

    seen = json.loads((project / "seen.json").read_text())
    assert [name for name, value in seen.items() if _SECRET in value] == ["CACHE_URL"]
    assert seen["SHOP_URL"].startswith("postgresql+psycopg://withheld:withheld@127.0.0.1:1/")
    assert os.environ == before


def test_a_revision_cannot_connect_to_them(project: Path, run: Run) -> None:
    """The error comes at once; port 1 of this machine is where nobody listens."""
    line = "from alembic_deploy.connect import run_on; run_on(os.environ['OTHER_URL'], print)"
    (project / "versions/0001_users.py").write_text(_REVISION.format(line=line))

    code, out, _ = run("roundtrip")

    assert code == 1
    assert "its upgrade fails: " in out
    assert "127.0.0.1" in out


def test_the_local_database_is_out_of_reach(project: Path, run: Run) -> None:
    """Code that falls back to it, because no variable names another one, gets an error."""
    settings = project / "pyproject.toml"
    table = '[tool.local-postgres]\ndata = ".postgres"\ndatabase = "shop"\nowner = "shop"\n'
    settings.write_text(f"{settings.read_text()}\n{table}", encoding="utf-8")
    line = "from alembic_deploy.settings import local_database_url as u; u(Path.cwd(), os.environ)"
    (project / "versions/0001_users.py").write_text(_REVISION.format(line=line))

    code, out, _ = run("roundtrip")

    assert code == 1
    assert "its upgrade fails: the local database is out of reach" in out
    assert not (project / ".postgres").exists()


def test_a_server_without_a_host_is_found_by_the_variables(
    project: Path, run: Run, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A URL that is used on purpose may leave its host to libpq's variables."""
    url = DatabaseUrl.parse(server_url)
    [(host, port)] = url.hosts
    for name in ("PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PGHOST", host)
    monkeypatch.setenv("CASE_SCRATCH_URL", f"postgresql://{url.user}@/postgres?port={port or 5432}")

    code, _, err = run("roundtrip")

    assert code == 0, err
    assert json.loads((project / "seen.json").read_text())["PGHOST"] == host
