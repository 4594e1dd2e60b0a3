"""The order of a plan: the same for the same two catalogs."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

from alembic_proof.catalog import Snapshot

from .conftest import Database, snapshot_of

_TABLES = (
    "CREATE SCHEMA shop",
    "CREATE TABLE shop.items (id integer PRIMARY KEY, best integer)",
    "CREATE TABLE shop.offers (id integer PRIMARY KEY, item integer REFERENCES shop.items (id))",
    "ALTER TABLE shop.items ADD FOREIGN KEY (best) REFERENCES shop.offers (id)",
    "CREATE TABLE shop.notes (id integer PRIMARY KEY, note integer REFERENCES shop.notes (id))",
)
_PLAN = """\
import pickle, sys
from alembic_proof.authoring.plan import plan_sql
print(*plan_sql(*pickle.load(sys.stdin.buffer)), sep=";")
"""


def test_the_order_of_a_plan_does_not_depend_on_hashes(database: Database) -> None:
    """One of two tables that refer to each other loses its foreign key first, always the same one."""
    empty = database.run(lambda connection: snapshot_of(connection))
    full = database.run(lambda connection: snapshot_of(connection, *_TABLES))

    drops = {_plan_in_new_process(full, empty, hash_seed=seed) for seed in range(5)}

    [drop] = drops
    assert drop.count("DROP CONSTRAINT") == 1


def _plan_in_new_process(before: Snapshot, after: Snapshot, *, hash_seed: int) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _PLAN],
        input=pickle.dumps((before, after)),
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        capture_output=True,
        check=True,
    )
    return done.stdout.decode()
