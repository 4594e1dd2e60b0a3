"""What `alembic-proof revision` prints: files, steps, what was found."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.authoring.author import Authored, WrittenSql
from alembic_proof.authoring.prove import Proof
from alembic_proof.finding import Finding, Severity
from alembic_proof.report.authored import authored_text

_PATHS = (Path("versions/1_things_1_expand.py"), Path("versions/1_things_2_tighten.py"))
_STEPS = (("create column public.users.nick: ACCESS EXCLUSIVE, briefly",), ("validate",))
_FAILED = Proof(
    roundtrip=(
        Finding(
            id="revision-fails", message="its upgrade fails", postgres="no", statement="SELECT"
        ),
    )
)


def _lines(authored: Authored) -> list[str]:
    return authored_text(authored).splitlines()


def test_each_file_is_followed_by_its_steps() -> None:
    """The verdict ends the screen."""
    lines = _lines(Authored(paths=_PATHS, steps=_STEPS, elapsed_s=1.25))

    assert lines == [
        str(_PATHS[0]),
        f"  {_STEPS[0][0]}",
        str(_PATHS[1]),
        "  validate",
        "",
        "round trip, parity, lint: no findings (1.2 s)",
    ]


def test_a_clean_result_fits_on_a_screen_and_a_failure_is_complete() -> None:
    """A proof that fails needs the whole list; the finding has the statement and the server's words."""
    steps = (tuple(f"step {number}" for number in range(60)), ("the last one",))

    clean = _lines(Authored(paths=_PATHS, steps=steps))
    failed = _lines(Authored(paths=_PATHS, steps=steps, proof=_FAILED))

    assert len(clean) < 40
    assert "  and 37 more" in clean
    assert "  step 59" not in clean
    assert {"  step 59", "  the last one", "  PostgreSQL: no", "  statement: SELECT"} <= {*failed}
    assert not any(" more" in line for line in failed)
    assert failed[-2].startswith("round trip, parity, lint: 1 error")
    assert failed[-1].startswith("The files stay. Edit them, then prove them with `roundtrip head`")


def test_a_hidden_note_is_not_printed_and_a_note_is_clean() -> None:
    """Only errors and warnings keep the command from succeeding."""
    note = Finding(id="partly-filled", message="shown", severity=Severity.NOTE)
    hidden = Finding(id="partly-filled", message="not", severity=Severity.NOTE, is_hidden=True)
    proof = Proof(roundtrip=(note, hidden))

    text = authored_text(Authored(paths=_PATHS, steps=_STEPS, proof=proof))

    assert proof.is_clean
    assert "note: partly-filled\n  shown\n" in text
    assert "  not" not in text
    assert "The files stay" not in text


def test_a_trial_prints_the_files_and_says_that_none_is_there() -> None:
    """The SQL of both directions follows if it was wanted."""
    sql = WrittenSql(upgrade="CREATE TABLE t ();", downgrade="DROP TABLE t;")
    text = authored_text(Authored(paths=_PATHS, steps=_STEPS, texts=("one\n", "two\n"), sql=sql))

    assert text.startswith(f"# {_PATHS[0]}\none\n\n# {_PATHS[1]}\ntwo\n\n-- upgrade\nCREATE TABLE")
    assert "\n\n-- downgrade\nDROP TABLE t;\n\n" in text
    assert text.endswith("\nNothing was written.")


@pytest.mark.parametrize(
    ("authored", "last"),
    [
        (Authored(), "nothing to change: the models and the history build the same database"),
        (
            Authored(paths=_PATHS[:1], is_blank=True),
            "then prove it with `roundtrip head` and `parity`.",
        ),
    ],
)
def test_without_a_proof_there_is_no_verdict(authored: Authored, last: str) -> None:
    """A blank revision proves nothing, and nothing was written where nothing differs."""
    assert _lines(authored)[-1] == last


def test_the_earlier_texts_of_a_rewritten_change_are_named() -> None:
    """They may have what somebody wrote by hand."""
    earlier = tuple(path.with_suffix(".py.orig") for path in _PATHS)
    text = authored_text(Authored(paths=_PATHS, steps=_STEPS, earlier=earlier))

    assert f"\nearlier text: {earlier[0]}, {earlier[1]} (delete it when" in text
