"""What the findings on merged revisions advise."""

from __future__ import annotations

from alembic_proof.lint.revision import BaseRevisions, ParsedHistory, parse_revision
from alembic_proof.lint.rules.edited_after_merge import RULE


def test_a_path_with_a_blank_is_quoted_for_the_shell() -> None:
    """The command that restores the file can be pasted."""
    merged = parse_revision("my versions/a.py", b'revision = "a"\n')
    history = ParsedHistory(files=(), base=BaseRevisions(ref="origin/main", changed=(merged,)))

    (found,) = RULE.check(history)

    assert "git merge-base origin/main HEAD) -- 'my versions/a.py'" in found.help
