"""The registry, and what every rule must bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.finding import Finding
from alembic_proof.lint import (
    Base,
    History,
    Rule,
    SourceFile,
    all_rules,
    lint,
    parse_revision,
    rules,
)
from alembic_proof.report.rules import rules_page

_RULES = all_rules()
_EACH = pytest.mark.parametrize("rule", _RULES, ids=[rule.id for rule in _RULES])
_PAGE = Path(__file__).parents[4] / "docs" / "rules.md"


def _found(files: tuple[SourceFile, ...]) -> tuple[Finding, ...]:
    read = {file.name: parse_revision(file.name, file.text.encode()) for file in files}
    env_py = read.pop("env.py", None)
    merged = (parse_revision(file.name, file.merged.encode()) for file in files if file.merged)
    base = Base(ref="origin/main", changed=tuple(merged))
    history = History(
        files=tuple(read.values()), frozen_from=("alembic_proof",), base=base, env_py=env_py
    )
    return lint(history, rules=_RULES)


def test_every_module_of_the_package_is_a_rule_named_like_its_file() -> None:
    """The file is the registration: its name is the rule's id."""
    files = Path(rules.__path__[0]).glob("[a-z]*.py")

    assert {rule.id.replace("-", "_") for rule in _RULES} == {file.stem for file in files}


@_EACH
def test_a_rule_says_what_happens_and_what_to_do(rule: Rule) -> None:
    """A rule without words or without examples is not finished."""
    assert all([rule.name, rule.what_happens, rule.workaround, rule.bad, rule.good])


@_EACH
def test_the_bad_example_is_found_by_its_rule_alone(rule: Rule) -> None:
    """An example shows one bad thing."""
    assert {finding.rule for finding in _found(rule.bad)} == {rule.id}


@_EACH
def test_the_good_example_is_clean(rule: Rule) -> None:
    """What a rule recommends is found by no rule at all."""
    assert _found(rule.good) == ()


def test_the_page_of_rules_is_the_one_that_the_rules_write() -> None:
    """docs/rules.md is `alembic-proof lint --explain`, to the letter."""
    assert _PAGE.read_text(encoding="utf-8") == rules_page(_RULES)
