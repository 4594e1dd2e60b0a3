"""What users type: make targets, nox sessions and plain Alembic, on a checkout of their own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT, Checkout

NOX = (".tools/bin/python", "-m", "nox")
VERSIONS = Path("packages/backend/alembic/versions")
NEW_COLUMN = """
    pronouns: Mapped[str | None] = mapped_column(comment="How the user wants to be addressed.")
"""


def test_nox_lists_each_session_in_a_line(checkout: Checkout) -> None:
    """`nox -l` says in one line what each session does, and every make target is one of them."""
    listed = checkout.run(*NOX, "-l").stdout

    sessions = dict(re.findall(r"^[*-] (\w+) -> (.+)$", listed, re.MULTILINE))

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"\$\(NOX\) -s (\w+)", makefile)) <= set(sessions)
    assert all(line.endswith(".") for line in sessions.values()), sessions


def test_make_alone_lists_the_targets(checkout: Checkout) -> None:
    """`make` without a target explains itself and does nothing."""
    done = checkout.run("make")

    assert done.returncode == 0
    assert "make migrate" in done.stdout


def test_concurrent_first_commands_succeed(checkout: Checkout) -> None:
    """Four simultaneous first commands all succeed and give one migrated database."""
    checkout.run("make", "db", "do=stop")
    shutil.rmtree(checkout.root / ".postgres", ignore_errors=True)
    command = ["make", "migrate"]
    running = [
        subprocess.Popen(
            command,
            cwd=checkout.root,
            env=dict(checkout.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]

    outputs = [process.communicate(timeout=300)[0] for process in running]

    assert [process.returncode for process in running] == [0] * 4, "\n".join(outputs)
    assert sum("base ->" in output for output in outputs) == 1
    assert "(head)" in checkout.run("make", "current").stdout


def test_downgrade_and_upgrade_name_both_ends(checkout: Checkout) -> None:
    """Both commands print each revision with its time, then from where to where, on which database."""
    checkout.run("make", "migrate")

    down = checkout.run("make", "downgrade").stdout
    up = checkout.run("make", "migrate").stdout

    for output in (down, up):
        assert re.search(r"\d\.\d+ s$", output, re.MULTILINE), output
        assert re.search(r"^[0-9a-f]{12} -> [0-9a-f]{12}.* on boards", output, re.MULTILINE), output


def test_from_another_directory(checkout: Checkout, tmp_path: Path) -> None:
    """The sessions do not depend on the directory that they are called from, and leave it empty."""
    python, noxfile = checkout.root / NOX[0], checkout.root / "noxfile.py"

    for arguments in (("upgrade", "current"), ("roundtrip", "--", "head")):
        done = checkout.run(
            str(python), "-m", "nox", "-f", str(noxfile), "-s", *arguments, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout

    assert list(tmp_path.iterdir()) == []


def test_tools_on_path_will_do(checkout: Checkout, tmp_path: Path) -> None:
    """A nox and a uv that are on PATH serve a checkout that has no .tools."""
    tools = (checkout.root / ".tools").rename(tmp_path / "tools")
    try:
        done = checkout.run(
            "nox", "-s", "current", PATH=f"{tools.resolve() / 'bin'}:{checkout.environ['PATH']}"
        )
    finally:
        tools.rename(checkout.root / ".tools")

    assert done.returncode == 0, done.stdout


def test_uv_python_reaches_uv(checkout: Checkout) -> None:
    """UV_PYTHON chooses the interpreter: one that does not exist is an error, not ignored."""
    done = checkout.run("make", "current", UV_PYTHON="/nonexistent/python")

    assert "/nonexistent/python" in done.stdout
    assert done.returncode == 2


def test_blank_url_is_no_url(checkout: Checkout) -> None:
    """A blank BOARDS_DATABASE_URL, as a CI's empty secret is, means the checkout's own database."""
    done = checkout.run("make", "migrate", "current", BOARDS_DATABASE_URL=" ")

    assert done.returncode == 0, done.stdout
    assert "on boards at this checkout's server" in done.stdout or "nothing to do" in done.stdout


def test_default_is_lint_roundtrip_test(checkout: Checkout) -> None:
    """Without a session, nox selects lint, roundtrip and test, in this order."""
    listed = checkout.run(*NOX, "-l").stdout

    assert re.findall(r"^\* (\w+)", listed, re.MULTILINE) == ["lint", "roundtrip", "test"]


@pytest.mark.parametrize("red", ["", "\033[31m"])
def test_ci_ends_with_the_closing_line(checkout: Checkout, tmp_path: Path, red: str) -> None:
    """`.ci/run` repeats pytest's closing line, coloured or not, as its last; the exit code stays."""
    closing = "===== 1 failed, 2 passed in 3.45s (0:00:03) ====="
    plain = "\033[0m" if red else ""
    said = closing.replace("1 failed", f"{red}1 failed{plain}")
    make = tmp_path / "make"
    make.write_text(
        f"#!/bin/sh\necho '{red}{said}{plain}'\necho nox says more\nexit 2\n", encoding="utf-8"
    )
    make.chmod(0o755)

    done = checkout.run(
        "bash", ".ci/run", cwd=checkout.root, PATH=f"{tmp_path}:{checkout.environ['PATH']}"
    )

    assert (done.stdout.splitlines()[-1], done.returncode) == (closing, 2)


