"""The rule `unusable-ignore`, and the comments that it reads."""

from __future__ import annotations

import pytest

from alembic_proof.lint import ParsedHistory, all_rules, lint, parse_revision

_EMPTY = 'revision = "a"\ndef upgrade(): run()\ndef downgrade(): pass\n'


def _found(text: str) -> list[str]:
    history = ParsedHistory(files=(parse_revision("a.py", f"{_EMPTY}{text}\n".encode()),))
    return [f"{one.id}: {one.message}" for one in lint(history, rules=all_rules())]


@pytest.mark.parametrize(
    "comment",
    [
        "# alembic-proof: ignore[empty-downgrade] nothing to undo",
        "#alembic-proof:ignore[empty-downgrade]: nothing to undo",
        "x = 1  # alembic-proof: ignore[file-order, empty-downgrade] nothing to undo",
    ],
)
def test_a_comment_with_a_rule_and_a_reason_accepts_its_findings(comment: str) -> None:
    """The comment may be anywhere in the file."""
    assert _found(comment) == []


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# alembic-proof: ignore[empty-downgrade]", "ignore[empty-downgrade] gives no reason"),
        (
            "# alembic-proof: ignore[emty-downgrade] nothing to undo",
            "lint has no rule emty-downgrade; did you mean empty-downgrade?",
        ),
        (
            "# alembic-proof: ignore nothing to undo",
            "the comment names no rule: write `# alembic-proof: ignore[rule-id] reason`",
        ),
    ],
)
def test_a_comment_that_accepts_nothing_is_found(comment: str, message: str) -> None:
    """The finding that it should accept is reported as well."""
    assert _found(comment) == [
        "empty-downgrade: downgrade() does nothing",
        f"unusable-ignore: {message}",
    ]


def test_a_comment_of_env_py_is_checked_as_well() -> None:
    """A comment in env.py accepts findings there, or is a finding."""
    env_py = parse_revision("env.py", b"# alembic-proof: ignore[env-swallows-errors]\n")
    [found] = lint(ParsedHistory(files=(), env_py=env_py), rules=all_rules())

    assert (found.id, str(found.location)) == ("unusable-ignore", "env.py:1")


def test_a_comment_accepts_the_rules_that_it_names_alone() -> None:
    """Findings of other rules are still reported."""
    assert _found("# alembic-proof: ignore[file-order] renamed") == [
        "empty-downgrade: downgrade() does nothing"
    ]


@pytest.mark.parametrize("text", ['x = "# alembic-proof: ignore[]"', "# about alembic-proof: none"])
def test_other_text_is_no_such_comment(text: str) -> None:
    """A string is no comment, and a comment that only mentions the name is no ignore comment."""
    assert _found(text) == ["empty-downgrade: downgrade() does nothing"]
