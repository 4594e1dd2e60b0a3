"""Define the workflow: local runs, make and CI call the same sessions."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from itertools import pairwise, takewhile
from pathlib import Path

import nox
import nox.registry
from nox.command import CommandFailed

ROOT = Path(__file__).resolve().parent
BACKEND = ROOT / "packages" / "backend"
PROOF = ("packages/alembic-deploy", "packages/local-postgres", "packages/alembic-proof")
ALEMBIC_INI = BACKEND / "alembic.ini"
TYPED = (
    "noxfile.py",
    "conftest.py",
    "corpus",
    "bench",
    "chaos",
    "tools",
    "tests",
    "packages/backend",
    "packages/alembic-deploy/src",
    "packages/alembic-proof/src",
    "packages/local-postgres/src",
)

# The oldest supported versions and the pinned ones, each with one driver only.
COMPATIBLE = (
    ("alembic==1.13.0", "sqlalchemy==1.4.0", "sqlglot==26.0.0", "psycopg2-binary==2.9.13"),
    ("alembic", "sqlalchemy", "sqlglot", "psycopg[binary]"),
)
MANIFEST_TOOLS = ("--with=kubernetes-validate==1.37.0", "--with=dockerfile-parse==2.0.1")
RUNNERS = ("pytest", "pytest-asyncio", "pytest-xdist", "hypothesis", "ruff")
PROOFS = (
    "packages/alembic-proof/tests/authoring/test_decisions.py",
    "packages/alembic-proof/tests/authoring/test_operations.py",
    "packages/alembic-proof/tests/authoring/test_rename_history.py",
    "packages/alembic-proof/tests/authoring/test_revision_file.py",
    "packages/alembic-proof/tests/cli/test_roundtrip.py",
    "packages/alembic-proof/tests/cli/test_parity.py",
    "packages/alembic-proof/tests/cli/test_lint.py",
    "packages/alembic-proof/tests/cli/test_revision.py",
    "packages/alembic-proof/tests/cli/test_complete_revision.py",
    "packages/alembic-proof/tests/cli/branches",
    "packages/alembic-proof/tests/lint/test_sources.py",
)

# What shows that a distribution works where nothing but its dependencies is installed.
WHEELS = {
    "local-postgres": ("local-postgres", "--version"),
    "alembic-deploy": ("alembic-deploy", "--help"),
    "alembic-proof": ("alembic-proof", "--version"),
    "boards-backend": ("boards-migrate", "--help"),
}

nox.needs_version = ">=2024.4.15"
nox.options.sessions = ["lint", "roundtrip", "test"]
nox.options.default_venv_backend = "none"  # one environment, uv's .venv, serves all sessions


def hint_at_sessions(arguments: Sequence[str]) -> None:
    """Suggest a session if `-s` names an unknown one."""
    known = [*nox.registry.get()]
    own = takewhile(lambda argument: argument != "--", arguments)
    for option, name in pairwise(own):
        if option in ("-s", "--session", "--sessions") and name not in known:
            for near in get_close_matches(name, known, n=1):
                sys.stderr.write(f"there is no session {name!r}; did you mean `nox -s {near}`?\n")


def find_uv(session: nox.Session) -> str:
    """Return uv's path: the pinned one of .tools, else the one on PATH."""
    tools = os.pathsep.join([str(ROOT / ".tools" / "bin"), os.environ.get("PATH", "")])
    uv = shutil.which("uv", path=tools)
    if uv is None:
        session.error("uv is missing: `make tools` installs it and prints the PATH line to use.")
    return uv


def call(session: nox.Session, *command: str) -> int:
    """Run a command in the workspace's environment; return 0 clean, 1 findings, 2 an error."""
    # nox takes UV_PYTHON away from what it runs; here it chooses the environment's interpreter.
    chosen = {name: os.environ[name] for name in ("UV_PYTHON",) if name in os.environ}
    try:
        # nox would put standard error into standard output, where a report is one document.
        session.run(
            find_uv(session), "run", "--quiet", *command, external=True, env=chosen, stderr=None
        )
    except CommandFailed as error:
        return 1 if error.return_code == 1 else 2
    return 0


def run(session: nox.Session, *command: str) -> None:
    """Run a command; findings fail the session, an error ends nox with 2."""
    match call(session, *command):
        case 1:
            session.error(f"{command[0]} reports findings (see above).")
        case 2:
            sys.exit(2)


def migrate(session: nox.Session, *command: str) -> None:
    """Run boards-migrate on BOARDS_DATABASE_URL, else on the checkout's own database."""
    local = () if os.environ.get("BOARDS_DATABASE_URL", "").strip() else ("--local",)
    run(session, "boards-migrate", *local, *command)


