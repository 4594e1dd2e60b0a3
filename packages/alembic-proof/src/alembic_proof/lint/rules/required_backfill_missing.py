"""A `requires_backfill` that names no backfill of an earlier revision."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_deploy.revisions import RevisionGraph
from alembic_proof.finding import Finding
from alembic_proof.history.revision_graph import parse_graph_revision, strings_in
from alembic_proof.lint.revision import ParsedHistory, RevisionFile
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each required name; a backfill that is no literal may have any name."""
    parsed = (parse_graph_revision(one.tree, path=one.path) for one in history.revisions)
    graph = RevisionGraph.of(filter(None, parsed))
    declared = {_backfill_name(one): one.revision_id or "" for one in history.revisions}
    for revision in history.revisions:
        required = revision.assigned("requires_backfill")
        before = graph.ancestors(revision.parent_ids, with_dependencies=True)
        for name in strings_in(required):
            owner = declared.get(name)
            if owner in before or (owner is None and None in declared):
                continue
            whose = f"but that of {owner} does not come" if owner else "which no revision has"
            yield Finding(
                id=RULE.id,
                message=f"it requires the backfill {name}, {whose}{' before it' if owner else ''}",
                location=revision.at(required),
                help="correct requires_backfill, or the order of the revisions",
            )


def _backfill_name(revision: RevisionFile) -> str | None:
    """Return the name of the revision's backfill; empty without one, None for a computed one."""
    match revision.assigned("backfill"):
        case None:
            return ""
        case ast.Dict(keys=keys, values=values):
            names = [
                value.value if isinstance(value, ast.Constant) else None
                for key, value in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "name"
            ]
            return str(names[0]) if names and names[0] is not None else None
        case _:
            return None


_FILL = """\
revision = "0004"
down_revision = "0003"
backfill = {
    "name": "fill_slugs",
    "table": "public.notes",
    "set": "slug = lower(title)",
    "where": "slug IS NULL",
    "undo": None,
}


def upgrade() -> None:
    op.add_column("notes", sa.Column("slug", sa.Text()))


def downgrade() -> None:
    op.drop_column("notes", "slug")
"""

_REQUIRE = """\
revision = "0005"
down_revision = "0004"
requires_backfill = "{name}"


def upgrade() -> None:
    op.alter_column("notes", "slug", nullable=False)


def downgrade() -> None:
    op.alter_column("notes", "slug", nullable=True)
"""
_FIRST = SourceFile("0004_slugs.py", _FILL)

RULE = Rule(
    id="required-backfill-missing",
    title="A required backfill that no earlier revision has",
    what_happens=(
        "Every upgrade is refused, on every database: what the revision waits for is never run."
    ),
    what_to_do=(
        'Write the `"name"` of a `backfill` that this revision, or one before it, follows; names are '
        "compared letter by letter."
    ),
    bad=(_FIRST, SourceFile("0005_slugs.py", _REQUIRE.format(name="fill_slug"))),
    good=(_FIRST, SourceFile("0005_slugs.py", _REQUIRE.format(name="fill_slugs"))),
    check=check,
)
