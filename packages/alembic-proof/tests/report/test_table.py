"""An outcome as a terminal shows it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.proofs import Step
from alembic_proof.report import Outcome
from alembic_proof.report.table import findings_lines, steps_table

_FOUND = Finding(rule="r", message="bad [bold]x[/]", location=Location("a.py", 3), todo="mend :x:")
_NOTE = Finding(rule="s", message="odd", severity=Severity.NOTE)
_STEPS = (
    Step("0001 Add [red]users[/red] 日本語", 1.5, (("up", 1.0), ("down", 0.5)), "a.py"),
    Step(
        "0002 A title that is far too long to be shown as a whole beside its times",
        0.25,
        (("up", 0.25),),
        "b.py",
    ),
)


def _shown(what: RenderableType, *, width: int = 60) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, emoji=False, highlight=False)
    console.print(what, soft_wrap=not hasattr(what, "columns"))
    assert isinstance(console.file, io.StringIO)
    return [line.strip() for line in console.file.getvalue().splitlines() if line.strip()]


def test_a_row_has_its_times_and_its_findings() -> None:
    """What looks like markup is a name; only the name is cut, and only where it must be."""
    head, _, first, second = _shown(steps_table(Outcome("round trip", _STEPS, (_FOUND,))))

    assert head.split() == ["revision", "up", "down", "findings"]
    assert first.startswith("0001 Add [red]users[/")
    assert first.split()[-6:] == ["1.000", "s", "0.500", "s", "1", "error"]
    assert second.split()[-3:] == ["0.250", "s", "-"]
    assert "…" in second


@pytest.mark.parametrize("width", [20, 40, 200])
def test_no_width_loses_a_row(width: int) -> None:
    """One line for each step, however narrow the terminal is."""
    lines = _shown(steps_table(Outcome("round trip", _STEPS, ())), width=width)

    assert len(lines) == 4


def test_steps_without_files_have_one_time() -> None:
    """And no findings of their own."""
    head, _, first = _shown(steps_table(Outcome("parity", (Step("compare", 2.0),), ())))

    assert (head.split(), first.split()) == (["step", "time"], ["compare", "2.000", "s"])


def test_findings_read_as_in_plain_text() -> None:
    """In colour where there is some, and never folded."""
    assert _shown(findings_lines(Outcome("parity", (), (_FOUND, _NOTE))), width=10) == [
        "a.py:3: error: bad [bold]x[/] [r]",
        "do: mend :x:",
        "note: odd [s]",
        "parity: 1 error, 1 note",
    ]
