"""What `alembic-proof revision` wrote, and what is left to write, as text."""

from __future__ import annotations

from textwrap import indent

from alembic_proof.authoring import Authored
from alembic_proof.authoring.op_execute import op_execute
from alembic_proof.catalog import Change
from alembic_proof.finding import Severity
from alembic_proof.proofs.renamed import Renamed

_BLANK = (
    'Until the line `raise NotImplementedError("unfinished: …")` is deleted, upgrade() refuses. '
    "Edit the file,\nthen prove it with `roundtrip head` and `parity`."
)
_FAILED = (
    "Edit the file, then prove it with `roundtrip head` and `parity`; "
    "`revision --amend` rewrites it."
)
_UNFINISHED = f"{_BLANK.removesuffix('.')}; `revision --amend` rewrites it."
_RENAMED = (
    "only the name differs; instead of dropping it and building it again, as Alembic writes it, "
    "rename it:"
)


def authored_text(authored: Authored, *, path: str, contents: str, earlier: str = "") -> str:
    """Return the file with its contents, then what must be written by hand, if anything.

    `earlier` is the path of the earlier text of a revision that was rewritten.
    """
    if authored.path is None:
        return "nothing to change: the models and the history build the same database"
    parts = [path, indent(contents.rstrip(), "    ")]
    if earlier:
        parts += [f"its earlier text: {earlier} (delete it once nothing of it is needed)"]
    if authored.failure:
        parts += [f"The new revision cannot be applied: {_reason(authored.failure)}", _FAILED]
    elif authored.is_blank:
        parts += [_BLANK]
    else:
        parts += _left_to_do(authored)
    if authored.renamed:
        parts += ["\n".join([_RENAMED, *map(_renaming, authored.renamed)])]
    return "\n\n".join(parts)


def _renaming(renamed: Renamed) -> str:
    """Return how each direction renames it."""
    up, down = op_execute(renamed.sql), op_execute(renamed.reversed.sql)
    if "\n" in up + down:
        up, down = (f"\n{indent(code, '      ')}" for code in (up, down))
    else:
        up, down = f"   {up}", f" {down}"
    return f"  {renamed.before.kind} of {renamed.table}\n    upgrade():{up}\n    downgrade():{down}"


def _reason(failure: str) -> str:
    """Return the failure without what to do: that follows, for a revision that is new."""
    return "\n".join(line for line in failure.splitlines() if not line.startswith("  do: "))


def _left_to_do(authored: Authored) -> list[str]:
    """Paragraphs; none when Alembic has written all of it."""
    notes = [f"note: {change}" for change in authored.by_hand if change.severity is Severity.NOTE]
    errors = [_sentence(change) for change in authored.by_hand if change.severity is Severity.ERROR]
    parts = ["\n".join(notes)] if notes else []
    if errors:
        parts += ["\n".join(["write by hand, because Alembic does not see it:", *errors])]
        parts += _function("at the end of upgrade()", authored.upgrade_sql)
        parts += _function("at the beginning of downgrade()", authored.downgrade_sql)
        parts += [_UNFINISHED]
    return parts


def _sentence(change: Change) -> str:
    """The change, as what must be done."""
    if change.is_unexpected:
        return f"  create {change.key}"
    if change.is_missing:
        return f"  drop {change.key}"
    return f"  change {change}"


def _function(place: str, statements: tuple[str, ...]) -> list[str]:
    if not statements:
        return [f"{place}: PostgreSQL has no statement for it"]
    code = "\n".join(op_execute(statement) for statement in statements)
    return [f"{place}:", indent(code, "    ")]
