"""tools/bootstrap.py makes .tools once, whatever happens in between."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import ROOT

Outcome = tuple[int, str]
"""The exit code of a bootstrap, and what it printed."""
Bootstrap = Callable[..., Outcome]


def make_bare(root: Path) -> Path:
    """Make a directory with the bootstrap only, which installs nothing here: no network is needed."""
    (root / "tools").mkdir(parents=True)
    shutil.copy2(ROOT / "tools" / "bootstrap.py", root / "tools")
    (root / "tools" / "requirements.txt").write_text("# nothing to install\n", encoding="utf-8")
    return root


def start(root: Path, **environ: str) -> subprocess.Popen[str]:
    """Start the bootstrap of a directory."""
    return subprocess.Popen(
        [sys.executable, str(root / "tools" / "bootstrap.py")],
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Outcome:
    """Wait for a bootstrap."""
    output, _ = process.communicate(timeout=120)
    return process.returncode, output


@pytest.fixture(scope="module")
def two_at_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Outcome]]:
    """Run the bootstrap twice at once; return its directory and both outcomes."""
    root = make_bare(tmp_path_factory.mktemp("two") / "bäre checkout")
    return root, [finish(process) for process in [start(root), start(root)]]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Provide a directory with the bootstrap only."""
    return make_bare(tmp_path / "bäre checkout")


@pytest.fixture
def bootstrap(tmp_path: Path, two_at_once: tuple[Path, list[Outcome]]) -> Bootstrap:
    """Run the bootstrap of a directory with the pip of another one, as ensurepip takes seconds."""
    (tmp_path / "ensurepip.py").touch()
    (packages,) = two_at_once[0].glob(".tools/lib/*/site-packages")
    path = os.pathsep.join(map(str, (tmp_path, packages)))

    def run(root: Path, **environ: str) -> Outcome:
        return finish(start(root, PYTHONPATH=path, **environ))

    return run


def test_two_at_once_make_one(two_at_once: tuple[Path, list[Outcome]]) -> None:
    """Of two simultaneous runs one installs, the other waits for it and finds the work done."""
    root, both = two_at_once

    assert [code for code, _ in both] == [0, 0]
    assert sum("Installing" in output for _, output in both) == 1
    assert (root / ".tools" / "bin" / "pip3").exists()


def test_half_made_is_made_again(bare: Path, bootstrap: Bootstrap) -> None:
    """A .tools without its stamp, as an interrupted run leaves it, is replaced."""
    (bare / ".tools" / "bin").mkdir(parents=True)
    (bare / ".tools" / "bin" / "leftover").touch()

    code, output = bootstrap(bare)

    assert code == 0, output
    assert not (bare / ".tools" / "bin" / "leftover").exists()


def test_a_complete_installation_is_kept(bare: Path, bootstrap: Bootstrap) -> None:
    """A second run does nothing."""
    bootstrap(bare)

    assert bootstrap(bare) == (0, "")


def test_another_python_s_packages_are_made_again(bare: Path, bootstrap: Bootstrap) -> None:
    """After an upgrade of the system's Python, .tools/bin/python is another version's."""
    bootstrap(bare)
    (packages,) = (bare / ".tools" / "lib").iterdir()
    packages.rename(packages.with_name("python3.0"))

    code, output = bootstrap(bare)

    assert (code, "Installing" in output, packages.is_dir()) == (0, True, True), output


def test_a_missing_program_is_installed_again(bare: Path, bootstrap: Bootstrap) -> None:
    """A stamp is no proof that the programs are still there."""
    bootstrap(bare)
    for place in ("tools", ".tools"):
        (bare / place / "requirements.txt").write_text("uv==0\n", encoding="utf-8")
    (bare / ".tools" / "bin" / "uv").touch()
    whole = bootstrap(bare)
    (bare / ".tools" / "bin" / "uv").unlink()

    code, output = bootstrap(bare, PIP_NO_INDEX="1")

    assert whole == (0, "")
    assert (code, "Installing" in output) == (2, True), output


def test_failed_install_says_what_to_do(bare: Path, bootstrap: Bootstrap) -> None:
    """A requirement that cannot be had is one clear message, exit code 2, and no stamp."""
    (bare / "tools" / "requirements.txt").write_text("./no-such-package\n", encoding="utf-8")

    code, output = bootstrap(bare)

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
