"""The round trip of tiny histories, each with one fault or none."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from alembic_proof.cli import main
from alembic_proof.postgres.url import DatabaseUrl


def test_roundtrip(
    open_case: Callable[[str], Path],
    run: Callable[..., tuple[int, str, str]],
    roundtrip_case: str,
) -> None:
    """What the history gets wrong, and nothing else, is found; a clean one is clean."""
    root = open_case(f"roundtrip/{roundtrip_case}")
    expected = (root / "expected.txt").read_text(encoding="utf-8")

    code, out, _ = run("roundtrip")

    assert out == expected
    assert code == (1 if re.search("^(error|warning): ", expected, re.MULTILINE) else 0)


def test_the_server_is_named_and_its_password_is_not(
    open_case: Callable[[str], Path],
    server_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One line on standard error says where the scratch databases are."""
    open_case("roundtrip/clean")
    url = replace(DatabaseUrl.parse(server_url), password="secret").text
    monkeypatch.setenv("CASE_SCRATCH_URL", url)

    assert main(["roundtrip"]) == 0

    shown = capsys.readouterr()
    assert shown.err == f"scratch databases: {DatabaseUrl.parse(server_url).display}\n"
    assert "secret" not in shown.out


def test_each_step_shows_its_time(
    open_case: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A long proof says where it is, and afterwards where the time went."""
    open_case("roundtrip/clean")

    main(["roundtrip"])

    steps = re.findall(r"^  (.+?) +\d+\.\d{3} s$", capsys.readouterr().out, re.MULTILINE)
    assert steps == [
        "read base",
        "upgrade to head",
        "read head",
        "downgrade to base",
        "read base again",
        "upgrade to head again",
        "read head again",
    ]