@pytest.mark.parametrize(
    ("session", "arguments", "code", "message"),
    [
        ("upgrade", ("nope",), 2, "nope"),
        ("revision", ("💥",), 2, "letter"),
        ("db", ("explode",), 2, "explode"),
    ],
)
def test_bad_input_is_one_clear_error(
    checkout: Checkout, session: str, arguments: tuple[str, ...], code: int, message: str
) -> None:
    """A mistake on the command line ends with exit code 2, a sentence and no traceback."""
    done = checkout.run(*NOX, "-s", session, "--", *arguments)

    assert done.returncode == code, done.stdout
    assert message in done.stdout
    assert "Traceback" not in done.stdout


@pytest.fixture
def user_file(checkout: Checkout) -> Iterator[Path]:
    """Provide the file of the users' models; it and the versions are as before afterwards."""
    path = checkout.root / "packages/backend/src/boards/dbmodels/users.py"
    model, revisions = (
        path.read_text(encoding="utf-8"),
        set((checkout.root / VERSIONS).glob("*.py")),
    )
    yield path
    path.write_text(model, encoding="utf-8")
    for revision in set((checkout.root / VERSIONS).glob("*.py")) - revisions:
        revision.unlink()


def test_forgotten_revision_is_noticed(checkout: Checkout, user_file: Path) -> None:
    """`check` exits 1 when a model has a column that no revision makes."""
    checkout.run("make", "migrate")
    add_column(user_file)

    done = checkout.run(*NOX, "-s", "check")

    assert done.returncode == 1, done.stdout
    assert "pronouns" in done.stdout


BRANCH = '''\
"""Add {revision}.

Revision: {revision}, after {parent}
"""

import sqlalchemy as sa
from alembic import op

revision: str = "{revision}"
down_revision: str | None = "{parent}"


def upgrade() -> None:
    op.add_column("users", sa.Column("{revision}", sa.Text()))


def downgrade() -> None:
    op.drop_column("users", "{revision}")
'''


def test_two_branches_become_one_line(checkout: Checkout) -> None:
    """`alembic merge` joins two heads; `make rebase` puts the local one behind the other."""
    versions = checkout.root / VERSIONS
    before = set(versions.glob("*.py"))
    newest = max(before).read_text(encoding="utf-8")
    head = re.search('^revision: str = "(.*)"$', newest, re.MULTILINE)
    assert head is not None
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org")
    try:
        checkout.run(*git, "init", "--quiet")
        for revision in ("theirs", "ours"):
            path = versions / f"20991231_{'1' if revision == 'ours' else '2'}00000_{revision}.py"
            path.write_text(BRANCH.format(revision=revision, parent=head[1]), encoding="utf-8")
            checkout.run(*git, "add", str(VERSIONS))
            checkout.run(*git, "commit", "--quiet", "--message", revision)

        merge = (".tools/bin/uv", "run", "--quiet", "--directory", "packages/backend", "alembic")
        merged = checkout.run(*merge, "merge", "heads", "--message", "join")
        for path in versions.glob("*_join.py"):
            path.unlink()
        rebased = checkout.run("make", "rebase", "base=HEAD^")

        assert merged.returncode == 0, merged.stdout
        assert rebased.returncode == 0, rebased.stdout
        assert "1 revision moved after theirs (" in rebased.stdout
        assert "round trip: no findings" in rebased.stdout
        ours = (versions / "20991231_200001_ours.py").read_text(encoding="utf-8")
        assert "Revision: ours, after theirs\n" in ours
    finally:
        shutil.rmtree(checkout.root / ".git", ignore_errors=True)
        for path in set(versions.glob("*.py")) - before:
            path.unlink()


