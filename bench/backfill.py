"""`python -m bench.backfill`: a backfill beside one plain UPDATE, on a server that syncs to disk.

Both fill the same column of the same rows, one after the other, while another process updates one
random row after the other and measures how long each of its transactions takes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.checkpoint import CheckpointTable
from alembic_deploy.backfill.declaration import Backfill, read_backfill
from alembic_deploy.backfill.loop import run_backfill
from alembic_deploy.backfill.statements import single_update
from alembic_deploy.connect import run_on
from local_postgres.server import LocalServer, reset, start, stop

ROWS = 2_000_000
_PAUSE_S = 0.005
_TENANTS = 20
_KEYS = {
    "bigint": ("id bigint PRIMARY KEY", "row_number"),
    "uuid": (
        "tenant_id uuid, id uuid, PRIMARY KEY (tenant_id, id)",
        f"CAST(md5((row_number % {_TENANTS})\\:\\:text) AS uuid), gen_random_uuid()",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """One way to change all rows."""

    name: str
    seconds: float
    waits_ms: tuple[float, ...]
    """Of the other process's transactions, ascending."""

    def row(self, *, rows: int, base: Timing) -> str:
        """Return its row of the table."""
        p99 = self.waits_ms[int(len(self.waits_ms) * 0.99)]
        return (
            f"| {self.name} | {rows / self.seconds:,.0f} | {base.seconds / self.seconds:.0%} "
            f"| {self.waits_ms[-1]:,.0f} ms | {p99:,.0f} ms | {len(self.waits_ms):,} |"
        )


def main(argv: list[str]) -> int:
    """Print one table for each kind of primary key."""
    parser = argparse.ArgumentParser(prog="bench.backfill", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--key", choices=tuple(_KEYS), action="append")
    parser.add_argument(
        "--shared-buffers", metavar="SIZE", default="128MB", help="default: 128MB, PostgreSQL's"
    )
    parser.add_argument("--writer", nargs=2, metavar=("URL", "KEY"), help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.writer:
        _write(*arguments.writer)
        return 0
    with _server(shared_buffers=arguments.shared_buffers) as url:
        for key in arguments.key or _KEYS:
            _compare(url, key=key, rows=arguments.rows)
    return 0


@contextmanager
def _server(*, shared_buffers: str = "128MB") -> Iterator[str]:
    """Start a server, otherwise with PostgreSQL's defaults; yield the URL of its database."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        server = LocalServer(Path(directory), durable=True)
        try:
            with start(server, os.environ).connect() as execute:
                execute(f"ALTER SYSTEM SET shared_buffers = '{shared_buffers}'")
            stop(server)
            yield start(server, os.environ).url("postgres")
        finally:
            reset(server)


def _compare(url: str, *, key: str, rows: int) -> None:
    print(
        f"\n{rows:,} rows, primary key of {key}; load average {os.getloadavg()[0]:.1f}\n",
        flush=True,
    )
    print("| | rows/s | of UPDATE's | longest wait | p99 wait | other transactions |")
    print("|---|---|---|---|---|---|")
    backfill = _backfill()
    table = CheckpointTable("public.alembic_backfill")
    update = text(single_update(backfill, is_undo=False))
    ways: dict[str, Callable[[Connection], object]] = {
        "one UPDATE": lambda connection: connection.execute(update),
        "backfill": lambda connection: run_backfill(connection, backfill, table=table),
    }
    base = None
    for name, work in ways.items():
        timing = _time(url, name, work, key=key, rows=rows)
        base = base or timing
        print(timing.row(rows=rows, base=base), flush=True)


def _backfill() -> Backfill:
    revision = ModuleType("revision")
    declared = {
        "name": "fill_labels",
        "table": "public.items",
        "set": "label = 'item ' || number",
        "where": "label IS NULL",
        "undo": None,
    }
    setattr(revision, "backfill", declared)  # noqa: B010  mypy: a module has no such attribute
    backfill = read_backfill(revision, revision="r1", path="r1.py")
    assert backfill is not None
    return backfill


def _time(
    url: str, name: str, work: Callable[[Connection], object], *, key: str, rows: int
) -> Timing:
    run_on(url, lambda connection: _make_table(connection, key=key, rows=rows))
    for statement in map(text, ("VACUUM ANALYZE public.items", "CHECKPOINT")):
        run_on(url, partial(Connection.execute, statement=statement), autocommit=True)
    command = (sys.executable, "-m", "bench.backfill", "--writer", url, key)
    writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    writer.stdout.readline()  # it has begun
    started_s = time.monotonic()
    run_on(url, work)
    seconds = time.monotonic() - started_s
    waits, _ = writer.communicate("stop\n", timeout=120)
    filled = run_on(
        url, lambda c: c.execute(text("SELECT count(label) FROM public.items")).scalar()
    )
    assert filled == rows, f"{name} has filled {filled} of {rows} rows"
    return Timing(name=name, seconds=seconds, waits_ms=tuple(sorted(json.loads(waits))))


def _make_table(connection: Connection, *, key: str, rows: int) -> None:
    definition, values = _KEYS[key]
    for sql in (
        "DROP TABLE IF EXISTS public.items, public.alembic_backfill",
        f"CREATE TABLE public.items ({definition}, number bigint, body text, label text)",
        (
            f"INSERT INTO public.items SELECT {values}, row_number, repeat('x', 100), NULL "
            f"FROM generate_series(1, {rows}) AS row_number"
        ),
    ):
        connection.execute(text(sql))


def _write(url: str, key: str) -> None:
    """Update one random row after the other until a line comes in; print the waits in ms."""
    waits: list[float] = []
    columns, types = ("id", "bigint") if key == "bigint" else ("tenant_id, id", "uuid")
    names = columns.split(", ")
    bounds = ", ".join(f"CAST(CAST(:{name} AS text) AS {types})" for name in names)
    update = text(f"UPDATE public.items SET body = body WHERE ({columns}) = ({bounds})")
    texts = ", ".join(f"CAST({name} AS text) AS {name}" for name in names)
    sample = text(f"SELECT {texts} FROM public.items WHERE random() < 0.005")

    def work(connection: Connection) -> None:
        keys = [row._asdict() for row in connection.execute(sample)]
        connection.commit()
        print("begun", flush=True)
        while not select.select([sys.stdin], [], [], _PAUSE_S)[0]:
            started_s = time.monotonic()
            connection.execute(update, random.choice(keys))  # noqa: S311  no secret
            connection.commit()
            waits.append((time.monotonic() - started_s) * 1000)

    run_on(url, work)
    print(json.dumps(waits))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
