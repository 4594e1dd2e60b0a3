"""tools/bootstrap.py makes .tools once, whatever happens in between."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Provide a directory with the bootstrap only, which installs nothing here: no network is needed."""
    root = tmp_path / "bäre checkout"
    (root / "tools").mkdir(parents=True)
    shutil.copy2(ROOT / "tools" / "bootstrap.py", root / "tools")
    (root / "tools" / "requirements.txt").write_text("# nothing to install\n", encoding="utf-8")
    return root


def bootstrap(root: Path, **environ: str) -> subprocess.Popen[str]:
    """Start the bootstrap of a directory."""
    return subprocess.Popen(
        [sys.executable, str(root / "tools" / "bootstrap.py")],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a bootstrap; return its exit code and what it printed."""
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


def test_two_at_once_make_one(bare: Path) -> None:
    """Of two simultaneous runs one installs, the other waits for it and finds the work done."""
    both = [finish(process) for process in [bootstrap(bare), bootstrap(bare)]]

    assert [code for code, _ in both] == [0, 0]
    assert sum("Installing" in output for _, output in both) == 1


def test_half_made_is_made_again(bare: Path) -> None:
    """A .tools without its stamp, as an interrupted run leaves it, is replaced."""
    (bare / ".tools" / "bin").mkdir(parents=True)
    (bare / ".tools" / "bin" / "leftover").touch()

    code, output = finish(bootstrap(bare))

    assert code == 0, output
    assert not (bare / ".tools" / "bin" / "leftover").exists()


def test_a_complete_installation_is_kept(bare: Path) -> None:
    """A second run does nothing."""
    finish(bootstrap(bare))

    assert finish(bootstrap(bare)) == (0, "")


def test_another_python_s_packages_are_made_again(bare: Path) -> None:
    """After an upgrade of the system's Python, .tools/bin/python is another version's."""
    finish(bootstrap(bare))
    (packages,) = (bare / ".tools" / "lib").iterdir()
    packages.rename(packages.with_name("python3.0"))

    code, output = finish(bootstrap(bare))

    assert (code, "Installing" in output, packages.is_dir()) == (0, True, True), output


def test_a_missing_program_is_installed_again(bare: Path) -> None:
    """A stamp is no proof that the programs are still there."""
    finish(bootstrap(bare))
    for place in ("tools", ".tools"):
        (bare / place / "requirements.txt").write_text("uv==0\n", encoding="utf-8")
    (bare / ".tools" / "bin" / "uv").touch()
    whole = finish(bootstrap(bare))
    (bare / ".tools" / "bin" / "uv").unlink()

    code, output = finish(bootstrap(bare, PIP_NO_INDEX="1"))

    assert whole == (0, "")
    assert (code, "Installing" in output) == (2, True), output


def test_failed_install_says_what_to_do(bare: Path) -> None:
    """A requirement that cannot be had is one clear message, exit code 2, and no stamp."""
    (bare / "tools" / "requirements.txt").write_text("./no-such-package\n", encoding="utf-8")

    code, output = finish(bootstrap(bare))

    assert code == 2
    assert "do: Check the network" in output
    assert "Traceback" not in output
    assert not (bare / ".tools" / "requirements.txt").exists()


def test_pins_agree() -> None:
    """The nox that runs the sessions is the one that the suite is checked with."""
    tools = (ROOT / "tools" / "requirements.txt").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")

    pinned = re.search(r'"(nox==[^"]+)"', project)

    assert pinned
    assert pinned[1] in tools.splitlines()
