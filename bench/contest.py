"""The round trip beside the others, each run several times on one chain."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import find_project
from alembic_proof.history.revisions import load_history, read_chain
from alembic_proof.scratch import scratch_database, scratch_server_url
from bench.floor import replay_s, walk_alone
from bench.growth import grow
from bench.peers import pytest_alembic, pytest_mrt
from bench.process import Timing, timed
from bench.table import Line, table

ROOT = Path(__file__).parents[1]
ROWS = 3
_NOT_KEPT = "PYTHONDONTWRITEBYTECODE"
_PROGRAM = "import sys; from alembic_proof.cli import main; sys.exit(main(sys.argv[1:]))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """How often each contestant runs, and with which interpreter."""

    runs: int
    python: str
    has_rows: bool
    environ: Mapping[str, str]
    codes: Container[int] = (0,)
    """How commands may end; with 1 a round trip that has findings."""
    is_kept: bool = True
    """Whether Python writes bytecode of the revisions; many container images disable that."""

    def compare_on(self, ini: Path) -> None:
        """Time the round trip and a stairway on any project, whose history may have faults."""
        replace(self, codes=(0, 1))._compare_with_stairway(ini)

    def _compare_with_stairway(self, ini: Path) -> None:
        ours = self._ours("round trip without rows", ini, rows=0)
        stairway = self._line("stairway", self._stairway(ini), directory=ini.parent)
        print(table((ours, stairway), unit=ours))

    def compare_all(self, ini: Path) -> None:
        """Time everything on the generated chain."""
        print(f"{_count(ini)} generated revisions, {self.runs} runs each")
        self._compare_without_rows(ini, floors=self._floor(ini))
        print(f"the same, and {_NOT_KEPT} set")
        replace(self, is_kept=False)._compare_without_rows(ini, floors=())
        if self.has_rows:
            rows = self._ours(f"round trip with {ROWS} rows", ini, rows=ROWS)
            mrt = self._peer("pytest-mrt's up_down_consistency", pytest_mrt, ini.parent)
            print(table((rows, mrt), unit=rows))
        else:
            print("with rows: skipped, this round trip does not write any")

    def _compare_without_rows(self, ini: Path, *, floors: tuple[Line, ...]) -> None:
        if not self.is_kept:
            _forget_compiled(ini.parent)
        ours = self._ours("round trip without rows", ini, rows=0)
        alembic = self._peer("pytest-alembic's built-in suite", pytest_alembic, ini.parent)
        stairway = self._line("stairway", self._stairway(ini), directory=ini.parent)
        print(table((*floors, ours, alembic, stairway), unit=ours))

    def show_growth(self, ini: Path) -> None:
        """Time what a revision costs early and late in a long chain."""
        command = self._roundtrip(ini, rows=0)
        growth = grow(command, directory=ini.parent, environ=self._environ())
        print(
            f"of {_count(ini)} revisions, the first 100: {growth.first_s * 1000:.1f} ms each,"
            f" the last 100: {growth.last_s * 1000:.1f} ms each, ratio {growth.ratio:.2f}"
        )

    def _ours(self, name: str, ini: Path, *, rows: int) -> Line:
        return self._line(name, self._roundtrip(ini, rows=rows), directory=ini.parent)

    def _line(self, name: str, command: tuple[str, ...], *, directory: Path) -> Line:
        environ = self._environ()

        def once() -> Timing:
            return timed(command, directory=directory, environ=environ, codes=self.codes)

        return self._repeat(name, once)

    def _peer(
        self, name: str, command_of: Callable[[Path], tuple[str, ...]], project: Path
    ) -> Line:
        """Time a tool that needs the URL of an empty database; its creation does not count."""
        command = command_of(project)

        def once() -> Timing:
            with scratch_database(_server_url(project / "alembic.ini"), label="peer") as url:
                address = url.replace("postgresql://", "postgresql+psycopg://", 1)
                environ = {**self._environ(), "BENCH_URL": address}
                return timed(command, directory=project, environ=environ, codes=self.codes)

        return self._repeat(name, once)

    def _floor(self, ini: Path) -> tuple[Line, Line]:
        """Time the walk alone, and its statements alone."""
        server_url = _server_url(ini)
        recordings = [walk_alone(ini, server_url=server_url) for _ in range(self.runs + 1)][1:]
        walks = Line("the walk alone", tuple(Timing(None, one.elapsed_s) for one in recordings))
        floors = tuple(Timing(None, replay_s(one, server_url=server_url)) for one in recordings)
        return Line("its statements alone", floors), walks

    def _repeat(self, name: str, once: Callable[[], Timing]) -> Line:
        """Return the timed runs; Python compiles its imports in an untimed one before them."""
        print(f"timing: {name}", file=sys.stderr, flush=True)
        once()
        return Line(name, tuple(once() for _ in range(self.runs)))

    def _roundtrip(self, ini: Path, *, rows: int) -> tuple[str, ...]:
        chosen = ("--rows", str(rows)) if self.has_rows else ()
        return (self.python, "-m", "bench.proof", "--config", str(ini), "roundtrip", *chosen)

    def _stairway(self, ini: Path) -> tuple[str, ...]:
        return (self.python, "-m", "bench.stairway", str(ini))

    def _environ(self) -> Mapping[str, str]:
        """Return the environment, with PYTHONDONTWRITEBYTECODE as asked for."""
        kept = {name: value for name, value in self.environ.items() if name != _NOT_KEPT}
        return {**kept, "PYTHONPATH": str(ROOT)} | ({} if self.is_kept else {_NOT_KEPT: "1"})


def _forget_compiled(project: Path) -> None:
    """Delete what Python has compiled of the project."""
    for directory in tuple(project.rglob("__pycache__")):
        shutil.rmtree(directory)


def _count(ini: Path) -> int:
    return len(read_chain(load_history(alembic_config(find_project(ini)))))


def _server_url(ini: Path) -> str:
    return scratch_server_url(find_project(ini), os.environ)


def knows_rows(python: str) -> bool:
    """Return whether the round trip of this interpreter can write rows."""
    command = (python, "-c", _PROGRAM, "roundtrip", "--help")
    return "--rows" in subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
