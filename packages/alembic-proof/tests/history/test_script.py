"""A project's history as values, and its commands in this process."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from alembic_proof.errors import HistoryError
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import (
    alembic_config,
    heads,
    revision_files,
    run_downgrade,
    run_upgrade,
)
from alembic_proof.postgres.connect import run_on


def test_revision_files_stand_in_chain_order(ini: Path) -> None:
    """From the base to the head, each with its id, its file and its parents."""
    files = revision_files(alembic_config(AlembicProject(file=ini)))

    assert [file.revision_id[0] for file in files] == ["a", "b", "c"]
    assert [file.down_revisions for file in files] == [(), ("a" * 12,), ("b" * 12,)]
    assert [file.path.name for file in files] == sorted(
        path.name for path in (ini.parent / "alembic" / "versions").glob("*.py")
    )


def test_chain_order_is_not_file_order(ini: Path, write: Callable[..., Path]) -> None:
    """A file that sorts first and follows the head comes last."""
    write("19990101_000000_late.py", revision="late", down="c" * 12)

    assert revision_files(alembic_config(AlembicProject(file=ini)))[-1].revision_id == "late"


def test_heads(ini: Path, write: Callable[..., Path]) -> None:
    """One in a line, sorted where there are several, none without a revision."""
    assert heads(alembic_config(AlembicProject(file=ini))) == ("c" * 12,)
    write("20260101_090003_branch.py", revision="branch", down="b" * 12)
    assert heads(alembic_config(AlembicProject(file=ini))) == ("branch", "c" * 12)

    for path in (ini.parent / "alembic" / "versions").glob("*.py"):
        path.unlink()

    assert heads(alembic_config(AlembicProject(file=ini))) == ()
    assert revision_files(alembic_config(AlembicProject(file=ini))) == ()


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


def test_upgrade_and_downgrade(ini: Path, scratch_url: str) -> None:
    """They move the configuration's database."""

    def tables() -> int:
        ask = "SELECT count(*) FROM pg_tables WHERE tablename = 'tracks'"
        return run_on(scratch_url, lambda c: int(c.exec_driver_sql(ask).scalar_one()))

    config = alembic_config(AlembicProject(file=ini), url=scratch_url)

    run_upgrade(config, "head")
    assert tables() == 1
    run_downgrade(config, "base")
    assert tables() == 0


def test_failing_command(ini: Path, scratch_url: str, write: Callable[..., Path]) -> None:
    """What env.py says about a failure is the HistoryError's text."""
    config = alembic_config(AlembicProject(file=ini), url=scratch_url)

    with pytest.raises(HistoryError, match="there is no revision 'nope'"):
        run_upgrade(config, "nope")
    with pytest.raises(HistoryError, match="there is no revision 'nope'"):
        run_downgrade(config, "nope")
