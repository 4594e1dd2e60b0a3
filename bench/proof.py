"""The round trip's command as ever; a last line says how long the proof itself took.

Run it as `python -m bench.proof ARGUMENTS`, the arguments being those of `alembic-proof`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import perf_counter
from typing import Any

from alembic_proof.cli import main
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import load_history
from alembic_proof.proofs import prove_roundtrip, run


def _timed(project: Project, *, open_database: Callable[[], str], **named: Any) -> Any:
    """Return the proof, the loading of the revisions included, on a database that is there."""
    ready = [open_database()]
    start = perf_counter()
    findings = prove_roundtrip(
        project,
        **named | {"script": load_history(alembic_config(project))},
        open_database=lambda: ready.pop() if ready else open_database(),
    )
    print(f"itself: {perf_counter() - start:.3f} s", flush=True)
    return findings


if __name__ == "__main__":
    setattr(run, "prove_roundtrip", _timed)  # noqa: B010  a module has no attribute of that type
    sys.exit(main(sys.argv[1:]))
