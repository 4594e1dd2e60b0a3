"""A merged revision that was changed or deleted afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.revision import ParsedHistory, RevisionFile, first_difference
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each revision of the base ref that the checkout edits or does not have.

    Yield a note if git cannot compare the files. A file may have another name; comments, docstrings,
    layout, annotations, unused imports and our declarations may differ.
    """
    base = history.base
    if base.unknown:
        message = f"not checked whether merged revisions were edited: {base.unknown}"
        yield Finding(id=RULE.id, message=message, severity=Severity.NOTE, help=base.todo)
    now = {revision.revision_id: revision for revision in history.revisions}
    is_replaced = any(file.accepts(RULE.id) for file in history.files if file.path in base.added)
    for merged in base.changed:
        if merged.revision_id is None:
            continue
        revision = now.get(merged.revision_id)
        if revision is not None:
            yield from _edited(revision, merged, ref=base.ref)
        elif not is_replaced and not _is_broken(history, merged):
            yield _deleted(merged, ref=base.ref)


def _edited(revision: RevisionFile, merged: RevisionFile, *, ref: str) -> Iterator[Finding]:
    difference = first_difference(revision.tree, merged.tree)
    if difference is None:
        return
    yield Finding(
        id=RULE.id,
        message=f"revision {revision.revision_id} is merged into {ref} and was edited since: "
        f"{difference.what}; a database that has it applied never gets the edit",
        location=revision.at(difference.node),
        help=f"undo the edit ({_restore(merged, ref=ref)}) and "
        "write a new revision, or accept it in the file: "
        f"# alembic-proof: ignore[{RULE.id}] reason",
    )


def _deleted(merged: RevisionFile, *, ref: str) -> Finding:
    return Finding(
        id=RULE.id,
        message=f"revision {merged.revision_id} is merged into {ref} and was deleted: "
        "a database at this revision can neither be upgraded nor downgraded",
        location=merged.at(),
        help=f"restore it ({_restore(merged, ref=ref)}); if a new revision replaces it, write in that "
        f"one: # alembic-proof: ignore[{RULE.id}] reason",
    )


def _restore(merged: RevisionFile, *, ref: str) -> str:
    """Return the command that restores the file as it was merged."""
    return f"git checkout $(git merge-base {quote(ref)} HEAD) -- {quote(merged.path)}"


def _is_broken(history: ParsedHistory, merged: RevisionFile) -> bool:
    """Return whether the file exists but cannot be parsed, which is another finding."""
    return any(file.path == merged.path and file.syntax_error for file in history.files)


_TEXT = """\
revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.{type}()))


def downgrade() -> None:
    op.drop_column("users", "nickname")
"""
_ACCEPTED = """\
revision = "0007"
down_revision = "0006"

# alembic-proof: ignore[edited-after-merge] no database has it: the release was stopped


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.Text()))


def downgrade() -> None:
    op.drop_column("users", "nickname")
"""

RULE = Rule(
    id="edited-after-merge",
    title="Merged revision that was edited",
    what_happens=(
        "Alembic runs a revision once on each database. Databases that have it applied never get "
        "the edit, but new ones do. They differ, and no proof on a new database shows it. Files "
        "are compared with the merge base of HEAD and `--base-ref` (by default the remote's main "
        "branch). Comments, docstrings, layout, annotations, unused imports, `lossy`, "
        "`irreversible`, `branch_labels` and the file's name may change. Without git, the ref or "
        "the merge base (a shallow clone) a note says that nothing was compared."
    ),
    what_to_do=(
        "Undo the edit and write a new revision. If no database has the revision, accept the "
        "edit in the file, with the reason. New revisions that replace deleted ones accept their "
        "deletion in the same way."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/tutorial.html#running-our-first-migration",
    bad=(
        SourceFile(
            "0007_nickname.py", _TEXT.format(type="Text"), merged=_TEXT.format(type="String")
        ),
    ),
    good=(SourceFile("0007_nickname.py", _ACCEPTED, merged=_TEXT.format(type="String")),),
    check=check,
)
