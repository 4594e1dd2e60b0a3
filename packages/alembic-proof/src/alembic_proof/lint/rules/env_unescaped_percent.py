"""An env.py that writes a URL into Alembic's options without escaping `%`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_SETTERS = ("set_main_option", "set_section_option")


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each option with a URL, unless env.py doubles `%` anywhere."""
    if history.env_py is None or _escapes(history.env_py.tree):
        return
    for node in ast.walk(history.env_py.tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr=name),
                args=[*_, ast.Constant(value=str(option)), value],
            ) if name in _SETTERS and "url" in option.lower() and not _is_plain(value):
                yield Finding(
                    id=RULE.id,
                    message=f"a `%` in the URL for {name}() ends every command: "
                    "ConfigParser takes it for an interpolation",
                    severity=Severity.WARNING,
                    location=history.env_py.at(node),
                    help='escape it: url.replace("%", "%%")',
                )


def _escapes(tree: ast.Module) -> bool:
    """Return whether `%` is doubled anywhere: the origin of the value is not followed."""
    return any(isinstance(node, ast.Constant) and node.value == "%%" for node in ast.walk(tree))


def _is_plain(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and "%" not in str(value.value)


_BAD = """\
import os

from alembic import context

context.config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])
context.run_migrations()
"""

_GOOD = """\
import os

from alembic import context

url = os.environ["DATABASE_URL"].replace("%", "%%")
context.config.set_main_option("sqlalchemy.url", url)
context.run_migrations()
"""

RULE = Rule(
    id="env-unescaped-percent",
    severity=Severity.WARNING,
    title="env.py that does not escape a URL's percent signs",
    what_happens=(
        "The first password with a character that a URL encodes (`p@ss` is `p%40ss`) ends every "
        "command with `ValueError: invalid interpolation syntax`."
    ),
    what_to_do=(
        'Double the sign, `url.replace("%", "%%")`, or give the URL to create_engine() directly; '
        "or accept the finding: `# alembic-proof: ignore[env-unescaped-percent] reason`."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/api/config.html",
    bad=(SourceFile("env.py", _BAD),),
    good=(SourceFile("env.py", _GOOD),),
    check=check,
)
