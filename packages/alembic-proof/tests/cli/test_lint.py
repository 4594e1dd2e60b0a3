"""`alembic-proof lint`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alembic_proof.cli import main
from alembic_proof.lint import all_rules
from alembic_proof.report.explain import general_help

_GOOD = 'revision = "a"\ndef upgrade(): run()\ndef downgrade(): run()\n'
_BAD = 'revision = "a"\nimport shop\ndef downgrade(): pass\ndef upgrade(): run()\n'

_NO_GIT = "  not checked whether merged revisions were edited: "
_IMPORT = "the revision imports shop, which will change"


def _project(directory: Path, text: str, settings: str = "") -> str:
    versions = directory / "scripts" / "versions"
    versions.mkdir(parents=True)
    versions.joinpath("a.py").write_text(text, encoding="utf-8")
    directory.joinpath("pyproject.toml").write_text(settings, encoding="utf-8")
    ini = directory / "alembic.ini"
    ini.write_text("[alembic]\nscript_location = %(here)s/scripts\n", encoding="utf-8")
    return str(ini)


def test_a_clean_history_exits_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says what was read."""
    code = main(["--config", _project(tmp_path, _GOOD), "lint", "-v"])

    assert code == 0
    step, id_, note, _, last = capsys.readouterr().out.splitlines()
    assert re.fullmatch(rf"✓ 1 revision file, {len(all_rules())} rules +0\.\d{{3}} s", step)
    assert id_ == "note: edited-after-merge"
    assert note.startswith(_NO_GIT)
    assert last == "lint: 1 note"


def test_findings_exit_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default alembic.ini is the one of the working directory; settings lie beside it."""
    _project(tmp_path, _BAD, '[tool.alembic-proof]\nfrozen_from = ["shop"]\n')
    monkeypatch.chdir(tmp_path)

    code = main(["lint"])

    assert code == 1
    assert capsys.readouterr().out.splitlines()[3:] == [
        "scripts/versions/a.py:2: error: imports-project",
        f"  {_IMPORT}",
        "  help: copy the needed code into the revision",
        "scripts/versions/a.py:3: error: empty-downgrade",
        "  downgrade() does nothing",
        f"  help: {general_help('empty-downgrade')}",
        "lint: 2 errors, 1 note",
    ]


@pytest.mark.parametrize("format_", ["json", "github", "junit", "markdown"])
def test_findings_are_written_for_other_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str
) -> None:
    """As for every proof; steps are printed on standard error."""
    code = main(["--config", _project(tmp_path, _BAD), "lint", "-v", "--format", format_])

    shown = capsys.readouterr()
    assert code == 1
    assert "empty-downgrade" in shown.out
    assert " rules " in shown.err


def test_the_findings_of_an_old_history_can_be_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of that file and rule; a new file's are found, wherever the old ones have moved to."""
    ini = _project(tmp_path, _BAD)
    versions, baseline = tmp_path / "scripts" / "versions", str(tmp_path / "known.json")
    assert main(["--config", ini, "lint", "--write-baseline", baseline]) == 0
    versions.joinpath("a.py").write_text(f"# moved\n{_BAD}", encoding="utf-8")
    assert main(["--config", ini, "lint", "--baseline", baseline]) == 0
    versions.joinpath("b.py").write_text(_BAD.replace('"a"', '"b"'), encoding="utf-8")
    capsys.readouterr()

    assert main(["--config", ini, "lint", "--baseline", baseline]) == 1
    assert "b.py:3: error: empty-downgrade\n  downgrade() does nothing" in capsys.readouterr().out


def test_no_alembic_ini_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One clear message on standard error, and no traceback."""
    monkeypatch.chdir(tmp_path)

    code = main(["lint"])

    assert code == 2
    assert capsys.readouterr().err.startswith("there is no Alembic project here: looked for ")


def test_an_unknown_setting_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest known key is named."""
    ini = _project(tmp_path, _GOOD, "[tool.alembic-proof]\nfrozen_form = []\n")

    code = main(["lint", "--config", ini])

    assert code == 2
    assert "did you mean 'frozen_from'?" in capsys.readouterr().err


def test_a_rule_is_explained_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    """No project is needed to read about a rule."""
    assert main(["lint", "--explain", "file-order"]) == 0
    assert capsys.readouterr().out.startswith("# file-order\n")


def test_an_unknown_rule_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the command that lists the known ones."""
    assert main(["lint", "--explain", "nope"]) == 2
    assert "`alembic-proof explain` lists all of them" in capsys.readouterr().err
