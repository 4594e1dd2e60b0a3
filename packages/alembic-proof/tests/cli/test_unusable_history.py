"""Projects whose history cannot be used for a proof, or cannot be found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("command", ["roundtrip", "parity"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("revision = '0002'\ndown_revision = '00zz'\n", "revision 0002 follows 00zz"),
        ("revision = '0002'\ndown_revision = '0001'\n", "revision 0002 has no upgrade()"),
        ("", "a revision cannot be loaded: "),
    ],
)
def test_a_history_that_cannot_be_loaded_is_an_error_of_every_proof(
    open_case: Open, run: Run, command: str, text: str, message: str
) -> None:
    """As what it is, before env.py runs."""
    root = open_case("environment/is_synchronous")
    (root / "versions" / "0002_new.py").write_text(text, encoding="utf-8")

    code, out, err = run(command)

    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert f"where: {root / 'versions'}" in err


@pytest.mark.parametrize("text", ["[alembic]\n", "[alembic]\nscript_location = nowhere\n"])
def test_a_configuration_without_a_history_is_named(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """The error does not suggest creating a new history."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alembic.ini").write_text(text, encoding="utf-8")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith("there is no migration history: ")
    assert "init" not in err.partition("where:")[0]
    assert f"where: {tmp_path / 'alembic.ini'}\n  help: set script_location" in err


@pytest.mark.parametrize(
    "text",
    [
        b"foo\n",
        b"[alembic]\nfoo\n",
        b"[alembic]\nx = \xff\n",
        b"[alembic]\nscript_location = %(nope)s",
    ],
)
@pytest.mark.parametrize("command", ["roundtrip", "parity", "lint"])
def test_a_file_that_is_no_alembic_ini_is_one_clear_error(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, command: str, text: bytes
) -> None:
    """It is named, with what is wrong in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alembic.ini").write_bytes(text)

    code, out, err = run(command)

    assert (code, out) == (2, "")
    assert err.startswith("the file cannot be read as an alembic.ini: ")
    assert f"where: {tmp_path / 'alembic.ini'}" in err
