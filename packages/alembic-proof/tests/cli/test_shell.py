"""The shell on a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.cli.shell import open_shell, shell_environment
from alembic_proof.errors import ConfigError


def test_the_address_travels_in_the_environment() -> None:
    """PostgreSQL's library reads it there; nothing shows in a list of processes."""
    environment = shell_environment(
        "postgresql://keeper:s%20ecret@db.example:6432/shop", {"HOME": "/home/me"}
    )

    assert environment == {
        "HOME": "/home/me",
        "PGHOST": "db.example",
        "PGPORT": "6432",
        "PGUSER": "keeper",
        "PGDATABASE": "shop",
        "PGPASSWORD": "s ecret",
    }


def test_what_would_lead_elsewhere_is_left_out() -> None:
    """The user's own settings are for another server."""
    own = {"PGHOST": "prod", "PGPASSWORD": "x", "PGSERVICE": "prod", "PGHOSTADDR": "10.0.0.1"}

    environment = shell_environment("postgresql://keeper@/shop?host=/run/pg", own)

    assert environment == {"PGHOST": "/run/pg", "PGUSER": "keeper", "PGDATABASE": "shop"}


@pytest.mark.parametrize(("names", "chosen"), [(("psql", "pgcli"), "psql"), (("pgcli",), "pgcli")])
def test_psql_comes_before_pgcli(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], chosen: str
) -> None:
    """The process is replaced by the program that is there."""
    for name in names:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    started: list[str] = []
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.execve", lambda path, *_: started.append(path))

    open_shell("postgresql://keeper@/shop?host=/run/pg")

    assert started == [str(tmp_path / chosen)]


def test_without_either_there_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))

    with pytest.raises(ConfigError, match="neither psql nor pgcli is installed"):
        open_shell("postgresql://keeper@/shop?host=/run/pg")
