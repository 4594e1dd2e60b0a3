"""Drift that is known: ignored by name, or in a baseline."""

from __future__ import annotations

from pathlib import Path

from .live import Live, Run

_BY_HAND = "CREATE TABLE audit (id integer PRIMARY KEY)"


def _ignore(pattern: str) -> None:
    path = Path("pyproject.toml")
    line = f'ignore = ["{pattern}"]\n'
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


def test_an_ignored_difference_is_none(live: Live, shop: str, run: Run) -> None:
    """By kind and name; another one stays."""
    live.do(shop, _BY_HAND)
    _ignore("table:public.audit")
    assert run("drift", "--url", live.url(shop))[:2] == (0, "drift: no findings\n")

    live.do(shop, "CREATE INDEX by_hand ON users (name)")
    code, out, _ = run("drift", "--url", live.url(shop))

    assert code == 1
    assert out.startswith("error: drift\n  index public.by_hand: only in the live database\n")


def test_a_baseline_fails_on_new_drift_alone(live: Live, shop: str, run: Run) -> None:
    """And names what is gone."""
    live.do(shop, _BY_HAND)
    url = ("--url", live.url(shop))
    assert run("drift", *url, "--write-baseline", "known.json")[0] == 0
    assert run("drift", *url, "--baseline", "known.json")[0] == 0

    live.do(shop, "DROP TABLE audit", "CREATE INDEX by_hand ON users (name)")
    code, out, _ = run("drift", *url, "--baseline", "known.json")

    assert code == 1
    assert "error: drift\n  index public.by_hand: only in the live database\n" in out
    assert (
        "note: baseline-outdated\n  in the baseline, but not found any more: table public.audit: only in the live"
        in out
    )