def prove(session: nox.Session, command: str, *arguments: str) -> None:
    """Run a command of alembic-proof on Boards' history."""
    run(session, "alembic-proof", "--config", str(ALEMBIC_INI), command, *arguments)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types, layers, every revision, the CI workflow and the manifests to deploy."""
    checks = [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy", *TYPED),
        # "alembic-proof" is no module's name, so its tests are named from within it.
        ("env", "MYPYPATH=packages/alembic-deploy", "mypy", "packages/alembic-deploy/tests"),
        ("env", "MYPYPATH=packages/alembic-proof", "mypy", "packages/alembic-proof/tests"),
        ("env", "MYPYPATH=packages/local-postgres", "mypy", "packages/local-postgres/tests"),
        ("lint-imports",),
        ("alembic-proof", "--config", str(ALEMBIC_INI), "lint"),
        (
            "check-jsonschema",
            "--builtin-schema=vendor.github-workflows",
            ".github/workflows/ci.yml",
        ),
        (
            "check-jsonschema",
            "--builtin-schema=vendor.github-actions",
            ".github/actions/setup/action.yml",
        ),
        (
            "check-jsonschema",
            "--builtin-schema=vendor.github-workflows",
            "docs/howto/deploy/github-actions.yml",
        ),
        (
            "check-jsonschema",
            "--builtin-schema=vendor.compose-spec",
            "docs/howto/deploy/compose.yaml",
        ),
        (*MANIFEST_TOOLS, "python", "tools/manifests.py"),
    ]
    codes = {" ".join(check): call(session, *check) for check in checks}
    if failed := [command for command, code in codes.items() if code]:
        session.warn(f"failed: {'; '.join(failed)}")
        sys.exit(2) if 2 in codes.values() else session.error("there are findings.")


@nox.session
def roundtrip(session: nox.Session) -> None:
    """Prove that every revision goes up, down and up again, rows and catalog as they were."""
    prove(session, "roundtrip", *session.posargs)


@nox.session
def test(session: nox.Session) -> None:
    """Run the test suite on a real PostgreSQL (`-- PYTEST ARGS`)."""
    if scratch_url := os.environ.get("BOARDS_SCRATCH_URL", "").strip():
        session.env.setdefault("ALEMBIC_PROOF_TEST_SERVER", scratch_url)
    # A command that compiles all that it imports takes twice as long, and tests start hundreds.
    session.env["PYTHONDONTWRITEBYTECODE"] = ""
    # Half as many workers again as processors: tests wait for servers, and for their processes.
    workers = f"--numprocesses={(os.cpu_count() or 1) * 3 // 2}"
    # A module stays on one worker, so that its expensive fixture is made once. Groups would be
    # finer, but pytest-xdist 3.8 marks them in a way that pytest 9.2 does not see.
    # Modules keep the order of `testpaths`: by number of tests, the slowest ones would run last.
    by_module = ("--dist=loadscope", "--no-loadscope-reorder")
    run(session, "pytest", workers, *by_module, *session.posargs)


@nox.session
def battery(session: nox.Session) -> None:
    """Write revisions for all cases of the catalog (`-- --peers`: with other tools too)."""
    if "--peers" in session.posargs:
        run_bench(session, "bench.authoring", *(one for one in session.posargs if one != "--peers"))
        return
    session.env["ALEMBIC_PROOF_BATTERY"] = "1"
    tests = ("test_single_changes.py", "test_laws.py")
    paths = (f"packages/alembic-proof/tests/catalog/{name}" for name in tests)
    run(session, "pytest", "--numprocesses=auto", "--dist=worksteal", *paths, *session.posargs)


@nox.session
def compat(session: nox.Session) -> None:
    """Run proofs, lint and revision on the lowest and the newest Alembic and SQLAlchemy."""
    for packages in COMPATIBLE:
        session.log("with " + ", ".join(pinned(packages)))
        needed = [f"--with={package}" for package in pinned((*packages, *RUNNERS))]
        alone = ("--isolated", "--no-project", *(f"--with-editable={package}" for package in PROOF))
        # Deprecation warnings of old versions are not ours to fix.
        tests = ("pytest", "-q", "--numprocesses=auto", "-o", "filterwarnings=default")
        run(session, *alone, *needed, "python", "-m", *tests, *PROOFS)


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the four wheels and install each into an empty environment."""
    uv = find_uv(session)
    with tempfile.TemporaryDirectory() as place:
        dist, environment = Path(place, "dist"), Path(place, "environment")
        build = ("build", "--quiet", "--all-packages", "--wheel", "--out-dir", str(dist))
        session.run(uv, *build, external=True)
        for distribution, command in WHEELS.items():
            session.run(uv, "venv", "--quiet", "--clear", str(environment), external=True)
            into = ("--python", str(environment / "bin" / "python"), "--find-links", str(dist))
            session.run(uv, "pip", "install", "--quiet", *into, distribution, external=True)
            session.run(str(environment / "bin" / command[0]), *command[1:], external=True)


