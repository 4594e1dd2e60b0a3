"""Several heads are a finding of `lint`, `roundtrip` and `parity`, unless they are meant."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .repository import Repository

Run = Callable[..., tuple[int, str, str]]

_HEADS = (
    "the history has 2 heads, 3c (versions/20260107_090000_view_3c.py) and 4d "
    "(versions/20260108_090000_view_4d.py); both follow 2b (versions/20260106_090000_email.py): "
    "`alembic upgrade head` fails\n"
)


@pytest.mark.parametrize("command", ["lint", "roundtrip", "parity"])
def test_several_heads_are_found_unless_they_are_meant(
    begun: Repository, run: Run, command: str
) -> None:
    """Two branches have each added a revision; with a label each it is no accident."""
    begun.add("3c", after="2b", stamp="20260107_090000")
    begun.add("4d", after="2b", stamp="20260108_090000")

    code, out, _ = run(command)

    assert code == 1
    assert out.startswith(f"versions/20260108_090000_view_4d.py: error: several-heads\n  {_HEADS}")

    begun.add("4d", after="2b", stamp="20260108_090000", lines='branch_labels = ("extra",)\n')
    code, out, _ = run(command)

    assert "several-heads" not in out
    assert code == 0


def test_a_revision_of_one_branch_can_be_proved_before_that(begun: Repository, run: Run) -> None:
    """Several heads are reported only if one of them is proved, as with `--base-ref`."""
    begun.add("3c", after="2b", stamp="20260107_090000")
    begun.commit()
    begun.merge_into_main()
    begun.add("4d", after="2b", stamp="20260108_090000")

    assert "several-heads" in run("roundtrip", "--base-ref", "origin/main")[1]
    assert run("roundtrip", "2b")[:2] == (0, "round trip: no findings\n")


def test_a_revision_for_one_of_several_branches_names_its_branch(
    begun: Repository, run: Run
) -> None:
    """Where the heads are meant, neither a rebase nor a merge is what helps."""
    begun.add("3c", after="2b", stamp="20260107_090000")
    begun.add("4d", after="2b", stamp="20260108_090000", lines='branch_labels = ("extra",)\n')

    code, _, err = run("revision", "next", "--empty")

    assert code == 2
    assert err.startswith("the history has 2 heads: 3c, 4d\n")
    assert "--head LABEL@head" in err
    assert "rebase" not in err
