"""The check of the manifests that show how to deploy: it finds what is wrong with them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from noxfile import MANIFEST_TOOLS

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs" / "howto" / "deploy"
UV = next((one for one in (ROOT / ".tools" / "bin" / "uv",) if one.exists()), shutil.which("uv"))


def check(directory: Path) -> tuple[int, str]:
    """Return the exit code and the output of the check."""
    command = [str(UV), "run", "--quiet", *MANIFEST_TOOLS, "python", "tools/manifests.py"]
    done = subprocess.run(
        [*command, str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )
    return done.returncode, done.stdout


@pytest.mark.skipif(UV is None, reason="uv is not installed")
def test_manifests_are_checked(tmp_path: Path) -> None:
    """A wrong key, an image that runs as root and an unknown option are found, and nothing else."""
    assert check(DEPLOY) == (0, "")
    broken = tmp_path / "deploy"
    shutil.copytree(DEPLOY, broken)
    for name, old, new in (
        ("kubernetes-job.yaml", "backoffLimit", "backofLimit"),
        ("Dockerfile", "USER 10001", "USER root"),
        ("compose.yaml", '["upgrade"]', '["upgrade", "--retrys"]'),
    ):
        file = broken / name
        file.write_text(file.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    code, out = check(broken)

    assert code == 1
    assert "kubernetes-job.yaml: Additional properties are not allowed ('backofLimit'" in out
    assert "Dockerfile: the image runs as root" in out
    assert "compose.yaml: boards-migrate: error: unrecognized arguments: --retrys" in out
    assert len(out.splitlines()) == 3