def add_column(path: Path) -> None:
    """Give User a column `pronouns` after `display_name`'s line."""
    text = path.read_text(encoding="utf-8")
    changed = re.sub(
        r"(\n    display_name: .*?\n)(?=    \w+:)",
        rf"\1{NEW_COLUMN}",
        text,
        count=1,
        flags=re.DOTALL,
    )
    assert changed != text
    path.write_text(changed, encoding="utf-8")


FAULTS = (
    ("packages/alembic-proof/src/alembic_proof/cli/explain.py", "\nimport boards  # noqa\n"),
    (".github/workflows/ci.yml", "\nsurprise: true\n"),
    ("tools/pins.py", '\nimport   os\nX: int = "1"\n'),
)
"""In modules that few others import, so that mypy checks few of them again."""


@pytest.fixture
def faulty_checkout(checkout: Checkout) -> Iterator[Checkout]:
    """Provide the checkout with a fault for each checker; it is as before afterwards.

    mypy finds there what it knows of this checkout, by the contents of the files.
    """
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", checkout.root / ".mypy_cache", dirs_exist_ok=True)
    before = {path: (checkout.root / path).read_text(encoding="utf-8") for path, _ in FAULTS}
    for path, text in FAULTS:
        (checkout.root / path).write_text(before[path] + text, encoding="utf-8")
    yield checkout
    for path, content in before.items():
        (checkout.root / path).write_text(content, encoding="utf-8")


def test_lint_notices(faulty_checkout: Checkout) -> None:
    """Each checker of the lint session fails it: layers, types, the workflow's schema, style."""
    done = faulty_checkout.run(*NOX, "-s", "lint")

    assert done.returncode == 1, done.stdout
    [line] = (line for line in done.stdout.splitlines() if "failed: " in line)
    failed = line.partition("failed: ")[2].split("; ")
    names = {"env": "mypy"}  # the mypy runs that set an environment variable
    assert {names.get(one.split()[0], one.split()[0]) for one in failed} == {
        "ruff",
        "mypy",
        "lint-imports",
        "check-jsonschema",
    }
    assert 'variable has type "int"' in done.stdout, "mypy names the fault of types"
    assert len([one for one in failed if one.startswith("check-jsonschema")]) == 1


@pytest.fixture
def recorder(checkout: Checkout, tmp_path: Path) -> Iterator[None]:
    """Provide a Python in .tools that prints its arguments instead of running nox."""
    fake = checkout.root / ".tools"
    tools = fake.rename(tmp_path / "tools")
    (fake / "bin").mkdir(parents=True)
    python = fake / "bin" / "python"
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    for name in ("nox", "uv"):
        (fake / "bin" / name).touch()
    (fake / "requirements.txt").write_bytes((ROOT / "tools" / "requirements.txt").read_bytes())
    yield
    shutil.rmtree(fake)
    tools.rename(fake)


