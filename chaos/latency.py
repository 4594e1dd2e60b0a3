"""The figures of a leg from its clients' samples: how long transactions took, and which failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.clients import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """The transactions of all clients during one leg."""

    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    slowest: str
    errors: tuple[tuple[str, int], ...]


def latency(samples: Sequence[Sample], *, start_s: float, end_s: float) -> Latency:
    """Return the figures of the transactions that ran, at least in part, in that time."""
    chosen = [
        one for one in samples if one.started_s < end_s and one.started_s + one.took_s > start_s
    ]
    ordered = sorted(chosen, key=lambda sample: sample.took_s)
    errors = Counter(one.error for one in chosen if one.error)
    return Latency(
        count=len(ordered),
        p50_ms=_at(ordered, 0.5),
        p99_ms=_at(ordered, 0.99),
        max_ms=_at(ordered, 1.0),
        slowest=ordered[-1].name if ordered else "",
        errors=tuple(errors.most_common()),
    )


def _at(ordered: Sequence[Sample], share: float) -> float:
    """Return the time within which that share of the transactions ended."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))].took_s * 1000
