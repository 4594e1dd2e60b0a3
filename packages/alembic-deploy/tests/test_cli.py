"""The command line `alembic-deploy`, in this process."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alembic_deploy.cli import main

if TYPE_CHECKING:
    from tests.conftest import Project


@pytest.fixture
def ini(tracks: Project, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the alembic.ini of a project whose database the environment names."""
    monkeypatch.setenv("TRACKS_DATABASE_URL", tracks.url)
    return str(tracks.directory / "alembic.ini")


def test_json_has_one_event_per_line(
    ini: str, tracks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each revision is an event with its times, and the last event says what was done."""
    assert main(["--config", ini, "upgrade", "--log-format", "json", "--lock-timeout", "1s"]) == 0

    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    revisions = [one for one in events if one["event"] == "revision"]
    assert [one["revision"][0] for one in revisions] == ["a", "b", "c"]
    assert all(one["held_ms"] >= 0 and one["attempt"] == 1 for one in revisions)
    assert events[-1]["event"] == "finished"
    assert events[-1]["after"] == "c" * 12
    assert "tracks" in tracks.tables


def test_an_error_is_an_event_or_a_message(ini: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With --log-format json it is the last event, and standard error is empty; exit code 2."""
    command = ["--config", ini, "upgrade", "--lock-timeout", "5"]
    assert main(command) == 2
    as_text = capsys.readouterr()
    assert main([*command, "--log-format", "json"]) == 2
    as_json = capsys.readouterr()

    assert "lock_timeout is not a duration: '5'" in as_text.err
    assert (as_text.out, as_json.err) == ("", "")
    event = json.loads(as_json.out.splitlines()[-1])
    assert (event["event"], event["exit_code"]) == ("error", 2)
    assert as_text.err == f"alembic-deploy: {event['message']}\n"


def test_a_downgrade_in_json_lists_what_it_loses(
    ini: str, tracks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The losses are events too; the question that nobody answers is the error."""
    assert main(["--config", ini, "upgrade"]) == 0
    capsys.readouterr()

    assert main(["--config", ini, "downgrade", "base", "--log-format", "json"]) == 2

    out, err = capsys.readouterr()
    events = [json.loads(line) for line in out.splitlines()]
    assert err == ""
    assert any("this downgrade undoes 3 revisions" in one.get("text", "") for one in events)
    assert "there is no terminal" in events[-1]["message"]
    assert "tracks" in tracks.tables


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """It is that of the installed distribution."""
    with pytest.raises(SystemExit) as exit_:
        main(["--version"])

    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"alembic-deploy {version('alembic-deploy')}\n"


def test_a_script_without_its_direction(ini: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A range alone is an error that has the whole command."""
    with pytest.raises(SystemExit) as exit_:
        main(["--config", ini, "sql", "aaaa:head"])

    assert exit_.value.code == 2
    assert "write `sql upgrade aaaa:head` or" in capsys.readouterr().err


def test_an_env_py_without_run_env_is_refused(
    ini: str, tracks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing runs where nothing would be as promised; the message has the lines to write."""
    (tracks.directory / "alembic" / "env.py").write_text("raise SystemExit('ran')\n")

    assert main(["--config", ini, "upgrade"]) == 2

    err = capsys.readouterr().err
    assert "env.py does not call run_env()" in err
    assert "run_env(target_metadata=metadata)" in err


def test_a_missing_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, with the option that names another."""
    assert main(["--config", "nowhere/alembic.ini", "current"]) == 2

    assert "nowhere/alembic.ini" in capsys.readouterr().err


def test_a_plan_is_printed_kept_and_applied(
    ini: str, tracks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file of a plan of one revision applies that revision; run again, there is nothing to do."""
    file = tracks.directory / "plan.json"

    assert main(["--config", ini, "plan", "+1", "--format", "json", "-o", str(file)]) == 0

    assert json.loads(capsys.readouterr().out) == json.loads(file.read_text())
    assert main(["--config", ini, "upgrade", "head", "--plan", str(file)]) == 2
    assert "leave REVISION out" in capsys.readouterr().err
    assert main(["--config", ini, "upgrade", "--plan", str(file)]) == 0
    assert tracks.query("SELECT version_num FROM alembic_version") == ["a" * 12]
    capsys.readouterr()
    assert main(["--config", ini, "upgrade", "--plan", str(file)]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_a_plan_for_a_reader(ini: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output has the plan alone; which database it is stands on standard error."""
    assert main(["--config", ini, "plan"]) == 0

    out, err = capsys.readouterr()
    assert " is at base\n\nupgrade  aaaaaaaaaaaa" in out
    assert err.startswith("database: ")


def test_a_dry_run(ini: str, tracks: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """It leaves nothing; a history with an index that is built CONCURRENTLY is refused."""
    assert main(["--config", ini, "upgrade", "+1", "--dry-run", "--wait", "--force"]) == 0
    assert "is still at base" in capsys.readouterr().out

    assert main(["--config", ini, "upgrade", "--dry-run"]) == 2
    assert "a dry run is not possible: upgrade of bbbbbbbbbbbb" in capsys.readouterr().err
    assert tracks.tables == set()


_COMMENT = "# run_env() is called elsewhere: run_env\n"
_IMPORT = "from alembic_deploy.env import run_env\n"


@pytest.mark.parametrize("text", [_COMMENT, f'"""{_COMMENT.strip()}"""\n', _IMPORT])
@pytest.mark.parametrize("command", ["upgrade", "plan", "downgrade", "backfill"])
def test_an_env_py_that_only_names_run_env_is_refused(
    ini: str, tracks: Project, capsys: pytest.CaptureFixture[str], command: str, text: str
) -> None:
    """In a comment, in a string, or in an import without a call: nothing is done with exit code 0."""
    (tracks.directory / "alembic" / "env.py").write_text(text)

    assert main(["--config", ini, command]) == 2

    assert "env.py does not call run_env()" in capsys.readouterr().err


def test_an_env_py_of_another_encoding(
    ini: str, tracks: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that declares it is read; one that does not is one error with its place."""
    env_py = tracks.directory / "alembic" / "env.py"
    text = env_py.read_text(encoding="utf-8")
    env_py.write_bytes(b"NAME = 'caf\xe9'\n" + text.encode())

    for command in ("upgrade", "current", "check", "doctor", "sql"):
        assert main(["--config", ini, command]) == 2
        err = capsys.readouterr().err
        assert err.startswith("alembic-deploy: env.py cannot be read: ")
        assert f"where: {env_py}" in err

    env_py.write_bytes(b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n" + text.encode())
    assert main(["--config", ini, "upgrade"]) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[alembic\n", "File contains no section headers"),
        ("[alembic]\nscript_location = 100%\n", "must be followed by"),
        ("[alembic]\nscript_location = %(nowhere)s/alembic\n", "nowhere"),
        ("[alembic]\nscript_location = caf\udce9\n", "codec can't decode"),
    ],
)
def test_a_broken_alembic_ini(
    ini: str, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    """It is one error that names the file."""
    Path(ini).write_bytes(line.encode("utf-8", "surrogateescape"))

    for command in ("upgrade", "plan", "history", "doctor"):
        assert main(["--config", ini, command]) == 2
        err = capsys.readouterr().err
        assert err.startswith("alembic-deploy: the configuration cannot be read: ")
        assert message in err
        assert f"where: {ini}" in err
