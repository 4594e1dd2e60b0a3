"""The registry, and what every rule must bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from alembic_proof.config import OWN_PACKAGES
from alembic_proof.finding import Finding
from alembic_proof.lint import (
    BaseRevisions,
    ParsedHistory,
    Rule,
    SourceFile,
    all_rules,
    lint,
    parse_revision,
    rules,
)

_RULES = all_rules()
_EACH = pytest.mark.parametrize("rule", _RULES, ids=[rule.id for rule in _RULES])


def _found(files: tuple[SourceFile, ...]) -> tuple[Finding, ...]:
    read = {file.name: parse_revision(file.name, file.text.encode()) for file in files}
    env_py = read.pop("env.py", None)
    merged = (parse_revision(file.name, file.merged.encode()) for file in files if file.merged)
    base = BaseRevisions(ref="origin/main", changed=tuple(merged))
    history = ParsedHistory(
        files=tuple(read.values()), frozen_from=OWN_PACKAGES, base=base, env_py=env_py
    )
    return lint(history, rules=_RULES)


def test_every_module_of_the_package_is_a_rule_named_like_its_file() -> None:
    """The file is the registration: its name is the rule's id."""
    files = Path(rules.__path__[0]).glob("[a-z]*.py")

    assert {rule.id.replace("-", "_") for rule in _RULES} == {file.stem for file in files}


@_EACH
def test_a_rule_says_what_happens_and_what_to_do(rule: Rule) -> None:
    """A rule without texts or examples is not finished."""
    assert all([rule.title, rule.what_happens, rule.what_to_do, rule.bad, rule.good])


@_EACH
def test_the_bad_example_is_found_by_its_rule_alone(rule: Rule) -> None:
    """An example shows one mistake."""
    assert {finding.id for finding in _found(rule.bad)} == {rule.id}


@_EACH
def test_the_good_example_is_clean(rule: Rule) -> None:
    """The recommended form has no findings of any rule."""
    assert _found(rule.good) == ()
