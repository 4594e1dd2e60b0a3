"""A revision that imports from the project."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a finding for each import of the project's code.

    Imports of packages in `frozen_from` and relative imports are errors; imports of other modules that
    belong to the project are warnings.
    """
    for revision in history.revisions:
        for node in ast.walk(revision.tree):
            for module in _imported(node):
                severity = _severity(module, history)
                if severity is not None:
                    yield Finding(
                        id=RULE.id,
                        message=f"the revision imports {module}, which will change",
                        severity=severity,
                        help="copy the needed code into the revision",
                        location=revision.at(
                            node if isinstance(node, ast.stmt | ast.expr) else None
                        ),
                    )


def _severity(module: str, history: ParsedHistory) -> Severity | None:
    """Return the severity of the import; None if it is not the project's code."""
    if _is_project(module, packages=history.frozen_from):
        return Severity.ERROR
    return Severity.WARNING if module.partition(".")[0] in history.project_modules else None


def _imported(node: ast.AST) -> tuple[str, ...]:
    """Return the modules that a node imports, a relative one with its dots."""
    match node:
        case ast.Import(names=names):
            return tuple(name.name for name in names)
        case ast.ImportFrom(module=module, level=level):
            return ("." * level + (module or ""),)
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__")
            | ast.Attribute(attr="import_module" | "__import__"),
            args=[ast.Constant(value=str(module)), *_],
        ):
            return (module,)
        case _:
            return ()


def _is_project(module: str, *, packages: tuple[str, ...]) -> bool:
    return module.startswith(".") or any(
        module == package or module.startswith(f"{package}.") for package in packages
    )


_BAD = """\
from alembic_deploy.env import run_env

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("users", sa.Column("role", sa.Text(), server_default=run_env.__name__))


def downgrade() -> None:
    op.drop_column("users", "role")
"""

_GOOD = """\
revision = "0004"
down_revision = "0003"

DEFAULT_ROLE = "viewer"


def upgrade() -> None:
    op.add_column("users", sa.Column("role", sa.Text(), server_default=DEFAULT_ROLE))


def downgrade() -> None:
    op.drop_column("users", "role")
"""

RULE = Rule(
    id="imports-project",
    title="Revision that depends on the project's code",
    what_happens=(
        "The revision does what today's code does. A renamed constant or a dropped column breaks "
        "the history on every new database, and an old step changes silently."
    ),
    what_to_do=(
        "Copy the needed code into the revision: literals, `sa.table(...)` with the columns that "
        "it touches, plain SQL. Imports of packages in `frozen_from` of `[tool.alembic-proof]` "
        "and relative imports are errors. Imports of modules beside alembic.ini, in its "
        "directory `src` or in `prepend_sys_path`, and of the package that pyproject.toml names, "
        "are warnings, unless they are an installed distribution of someone else."
    ),
    source="https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models",
    bad=(SourceFile("0004_role.py", _BAD),),
    good=(SourceFile("0004_role.py", _GOOD),),
    check=check,
)
