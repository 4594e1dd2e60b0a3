"""Findings and explanations, neither without the other."""

from __future__ import annotations

import pytest

from corpus.explain import explain
from corpus.group import Found, Group
from tests.corpus.findings import found, group


def test_a_finding_belongs_to_the_first_group_that_takes_it() -> None:
    """Two groups that take the same finding do not both count it."""
    groups = (group("*index*"), group())

    explanation = explain([found(), found("after its downgrade: table t: missing")], groups=groups)

    assert [len(entry.findings) for entry in explanation.explained] == [1, 1]
    assert explanation.is_complete


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(found(rule="not-rebuilt"), id="another rule"),
        pytest.param(found(revision="bb2"), id="another revision"),
        pytest.param(found("after its downgrade: table public.t: missing"), id="another message"),
        pytest.param(found(severity="warning", revision="bb2"), id="a warning"),
    ],
)
def test_a_finding_that_no_group_takes_is_left_over(other: Found) -> None:
    """A group takes what it says in every respect, and nothing else."""
    groups = (group("*index public.?: missing", revisions=("aa1",)),)

    explanation = explain([found(), other], groups=groups)

    assert explanation.unexplained == (other,)
    assert not explanation.is_complete


@pytest.mark.parametrize(
    "stale",
    [
        pytest.param(group("*function*"), id="what no finding says"),
        pytest.param(group(revisions=("cc3",)), id="a revision without findings"),
    ],
)
def test_a_group_without_findings_is_left_over(stale: Group) -> None:
    """What was true of an older release does not stay on the page."""
    explanation = explain([found()], groups=(stale, group()))

    assert explanation.stale == (stale,)
    assert not explanation.is_complete


def test_notes_need_no_explanation() -> None:
    """A note does not fail a proof, so it needs no explanation."""
    assert explain([found(severity="note")], groups=()).is_complete
