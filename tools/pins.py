"""Writes the exact versions of all dependencies into [tool.uv] constraint-dependencies.

uv.lock is not committed because it names the registry that it was made with; the pins hold the
same versions without naming any.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = re.compile(r"^constraint-dependencies = \[[^\]]*\]$", re.MULTILINE)


def main(argv: list[str]) -> int:
    """Resolve the workspace without pins, newest first, and write what came out as the pins."""
    uv = argv[0] if argv else "uv"
    pyproject = ROOT / "pyproject.toml"
    before = pyproject.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory:
        copy_projects(Path(directory), replace_pins(before, ()))
        pins = resolve(uv, Path(directory))
    after = replace_pins(before, pins)
    pyproject.write_text(after, encoding="utf-8")
    print("unchanged" if after == before else f"{len(pins)} pins written to pyproject.toml")
    return 0


def replace_pins(text: str, pins: tuple[str, ...]) -> str:
    """Return the pyproject's text with these pins in place of the old ones."""
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    after, count = PINS.subn(lambda _: f"constraint-dependencies = [\n{lines}]", text)
    if count != 1:
        raise SystemExit("pyproject.toml has no `constraint-dependencies = [ … ]` to fill")
    return after


def copy_projects(directory: Path, pyproject: str) -> None:
    """Lay out the workspace's project files alone: all that a resolution needs."""
    (directory / "pyproject.toml").write_text(pyproject, encoding="utf-8")
    for file in ROOT.glob("packages/*/pyproject.toml"):
        target = directory / file.relative_to(ROOT)
        target.parent.mkdir(parents=True)
        shutil.copyfile(file, target)


def resolve(uv: str, directory: Path) -> tuple[str, ...]:
    """Return `name==version[ ; marker]` of every dependency for every platform, sorted."""
    command = [uv, "export", "--quiet", "--no-hashes", "--no-annotate", "--no-header"]
    command += ["--all-packages", "--all-extras", "--all-groups", "--no-emit-workspace"]
    text = subprocess.run(
        command, cwd=directory, check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    return tuple(sorted(line.strip().replace('"', "'") for line in text.splitlines() if line))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
