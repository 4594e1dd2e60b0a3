"""The round trip's command as ever; a last line says how long the proof itself took.

Run it as `python -m bench.proof ARGUMENTS`, the arguments being those of `alembic-proof`.
"""

from __future__ import annotations

import sys
from time import perf_counter
from typing import Any

from alembic_proof.cli import main
from alembic_proof.cli import roundtrip as command
from alembic_proof.proofs import prove_roundtrip


def _timed(*arguments: Any, **named: Any) -> Any:
    """The proof, from its first statement to its last, on a database that is there."""
    start = perf_counter()
    findings = prove_roundtrip(*arguments, **named)
    print(f"itself: {perf_counter() - start:.3f} s", flush=True)
    return findings


if __name__ == "__main__":
    setattr(command, "prove_roundtrip", _timed)  # noqa: B010  a module's name is no attribute
    sys.exit(main(sys.argv[1:]))
