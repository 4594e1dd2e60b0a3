"""Findings and groups as the tests of the corpus want them."""

from __future__ import annotations

from corpus.group import Found, Group, Verdict


def found(message: str = "after its downgrade: index public.i: missing", **said: str) -> Found:
    """Return a finding of revision aa1; by default it fails a proof."""
    return Found(
        rule=said.get("rule", "not-restored"),
        severity=said.get("severity", "error"),
        revision=said.get("revision", "aa1"),
        message=message,
    )


def group(*says: str, verdict: Verdict = Verdict.DEFECT, revisions: tuple[str, ...] = ()) -> Group:
    """Return a group of findings that were not restored."""
    return Group(
        verdict=verdict,
        why="The downgrade\nforgets it.",
        rules=("not-restored",),
        revisions=revisions,
        says=says,
    )
