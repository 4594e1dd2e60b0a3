"""The rules there are: every module of the package `rules` that has a RULE."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from alembic_proof.lint import rules
from alembic_proof.lint.rule import Rule


def all_rules() -> tuple[Rule, ...]:
    """Every rule, sorted by id; the file is the registration."""
    names = [module.name for module in iter_modules(rules.__path__)]
    found = [import_module(f"{rules.__name__}.{name}").RULE for name in names]
    return tuple(sorted(found, key=lambda rule: rule.id))


def rule_ids() -> frozenset[str]:
    """Return the ids of all rules, from the names of their files."""
    return frozenset(module.name.replace("_", "-") for module in iter_modules(rules.__path__))
