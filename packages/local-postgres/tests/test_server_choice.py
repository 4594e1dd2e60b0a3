"""Which major's data a command goes on with when nobody asks for one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from local_postgres.binaries import installed
from local_postgres.download import DEFAULT_MAJOR
from local_postgres.server import LocalServer, start, status, stop

MAJOR = "ALEMBIC_PROOF_PG_MAJOR"
BINDIR = "ALEMBIC_PROOF_PG_BINDIR"


@pytest.fixture
def unasked(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment that asks for no PostgreSQL."""
    for name in (MAJOR, BINDIR):
        environ.pop(name, None)
    return environ


@pytest.fixture
def older(unasked: dict[str, str]) -> str:
    """Return the bin directory of an installed PostgreSQL that is not the default one."""
    found = [one for one in installed(unasked) if one.major != DEFAULT_MAJOR]
    if not found:
        pytest.skip(f"no PostgreSQL but {DEFAULT_MAJOR} is installed here")
    return str(found[-1].bin_dir)


@pytest.fixture
def offline(unasked: dict[str, str], older: str, tmp_path: Path) -> dict[str, str]:
    """Return an environment with an empty cache and a registry that cannot be reached; an older PostgreSQL is on PATH."""
    return unasked | {
        "PATH": f"{older}{os.pathsep}{unasked['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_fetch_retries": "0",
    }


def test_data_of_a_fallback_is_kept(
    durable: LocalServer, unasked: dict[str, str], offline: dict[str, str]
) -> None:
    """Made for want of the embedded server, it stays the default, however often it starts."""
    first = start(durable, offline)
    stop(durable)
    second = start(durable, unasked)
    stop(durable)

    assert first.version.split(".")[0] != str(DEFAULT_MAJOR)
    assert {second.data, start(durable, unasked).data} == {first.data}


def test_data_of_a_fallback_is_kept_beside_another_major_s(
    durable: LocalServer, unasked: dict[str, str], offline: dict[str, str]
) -> None:
    """Asking once for the default's own major does not turn the developer's database empty."""
    first = start(durable, offline)

    other = start(durable, unasked | {MAJOR: str(DEFAULT_MAJOR)})

    assert other.data != first.data
    assert start(durable, unasked).data == first.data


@pytest.mark.parametrize("variable", [MAJOR, BINDIR])
def test_data_that_was_asked_for_is_not_the_default(
    durable: LocalServer, unasked: dict[str, str], older: str, variable: str
) -> None:
    """Reproducing a bug on another PostgreSQL is over when the variable is gone."""
    major = str(next(one.major for one in installed(unasked) if str(one.bin_dir) == older))
    asking = unasked | {variable: older if variable == BINDIR else major}

    asked = start(durable, asking)
    default = start(durable, unasked)

    assert default.version.split(".")[0] == str(DEFAULT_MAJOR)
    assert [one.major for one in status(durable)] == [int(major), DEFAULT_MAJOR]
    assert start(durable, asking).data == asked.data


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": "18.4"}'])
def test_an_incomplete_description_is_rewritten(
    durable: LocalServer, unasked: dict[str, str], text: str
) -> None:
    """A disk that was full once does not end in a traceback; the data is found again."""
    first = start(durable, unasked)
    (durable.home(DEFAULT_MAJOR) / "server.json").write_text(text, encoding="utf-8")

    assert start(durable, unasked) == first
