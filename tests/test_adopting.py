"""The page about old histories is true of a project that has never heard of alembic-proof."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local_postgres.download import cache_directory
from local_postgres.server import LocalServer, reset
from tests.checkout import ROOT
from tests.test_docs import FOREIGN, blocks

_CASE = ROOT / "packages" / "alembic-proof" / "tests" / "cases" / "foreign"
_IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Shop:
    """A project in a repository of its own, on a branch that adds a revision."""

    root: Path
    environ: dict[str, str]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run shell commands at its root; both streams together are in `stdout`."""
        return subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", script],
            cwd=self.root,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )

    def git(self, *arguments: str) -> None:
        """Run git with a neutral user name."""
        subprocess.run(["git", *_IDENTITY, *arguments], cwd=self.root, check=True)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Yield the project; the local server that it starts ends with the test."""
    cache = tmp_path / "cache" / "alembic-proof"
    fetched = cache_directory(os.environ)
    fetched.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True)
    (cache / "postgres").symlink_to(fetched)
    programs = Path(sys.executable).parent
    own = {name: value for name, value in os.environ.items() if not name.startswith("BOARDS_")}
    environ = own | {
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
    }
    made = Shop(tmp_path / "the shöp", environ)
    shutil.copytree(_CASE, made.root, ignore=shutil.ignore_patterns("__pycache__"))
    _commit(made)
    yield made
    reset(LocalServer(cache / "servers", durable=False))


def _commit(shop: Shop) -> None:
    """Let `origin/main` have all but the newest revision."""
    newest = shop.root / "migrations" / "versions" / "7b2f3e4d5c61_price.py"
    text = newest.read_bytes()
    newest.unlink()
    shop.git("init", "--quiet", "--initial-branch=main")
    shop.git("add", ".")
    shop.git("commit", "--quiet", "-m", "main")
    shop.git("update-ref", "refs/remotes/origin/main", "HEAD")
    shop.git("switch", "--quiet", "-c", "prices")
    newest.write_bytes(text)
    shop.git("add", ".")
    shop.git("commit", "--quiet", "-m", "prices")


def test_its_commands_run_in_a_foreign_project(shop: Shop) -> None:
    """Word for word, without a setting; the project has a fault that only the baseline covers."""
    done = shop.run("\n".join(blocks(FOREIGN)))

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("round trip: no findings") == 3, done.stdout
    assert "1 known finding hidden (baseline)" in done.stdout
    assert not (shop.root / "pyproject.toml").exists()

    bare = shop.run("alembic-proof roundtrip")

    assert bare.returncode == 1
    assert "6a1e2d3c4b50: after its downgrade: index public.ix_books_title: missing" in bare.stdout
