"""The findings table: every id that the code uses is in it, and every example is true."""

from __future__ import annotations

import ast
import json
import os
import re
import resource
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from alembic_deploy.connect import run_on
from alembic_proof.cli import main
from alembic_proof.findings import PROOF_FINDINGS, Entry, SourceFile
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.report.explain import all_entries, page
from alembic_proof.scratch import scratch_database

_ROOT = Path(__file__).parents[4]
_SOURCE = _ROOT / "packages" / "alembic-proof" / "src" / "alembic_proof"
_PAGE = _ROOT / "docs" / "reference" / "findings.md"
_PROJECT = Path(__file__).parents[1] / "cases" / "project"
_FIRST = '''"""Create the table that every example continues."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(
        "CREATE TABLE notes (id integer PRIMARY KEY, title text NOT NULL, body text, meta json)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notes")
'''
_PRINTED = re.compile(r"^(?:\S+: )?(?:error|warning|note): ([a-z-]+)$", re.MULTILINE)
Findings = list[dict[str, Any]]


def _is_revision(file: SourceFile) -> bool:
    return file.name[:4].isdigit()


_TOGETHER = tuple(one for one in PROOF_FINDINGS if all(map(_is_revision, (*one.bad, *one.good))))
"""The entries whose examples are revisions alone: one run proves them all."""
_ALONE = tuple(one for one in PROOF_FINDINGS if one not in _TOGETHER)


@dataclass(frozen=True, slots=True)
class Proved:
    """The findings of the run on all bad examples, and of the one on all good examples."""

    bad: Findings
    good: Findings

    @staticmethod
    def of(findings: Findings, entry: Entry) -> Findings:
        """Return the findings on the example of an entry."""
        number = _TOGETHER.index(entry)
        return [
            one
            for one in findings
            if one["rule"] != "several-heads"  # of our branches
            and (
                (one["revision"] or "").startswith(f"x{number}_")
                or (not one["revision"] and f"notes_{number}" in json.dumps(one))
            )
        ]


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory, server_url: str) -> Proved:
    """Prove all examples that are revisions, each in a branch of its own with its own table."""
    roots = [tmp_path_factory.mktemp(name) for name in ("bad", "good")]
    for entry in _TOGETHER:
        for root, files in zip(roots, (entry.bad, entry.good), strict=True):
            first = SourceFile("0001_notes.py", _FIRST)
            for file in (first, *files):
                number = _TOGETHER.index(entry)
                text = file.text.replace("notes", f"notes_{number}").replace(
                    '"000', f'"x{number}_000'
                )
                versions = root / "versions"
                versions.mkdir(exist_ok=True)
                (versions / f"x{number}_{file.name}").write_text(text, encoding="utf-8")
    return Proved(*(_prove_apart(root, server_url) for root in roots))


