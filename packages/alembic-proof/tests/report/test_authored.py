"""What was authored, as text."""

from __future__ import annotations

from pathlib import Path

from alembic_proof.authoring import Authored
from alembic_proof.catalog import Change, Identity, Kind
from alembic_proof.report.authored import authored_text

_PATH = Path("versions/a.py")
_MISSING = Change(kind=Kind("trigger"), identity=Identity("public.t.old"), before="present")
_UNEXPECTED = Change(kind=Kind("policy"), identity=Identity("public.t.new"), after="present")
_CHANGED = Change(
    kind=Kind("table"),
    identity=Identity("public.t"),
    attribute="comment",
    before="a",
    after="b",
)


def _text(authored: Authored) -> str:
    return authored_text(authored, path="versions/a.py", contents='"""Doc."""\n')


def test_no_file_is_nothing_to_change() -> None:
    """One line says that both sides are equal."""
    assert _text(Authored()).startswith("nothing to change: ")


def test_a_finished_revision_is_its_path_and_its_contents() -> None:
    """Indented, so that it can be told from what is said about it."""
    assert _text(Authored(path=_PATH)) == 'versions/a.py\n\n    """Doc."""'


def test_what_is_left_reads_as_what_must_be_done() -> None:
    """Each change is a verb, and both directions come as lines to paste."""
    authored = Authored(
        path=_PATH,
        by_hand=(_MISSING, _UNEXPECTED, _CHANGED),
        upgrade_sql=("DROP TRIGGER old ON public.t",),
    )

    lines = _text(authored).splitlines()

    assert "  drop trigger public.t.old" in lines
    assert "  create policy public.t.new" in lines
    assert "  change table public.t, comment: a -> b" in lines
    assert '    op.execute("DROP TRIGGER old ON public.t")' in lines
    assert "at the beginning of downgrade(): PostgreSQL has no statement for it" in lines


def test_a_failure_is_told_instead_of_what_is_left() -> None:
    """What the revision lacks is unknown until it can be applied."""
    text = _text(Authored(path=_PATH, failure="it broke"))

    assert "The new revision cannot be applied: it broke" in text
    assert "write by hand" not in text
