"""The commands of the documentation do what it says: they are run, one file at a time."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from shlex import quote

import pytest

from tests.checkout import ROOT, Checkout

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
TARGET = re.compile(r"^\s*make ([a-z]+)", re.MULTILINE)
SESSION = re.compile(r"nox -s ([a-z]+)")
RUNS_THE_SUITE = re.compile(r"^\s*(make test|nox|nox -s test.*|docker .*)\s*(#.*)?$", re.MULTILINE)
FOREIGN = "docs/howto/adopt.md"
# Their commands are for another project: test_adopting.py and the findings' tests run them.
RUN_ELSEWHERE = (FOREIGN, "docs/reference/findings.md")
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "packages/*/README.md")
    for path in ROOT.glob(pattern)
)


def blocks(document: str) -> list[str]:
    """Return the document's ```sh blocks, in order."""
    return BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))


def script(document: str) -> str:
    """One shell script of the blocks that can be run here, each from the root of the checkout."""
    parts = (block for block in blocks(document) if not RUNS_THE_SUITE.search(block))
    return "\n".join(f'cd "$CHECKOUT"\n{part}' for part in parts)


@pytest.mark.parametrize(
    "document", [name for name in DOCUMENTS if script(name) and name not in RUN_ELSEWHERE]
)
def test_commands_run(document: str, checkout: Checkout, document_url: str | None) -> None:
    """Every command block of a document succeeds when it is typed word for word."""
    named = f"export BOARDS_DATABASE_URL={quote(document_url)}\n" if document_url else ""

    done = checkout.run(
        "bash", "-euxo", "pipefail", "-c", named + script(document), CHECKOUT=str(checkout.root)
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if blocks(name)])
def test_blocks_are_shell(document: str) -> None:
    """Every command block, those that run the suite included, is valid shell."""
    done = subprocess.run(
        ["bash", "-n"],
        input="\n".join(blocks(document)),
        text=True,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_broken_block_is_noticed(checkout: Checkout) -> None:
    """The shell that runs the blocks stops at a command that fails."""
    done = checkout.run("bash", "-euxo", "pipefail", "-c", "make no-such-target\ntrue")

    assert done.returncode != 0


@pytest.mark.parametrize("document", DOCUMENTS)
def test_names_exist(document: str) -> None:
    """Every make target, nox session and relative link that a document names exists."""
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = re.findall(
        r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    sessions = re.findall(
        r"^def ([a-z]+)_?\(session", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE
    )
    links = [link for link in LINK.findall(text) if not ((ROOT / document).parent / link).exists()]

    unknown = set(TARGET.findall(text)) - set(targets), set(SESSION.findall(text)) - set(sessions)

    assert (*unknown, links) == (set(), set(), [])


def test_layers_of_the_page_are_those_that_lint_enforces() -> None:
    """The table in architecture.md has the rows of import-linter's contract, in its order."""
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    table = page.partition("| layer |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", table, re.MULTILINE)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [layers] = [one["layers"] for one in contracts if one.get("containers") == ["alembic_proof"]]

    shown = [re.findall("[a-z_]+", row) for row in rows]

    assert shown == [re.findall("[a-z_]+", layer) for layer in layers]


@pytest.fixture
def document_url(
    request: pytest.FixtureRequest, checkout: Checkout, document: str
) -> Iterator[str | None]:
    """Provide a scratch database for the document about deployed databases, else None.

    Afterwards the checkout is as before: documents change models, write revisions and migrate.
    """
    backend = checkout.root / "packages" / "backend"
    versions = backend / "alembic" / "versions"
    models = {
        path: path.read_bytes() for path in (backend / "src" / "boards" / "dbmodels").glob("*.py")
    }
    before = set(versions.glob("*.py"))
    yield request.getfixturevalue("scratch_url") if document == "docs/howto/deploy.md" else None
    written = set(versions.glob("*.py")) - before
    for path in written:
        path.unlink()
    for path, content in models.items():
        path.write_bytes(content)
    if written:  # the database may be at a revision that is gone
        checkout.run("make", "--silent", "db", "do=reset --yes")