@pytest.mark.parametrize(
    ("target", "variable", "session", "option"),
    [
        ("migrate", "rev", "upgrade", ()),
        ("downgrade", "rev", "downgrade", ()),
        ("roundtrip", "rev", "roundtrip", ()),
        ("roundtrip", "format", "roundtrip", ("--format",)),
        ("parity", "format", "parity", ("--format",)),
        ("drift", "format", "drift", ("--format",)),
        ("test", "k", "test", ("-k",)),
        ("revision", "m", "revision", ()),
        ("db", "do", "db", ()),
    ],
)
@pytest.mark.usefixtures("recorder")
def test_make_does_not_execute_values(
    checkout: Checkout,
    tmp_path: Path,
    target: str,
    variable: str,
    session: str,
    option: tuple[str, ...],
) -> None:
    """Neither make nor the shell executes a value, and nox gets it unchanged."""
    value = f"$(shell touch {tmp_path}/1)`touch {tmp_path}/2`$5;touch {tmp_path}/3;'\"*"

    done = checkout.run("make", target, f"{variable}={value}")

    words = value.split() if variable == "do" else [value]
    expected = ["-m", "nox", "-s", session, "--", *option, *words, ""]
    assert done.stdout == "|".join(expected), done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["tools"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("revision", "m=tidy tags", "empty=1"), "-s|revision|--|--empty|tidy tags|"),
        (("revision", "amend=1"), "-s|revision|--|--amend|"),
        (("revision", "m=x y", "dry_run=1", "sql=1"), "-s|revision|--|--dry-run|--sql|x y|"),
        (("revision", "m=x", "plain=1", "no_rename=1"), "-s|revision|--|--plain|--no-rename|x|"),
        (
            ("revision", "m=x", "rename=a.b=c", "fill=a.c=lower(b) || '!'"),
            "-s|revision|--|--rename|a.b=c|--fill|a.c=lower(b) || '!'|x|",
        ),
        (
            ("revision", "m=x", "fill=a.b=regexp_replace(b, '^(a|b)$|$(c)', 1)"),
            "-s|revision|--|--fill|a.b=regexp_replace(b, '^(a|b)$|$(c)', 1)|x|",
        ),
        (("roundtrip", "rev=head", "format=json"), "-s|roundtrip|--|--format|json|head|"),
        (("roundtrip", "v=1"), "-s|roundtrip|--|-v|"),
        (("roundtrip",), "-s|roundtrip|--|"),
    ],
)
@pytest.mark.parametrize("directory", ["", "packages/backend"])
@pytest.mark.usefixtures("recorder")
def test_make_passes_its_variables_to_nox(
    checkout: Checkout, directory: str, arguments: tuple[str, ...], expected: str
) -> None:
    """Options as variables, from the root and from the backend's directory."""
    done = checkout.run("make", *arguments, cwd=checkout.root / directory)

    assert done.stdout.endswith(expected), done.stdout
    assert ("|-f|../../noxfile.py|" in done.stdout) == bool(directory)


def test_a_report_is_all_of_standard_output(checkout: Checkout) -> None:
    """`make … format=json > file` is one document: nox, uv and the servers speak on standard error."""
    done = subprocess.run(
        ["make", "roundtrip", "rev=head", "format=json"],
        cwd=checkout.root / "packages" / "backend",
        env=dict(checkout.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert json.loads(done.stdout)["proof"] == "round trip", done.stderr
    assert (done.returncode, "nox > " in done.stderr) == (0, True)


def test_a_mistyped_session_gets_a_suggestion(checkout: Checkout) -> None:
    """Nox itself only says that it does not find it."""
    done = checkout.run(*NOX, "-s", "rountrip", "--", "-s", "tests")

    assert "did you mean `nox -s roundtrip`?" in done.stdout
    assert "nox -s test`" not in done.stdout, "what follows `--` is the session's"
    assert done.returncode != 0


def test_nox_in_the_backend_s_directory(checkout: Checkout) -> None:
    """The sessions are the checkout's own."""
    python = checkout.root / NOX[0]

    done = checkout.run(
        str(python), "-m", "nox", "-s", "history", cwd=checkout.root / "packages" / "backend"
    )

    assert (done.returncode, "(head)" in done.stdout) == (0, True), done.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("rountrip",), "did you mean `make roundtrip`?"),
        (("qqq",), "`make` lists the targets"),
        (("revision",), 'make revision m="add user preferences"'),
    ],
)
def test_a_mistake_in_make_s_arguments_is_one_line(
    checkout: Checkout, arguments: tuple[str, ...], hint: str
) -> None:
    """It says what was probably meant, and fails."""
    done = checkout.run("make", *arguments)

    assert (done.returncode, len(done.stdout.splitlines())) == (2, 2), done.stdout
    assert hint in done.stdout
