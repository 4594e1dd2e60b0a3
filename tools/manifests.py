"""Validate the manifests of docs/howto/deploy: their form, and the command lines in them.

`nox -s lint` runs it with kubernetes-validate and dockerfile-parse, which nothing else needs. Compose
and GitHub Actions have schemas of their own there.
"""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-not-found,import-untyped,unused-ignore]
import yaml  # type: ignore[import-untyped,unused-ignore]
from dockerfile_parse import DockerfileParser  # type: ignore[import-not-found,import-untyped,unused-ignore]

from boards.database.migrate import argument_parser

DIRECTORY = Path(__file__).resolve().parents[1] / "docs" / "howto" / "deploy"
PROGRAM = "boards-migrate"
_INSTRUCTIONS = frozenset(
    {
        "FROM",
        "RUN",
        "COPY",
        "ENV",
        "ARG",
        "LABEL",
        "WORKDIR",
        "USER",
        "ENTRYPOINT",
        "CMD",
        "COMMENT",
    }
)
"""Those that a Dockerfile of ours may use."""


def main(directory: Path = DIRECTORY) -> int:
    """Print what is wrong with the manifests; return 1 if anything is, else 0."""
    findings = [
        *(
            f"{path.name}: {one}"
            for path in sorted(directory.glob("kubernetes-*.yaml"))
            for one in _kubernetes(path)
        ),
        *(f"Dockerfile: {one}" for one in _dockerfile(directory / "Dockerfile")),
        *(
            f"{path.name}: {one}"
            for path in sorted(directory.glob("*.service"))
            for one in _unit(path)
        ),
        *(
            f"{path}: {one}"
            for path, line in _command_lines(directory)
            for one in _unknown_arguments(line)
        ),
    ]
    sys.stdout.writelines(f"{one}\n" for one in findings)
    return 1 if findings else 0


def _kubernetes(path: Path) -> Iterator[str]:
    """Yield what the schema of the newest Kubernetes says, unknown keys included."""
    newest = kubernetes_validate.latest_version()
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        try:
            kubernetes_validate.validate(document, newest, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield str(error.message)


def _dockerfile(path: Path) -> Iterator[str]:
    """Yield unknown instructions, and that it ends as root."""
    parser = DockerfileParser(fileobj=io.BytesIO(path.read_bytes()))
    steps = [(step["instruction"], step["value"]) for step in parser.structure]
    yield from (f"unknown instruction {name}" for name, _ in steps if name not in _INSTRUCTIONS)
    users = [value for name, value in steps if name == "USER"]
    if not users or users[-1] in ("root", "0"):
        yield "the image runs as root"


def _unit(path: Path) -> Iterator[str]:
    """Yield what systemd says, where it is installed; the program itself need not be."""
    if shutil.which("systemd-analyze") is None:
        return
    text = path.read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith("ExecStart="):
            text = text.replace(line, "ExecStart=/bin/true")
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory, path.name)
        copy.write_text(text, encoding="utf-8")
        command = ["systemd-analyze", "verify", "--man=no", str(copy)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    yield from (line for line in done.stderr.splitlines() if path.name in line)


def _command_lines(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the arguments of each call of boards-migrate, and the file that has it."""
    for path in sorted(directory.iterdir()):
        text = path.read_text(encoding="utf-8")
        if path.suffix in (".yaml", ".yml"):
            for document in yaml.safe_load_all(text):
                yield from ((path.name, line) for line in _calls(document))
        else:
            lines = [line for line in text.splitlines() if line.startswith(("ExecStart=", "CMD "))]
            for line in lines:
                yield path.name, _arguments(line)


def _calls(node: Any) -> Iterator[list[str]]:
    """Yield the arguments of each container of the image, and of each step that runs the program."""
    match node:
        case {"image": "boards-migrate", **rest}:
            found: Any = rest.get("args") or rest.get("command")
            yield [str(one) for one in found or ()]
        case {"run": str(script)} if PROGRAM in script.split()[0]:
            yield shlex.split(script)[1:]
        case dict():
            for value in node.values():
                yield from _calls(value)
        case list():
            for value in node:
                yield from _calls(value)


def _arguments(line: str) -> list[str]:
    """Return the arguments of CMD [...] or ExecStart=..."""
    if line.startswith("CMD "):
        return [str(one) for one in yaml.safe_load(line.removeprefix("CMD "))]
    return shlex.split(line)[1:]


def _unknown_arguments(arguments: list[str]) -> Iterator[str]:
    """Yield what the command line's own parser says."""
    errors = io.StringIO()
    try:
        with redirect_stderr(errors):
            argument_parser().parse_args(arguments)
    except SystemExit:
        yield errors.getvalue().strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
