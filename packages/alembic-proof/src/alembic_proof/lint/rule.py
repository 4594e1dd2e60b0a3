"""A lint rule: an entry of the findings table and the function that finds it.

Every module of the package `rules` that has a RULE is registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from alembic_proof.finding import Finding
from alembic_proof.findings import Entry, SourceFile
from alembic_proof.lint import rules
from alembic_proof.lint.revision import ParsedHistory

__all__ = ["Rule", "SourceFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Entry):
    """A mistake in revision files that their syntax shows."""

    check: Callable[[ParsedHistory], Iterator[Finding]]


def all_rules() -> tuple[Rule, ...]:
    """Return every rule, sorted by id; the file is the registration."""
    return tuple(rule for id_ in sorted(rule_ids()) if (rule := find_rule(id_)))


def find_rule(id_: str) -> Rule | None:
    """Return the rule with this id, None if there is none; only its own file is imported."""
    if id_ not in rule_ids():
        return None
    rule: Rule = import_module(f"{rules.__name__}.{id_.replace('-', '_')}").RULE
    return rule


def rule_ids() -> frozenset[str]:
    """Return the ids of all rules, from the names of their files."""
    return frozenset(module.name.replace("_", "-") for module in iter_modules(rules.__path__))