def _prove_apart(root: Path, server_url: str) -> Findings:
    """Prove the project in another process, which leaves nothing imported here."""
    shutil.copytree(_PROJECT, root, dirs_exist_ok=True)
    program = "import sys; from alembic_proof.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "roundtrip", "--format", "json"],
        cwd=root,
        env={**os.environ, "CASE_SCRATCH_URL": server_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode < 2, done.stderr
    found: Findings = json.loads(done.stdout)["findings"]
    return found


def _named(entries: tuple[Entry, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", entries, ids=[entry.id for entry in entries])


@_named(_TOGETHER)
def test_an_example_of_revisions_is_true(proved: Proved, entry: Entry) -> None:
    """The bad one has the finding, with the severity of the table; the good one is clean."""
    bad, good = proved.of(proved.bad, entry), proved.of(proved.good, entry)

    assert (entry.id, entry.severity) in {(one["rule"], one["severity"]) for one in bad}
    assert (entry.id, entry.severity) not in {(one["rule"], one["severity"]) for one in good}
    assert [one for one in good if one["severity"] != "note"] == []


@_named(_ALONE)
def test_an_example_of_a_project_is_true(
    tmp_path: Path,
    server_url: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    entry: Entry,
) -> None:
    """Its files and its commands lead to the finding, those of the good one do not."""
    monkeypatch.setenv("CASE_SCRATCH_URL", server_url)
    monkeypatch.setenv("OWNER_URL", server_url)
    if entry.id == "policies-bypassed":
        monkeypatch.setenv("SUPERUSER_URL", request.getfixturevalue("superuser_url"))
    found = {}
    for name, files in (("bad", entry.bad), ("good", entry.good)):
        root = tmp_path / name
        _write(root, files)
        monkeypatch.chdir(root)
        with _without_modules_of(root), _live_database(root, server_url, files) as url:
            monkeypatch.setenv("DATABASE_URL", url)
            found[name] = _run(files, capsys)

    assert (entry.id, entry.severity) in found["bad"]
    assert (entry.id, entry.severity) not in found["good"]
    assert {severity for _, severity in found["good"]} <= {"note"}


def _write(root: Path, files: tuple[SourceFile, ...]) -> None:
    shutil.copytree(_PROJECT, root)
    (root / "versions").mkdir()
    (root / "versions" / "0001_notes.py").write_text(_FIRST, encoding="utf-8")
    for file in files:
        text = file.text
        if file.name == "pyproject.toml" and "scratch_url_env" not in text:
            text = f"{text}[tool.alembic-proof]\n" if "[tool.alembic-proof]\n" not in text else text
            text = text.replace(
                "[tool.alembic-proof]\n",
                '[tool.alembic-proof]\nscratch_url_env = "CASE_SCRATCH_URL"\n',
            )
        path = root / "versions" / file.name if _is_revision(file) else root / file.name
        path.write_text(text, encoding="utf-8")


@contextmanager
def _without_modules_of(root: Path) -> Iterator[None]:
    """Forget the modules that the example imports."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name, module in tuple(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(root)):
            del sys.modules[name]


@contextmanager
def _live_database(root: Path, server_url: str, files: tuple[SourceFile, ...]) -> Iterator[str]:
    """Yield the URL of a database at 0001 if the commands use one, else an empty text."""
    if not any("DATABASE_URL" in file.text for file in files):
        yield ""
        return
    with scratch_database(server_url) as url:
        run_upgrade(alembic_config(Project(file=root / "alembic.ini"), url=url), "0001")
        yield url


def _run(files: tuple[SourceFile, ...], capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str]]:
    """Run the commands of an example and return the ids and severities of the last one's findings."""
    commands = next(
        (file.text for file in files if file.name == "shell"), "alembic-proof roundtrip"
    )
    *before, last = commands.splitlines()
    limit: Any = nullcontext()
    for line in before:
        match shlex.split(line):
            case ["ulimit", "-f", "0"]:
                limit = _no_file_grows()
            case ["git", *_]:
                subprocess.run(_GIT, shell=True, check=True, capture_output=True)  # noqa: S602
            case ["psql", _, "-c", sql]:
                run_on(os.environ["DATABASE_URL"], _executing(sql), autocommit=True)
            case [_, *arguments]:
                main(arguments)
    capsys.readouterr()
    with limit:
        arguments = shlex.split(last)[1:]
        main(arguments if "--format" in arguments else [*arguments, "--format", "json"])
    document = json.loads(capsys.readouterr().out)
    return {(one["rule"], one["severity"]) for one in document["findings"]}


_GIT = "git init -q . && git add . && git -c user.name=x -c user.email=x@x commit -q -m x"


def _executing(sql: str) -> Any:
    return lambda connection: connection.exec_driver_sql(sql)


@contextmanager
def _no_file_grows() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_every_id_of_the_code_has_an_entry() -> None:
    """A finding without an entry could not be explained."""
    known = {entry.id for entry in all_entries()}
    used = {
        id_
        for path in _SOURCE.rglob("*.py")
        for id_ in _ids(ast.parse(path.read_text(encoding="utf-8")))
    }

    assert len(used) > 30
    assert used - known == set()


def test_every_id_of_a_case_has_an_entry() -> None:
    """Whatever way the code made it."""
    printed = {
        id_
        for path in _PROJECT.parent.rglob("expected.txt")
        for id_ in _PRINTED.findall(path.read_text(encoding="utf-8"))
    }

    assert len(printed) > 15
    assert printed - {entry.id for entry in all_entries()} == set()


def test_every_entry_is_of_the_code() -> None:
    """Every explained id is used by a finding."""
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in _SOURCE.rglob("*.py")
        if "findings" not in path.relative_to(_SOURCE).parts[:1]
    )

    assert [entry.id for entry in PROOF_FINDINGS if f'"{entry.id}"' not in text] == []


def _ids(tree: ast.Module) -> Iterator[str]:
    """Yield the ids in the calls that make a finding: by keyword, or as its third argument."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        candidates: list[ast.expr] = []
        if name == "Finding":
            candidates += [one.value for one in node.keywords if one.arg == "id"]
        elif name.endswith("finding_of") or name == "_finding":
            candidates += [*node.args, *(one.value for one in node.keywords if one.arg == "rule")]
        for one in candidates:
            if isinstance(one, ast.Constant) and _is_id(one.value):
                yield str(one.value)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value.islower() and "-" in value and " " not in value


def test_no_id_is_explained_twice() -> None:
    """Lint rules and the findings of the proofs share one table."""
    ids = [entry.id for entry in all_entries()]

    assert len(ids) == len(set(ids))


@_named(all_entries())
def test_an_entry_is_complete(entry: Entry) -> None:
    """Words and both examples."""
    assert all([entry.title, entry.what_happens, entry.what_to_do, entry.bad, entry.good])


def test_the_page_is_generated() -> None:
    """docs/reference/findings.md is `alembic-proof explain --markdown`."""
    assert _PAGE.read_text(encoding="utf-8") == page(all_entries())
