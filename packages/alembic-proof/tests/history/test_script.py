"""A project's configuration, and its commands in this process."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from alembic_proof.errors import HistoryError
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config, heads, run_stamp
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.postgres.connect import run_on


def test_heads(ini: Path, write: Callable[..., Path]) -> None:
    """One in a line, sorted where there are several, none without a revision."""
    assert heads(alembic_config(AlembicProject(file=ini))) == ("c" * 12,)
    write("20260101_090003_branch.py", revision="branch", down="b" * 12)
    assert heads(alembic_config(AlembicProject(file=ini))) == ("branch", "c" * 12)

    for path in (ini.parent / "alembic" / "versions").glob("*.py"):
        path.unlink()

    assert heads(alembic_config(AlembicProject(file=ini))) == ()


def test_configuration_is_quiet_and_captured(
    ini: Path, scratch_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing reaches the process's own output; a given stream gets what Alembic itself prints."""
    out = StringIO()
    config = alembic_config(AlembicProject(file=ini), url=scratch_url, stdout=out)

    run_upgrade(config, "head")

    assert capsys.readouterr() == ("", "")
    assert out.getvalue() == ""
    config.print_stdout("answer")
    assert out.getvalue() == "answer\n"


def test_configuration_that_is_missing(tmp_path: Path) -> None:
    """A path without a file is an error that names it."""
    with pytest.raises(HistoryError, match="no Alembic configuration") as caught:
        alembic_config(AlembicProject(file=tmp_path / "alembic.ini"))

    assert caught.value.where == str(tmp_path / "alembic.ini")


def test_upgrade_and_stamp(ini: Path, scratch_url: str) -> None:
    """One moves the configuration's database, the other says where it is and runs nothing."""

    def found(sql: str) -> list[str]:
        return run_on(scratch_url, lambda c: list(c.exec_driver_sql(sql).scalars()))

    config = alembic_config(AlembicProject(file=ini), url=scratch_url)

    run_upgrade(config, "head")
    run_stamp(config, "a" * 12)

    assert found("SELECT version_num FROM alembic_version") == ["a" * 12]
    assert found("SELECT tablename FROM pg_tables WHERE tablename = 'tracks'") == ["tracks"]


def test_failing_command(ini: Path, scratch_url: str, write: Callable[..., Path]) -> None:
    """What env.py says about a failure is the HistoryError's text."""
    config = alembic_config(AlembicProject(file=ini), url=scratch_url)

    with pytest.raises(HistoryError, match="there is no revision 'nope'"):
        run_upgrade(config, "nope")
    with pytest.raises(HistoryError, match="there is no revision 'nope'"):
        run_stamp(config, "nope")
