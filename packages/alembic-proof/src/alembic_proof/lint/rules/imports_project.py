"""A revision that imports from the project.

Why: a revision describes one step of the past and runs on every new database for years. What it
imports goes on changing: a model loses a column, a module moves, and an old step breaks or, worse,
does something else than it did in production.
Source: https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity
from alembic_proof.lint.revision import History
from alembic_proof.lint.rule import Rule, SourceFile


def check(history: History) -> Iterator[Finding]:
    """Yield a finding for each import of the project's code.

    An import of a package in `frozen_from` and a relative one are errors, one of what is only found
    to be the project's is a warning.
    """
    for revision in history.revisions:
        for node in ast.walk(revision.tree):
            for module in _imported(node):
                severity = _severity(module, history)
                if severity is not None:
                    yield Finding(
                        rule=RULE.id,
                        message=f"the revision imports {module}, which goes on changing",
                        severity=severity,
                        todo="copy what it needs into the revision",
                        location=revision.at(
                            node if isinstance(node, ast.stmt | ast.expr) else None
                        ),
                    )


def _severity(module: str, history: History) -> Severity | None:
    """Return how much the import weighs; None where it is no import of the project's code."""
    if _is_project(module, packages=history.frozen_from):
        return Severity.ERROR
    return Severity.WARNING if module.partition(".")[0] in history.project_modules else None


def _imported(node: ast.AST) -> tuple[str, ...]:
    """The modules that a node imports, a relative one with its dots."""
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
from alembic_proof.env import run_env

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
    name="Revision that depends on the project's code",
    what_happens=(
        "The revision does whatever today's code says. A renamed constant or a dropped column "
        "breaks the history on every new database, and an old step silently changes."
    ),
    workaround=(
        "Copy into the revision what it needs: literals, `sa.table(...)` with the columns that it "
        "touches, plain SQL. The project's code is what lies beside alembic.ini, in its directory "
        "`src` and in `prepend_sys_path`, and the package that pyproject.toml names, as far as it is "
        "no installed package of somebody else (a warning); packages of `frozen_from` in "
        "`[tool.alembic-proof]` and relative imports are errors."
    ),
    bad=(SourceFile("0004_role.py", _BAD),),
    good=(SourceFile("0004_role.py", _GOOD),),
    check=check,
)
