"""The text of `alembic-proof revision`: what was written, what it does, and what was found."""

from __future__ import annotations

from collections.abc import Iterator

from alembic_proof.authoring.author import Authored
from alembic_proof.finding import shown_path
from alembic_proof.report.text import findings_text, summary_text

_MOST_STEPS = 24
"""So that everything fits on a screen; the file has them all."""
_NOTHING = "nothing to change: the models and the history build the same database"
_BLANK = (
    'Until the line `raise NotImplementedError("unfinished: …")` is deleted, upgrade() refuses. '
    "Edit the file,\nthen prove it with `roundtrip head` and `parity`."
)
_FOUND = (
    "The files stay. Edit them, then prove them with `roundtrip head` and `parity`; "
    "or change the models and write them again: `revision --amend`."
)
_TRIAL = "Nothing was written."


def authored_text(authored: Authored) -> str:
    """Return the files, what their upgrades do, and the findings of the proofs."""
    if not authored.paths:
        return _NOTHING
    return "\n\n".join(_parts(authored))


def _parts(authored: Authored) -> Iterator[str]:
    for path, text in zip(authored.paths, authored.texts, strict=False):
        yield f"# {shown_path(path)}\n{text.rstrip()}"
    if authored.sql is not None:
        yield f"-- upgrade\n{authored.sql.upgrade}"
        yield f"-- downgrade\n{authored.sql.downgrade}"
    yield "\n".join(_files(authored))
    if authored.lossy:
        yield "\n".join(("loses rows or values:", *map("  {}".format, authored.lossy.split("; "))))
    if authored.earlier:
        earlier = ", ".join(map(shown_path, authored.earlier))
        yield f"earlier text: {earlier} (delete it when you no longer need it)"
    if authored.is_blank:
        yield _BLANK
        return
    if found := authored.proof.findings:
        yield findings_text(found)
    yield _verdict(authored)


def _verdict(authored: Authored) -> str:
    """Return what the proofs found, and what to do now."""
    summary = summary_text(authored.proof.findings)
    result = f"round trip, parity, lint: {summary} ({authored.elapsed_s:.1f} s)"
    if authored.texts:
        return f"{result}\n{_TRIAL}"
    return result if authored.proof.is_clean else f"{result}\n{_FOUND}"


def _files(authored: Authored) -> Iterator[str]:
    """Yield the files, below each what its upgrade does; all of that if a proof has failed."""
    total = sum(map(len, authored.steps))
    most = _MOST_STEPS if authored.proof.is_clean else total
    of_files = authored.steps or ((),) * len(authored.paths)
    for path, steps in zip(authored.paths, of_files, strict=True):
        yield shown_path(path)
        yield from (f"  {one}" for one in steps[:most])
        most -= min(most, len(steps))
    if total > _MOST_STEPS and authored.proof.is_clean:
        yield f"  and {total - _MOST_STEPS} more"
