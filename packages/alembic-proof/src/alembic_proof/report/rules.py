"""The documentation of the rules, made from the rules."""

from __future__ import annotations

from collections.abc import Iterable

from alembic_proof.lint import Rule, SourceFile

_INTRODUCTION = """\
# Rules

What `alembic-proof lint` finds in revision files and in env.py; it reads them and runs none.
This page is written by `alembic-proof lint --explain` from the rules themselves.
"""


def rules_page(rules: Iterable[Rule]) -> str:
    """The page in Markdown: every rule with its words and its examples."""
    return "\n".join([_INTRODUCTION, *(rule_section(rule) for rule in rules)])


def rule_section(rule: Rule) -> str:
    """One rule's section of the page."""
    parts = [
        f"## {rule.id}",
        f"**{rule.name}.** {rule.what_happens}",
        f"Instead: {rule.workaround}",
        _examples("Bad", rule.bad),
        _examples("Good", rule.good),
    ]
    return "\n\n".join(parts) + "\n"


def _examples(title: str, files: tuple[SourceFile, ...]) -> str:
    return "\n\n".join(
        f"{title}: `{file.name}`{_merged(file)}\n\n{_code(file.text)}" for file in files
    )


def _merged(file: SourceFile) -> str:
    """Return the file before, where the example is about a change."""
    return f", which was merged as\n\n{_code(file.merged)}\n\nand now is" if file.merged else ""


def _code(text: str) -> str:
    return f"```python\n{text.rstrip()}\n```"