def pinned(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Return the packages, each without a version with the workspace's pin."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = [pin.partition(" ")[0] for pin in settings["tool"]["uv"]["constraint-dependencies"]]
    versions = dict(pin.split("==") for pin in pins)
    names = {package: package.partition("[")[0] for package in packages}
    return tuple(
        f"{package}=={versions[name]}" if name in versions else package
        for package, name in names.items()
    )


@nox.session
def corpus(session: nox.Session) -> None:
    """Prove released projects' histories and write docs/reference/corpus.md (`-- PROJECT` for one)."""
    run(session, "python", "-m", "corpus", find_uv(session), *session.posargs)


@nox.session(name="format")
def format_(session: nox.Session) -> None:
    """Fix what can be fixed: imports, style, layout."""
    run(session, "ruff", "check", "--fix", ".")
    run(session, "ruff", "format", ".")


@nox.session
def revision(session: nox.Session) -> None:
    """Write and prove a revision from the models' changes (`-- "message"`; `-- --help`)."""
    command = ("alembic-proof", "--config", str(ALEMBIC_INI), "revision", *session.posargs)
    # The file is written: findings in it are no failure of this session, yet no success.
    if code := call(session, *command):
        sys.exit(code)


@nox.session
def rebase(session: nox.Session) -> None:
    """Put the branch's revisions behind merged ones (`-- --base-ref REF`)."""
    prove(session, "rebase", *session.posargs)


@nox.session
def parity(session: nox.Session) -> None:
    """Prove that the models and the history build the same database."""
    prove(session, "parity", *session.posargs)


@nox.session
def drift(session: nox.Session) -> None:
    """Compare the database with its history; it is only read."""
    prove(session, "drift", *session.posargs)


@nox.session
def upgrade(session: nox.Session) -> None:
    """Migrate the database up (`-- REVISION`, default head)."""
    migrate(session, "upgrade", *session.posargs)


@nox.session
def downgrade(session: nox.Session) -> None:
    """Migrate the database down (`-- REVISION`, default -1)."""
    migrate(session, "downgrade", *session.posargs)


@nox.session
def history(session: nox.Session) -> None:
    """List the revisions, newest first (`-- --verbose` for more)."""
    migrate(session, "history", *session.posargs)


@nox.session
def current(session: nox.Session) -> None:
    """Show the revision that the database is at."""
    migrate(session, "current", *session.posargs)


@nox.session
def plan(session: nox.Session) -> None:
    """Show what `upgrade` would do: SQL, locks, sizes of tables (`-- REVISION`, default head)."""
    migrate(session, "plan", *session.posargs)


@nox.session
def doctor(session: nox.Session) -> None:
    """Say what is wrong with the database, and what to do (`-- --format json`)."""
    migrate(session, "doctor", *session.posargs)


@nox.session
def check(session: nox.Session) -> None:
    """Compare the database with the models as far as Alembic sees (`parity` compares all)."""
    migrate(session, "check", *session.posargs)


@nox.session
def db(session: nox.Session) -> None:
    """Control the local server (`-- start|stop|status|url|shell|reset`)."""
    if os.environ.get("BOARDS_DATABASE_URL", "").strip():
        session.warn("BOARDS_DATABASE_URL is set, but this session works on the local server only")
    run(session, "local-postgres", "--directory", str(BACKEND), *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Time the round trip beside other tools: ten minutes, with `-- --quick` a few (`-- --project DIR`)."""
    run_bench(session, "bench", find_uv(session), *session.posargs)


@nox.session
def bench_backfill(session: nox.Session) -> None:
    """Time a backfill beside one UPDATE of 2,000,000 rows, with another session that writes (`-- --rows N`)."""
    run(session, "python", "-m", "bench.backfill", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Try deployments under load and faults: an hour, with `-- --quick` some minutes (`-- --help`)."""
    run(session, "python", "-m", "chaos", *session.posargs)


def run_bench(session: nox.Session, module: str, *arguments: str) -> None:
    """Run a module of the bench in its environment, which has other tools too."""
    uv, place = find_uv(session), ROOT / ".nox" / "bench"
    python = place / "bin" / "python"
    wanted = ("-r", str(ROOT / "bench" / "requirements.txt"))
    ours = [argument for package in PROOF for argument in ("-e", str(ROOT / package))]
    with tempfile.TemporaryDirectory() as elsewhere, session.chdir(elsewhere):
        # The workspace's pins are not the bench's: others' tools want an older pytest.
        if not python.exists():
            session.run(uv, "venv", "--quiet", str(place), external=True)
        into = ("--quiet", "--python", str(python))
        session.run(uv, "pip", "install", *into, *wanted, *ours, external=True)
    try:
        session.run(str(python), "-m", module, *arguments, external=True)
    except CommandFailed:
        sys.exit(2)


@nox.session
def pins(session: nox.Session) -> None:
    """Refresh the exact versions in pyproject.toml from the newest that fit."""
    run(session, "python", "tools/pins.py", find_uv(session))


hint_at_sessions(sys.argv)
