"""An env.py that catches the errors of revisions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Location, Severity
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_RUN = "run_migrations"
_ENDS = frozenset({"exit", "_exit", "abort"})


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each handler and each suppress() around the migrations."""
    if history.env_py is None:
        return
    runners = _runners(history.env_py.tree)
    for node in ast.walk(history.env_py.tree):
        match node:
            case ast.Try(body=body, handlers=handlers) if _runs(body, runners):
                caught = [one.lineno for one in handlers if not _always_raises(one.body)]
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body) if _runs(
                body, runners
            ):
                caught = [
                    one.context_expr.lineno for one in items if _is_suppress(one.context_expr)
                ]
            case _:
                continue
        for line in caught:
            yield Finding(
                id=RULE.id,
                message="env.py catches the errors of revisions: the command then ends without an "
                "error, and the database is not migrated",
                severity=Severity.WARNING,
                location=Location(history.env_py.path, line),
                help="let the error pass: end the handler with `raise`",
            )


def _runners(tree: ast.Module) -> frozenset[str]:
    """Return the names of the functions that run the migrations, directly or through others."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    names = {_RUN}
    for _ in functions:
        names |= {one.name for one in functions if _mentions(one.body, names)}
    return frozenset(names)


def _runs(body: list[ast.stmt], runners: frozenset[str]) -> bool:
    """Return whether the statements run the migrations; functions defined there do not count."""
    kept = [one for one in body if not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    return _mentions(kept, runners)


def _mentions(body: list[ast.stmt], names: set[str] | frozenset[str]) -> bool:
    """Return whether a name is called, or passed to a call: `connection.run_sync(run)`."""
    return any(
        (isinstance(node, ast.Name) and node.id in names)
        or (isinstance(node, ast.Attribute) and node.attr in names)
        for statement in body
        for node in ast.walk(statement)
    )


def _always_raises(body: list[ast.stmt]) -> bool:
    """Return whether the handler always raises, or ends the process."""
    match body[-1]:
        case ast.Raise():
            return True
        case ast.If(body=first, orelse=second) if second:
            return _always_raises(first) and _always_raises(second)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))):
            return name in _ENDS
        case _:
            return False


def _is_suppress(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="suppress") | ast.Name(id="suppress")):
            return True
        case _:
            return False


_BAD = """\
from alembic import context

with context.begin_transaction():
    try:
        context.run_migrations()
    except Exception as error:
        print("migrations failed", error)
"""

_GOOD = """\
from alembic import context

with context.begin_transaction():
    try:
        context.run_migrations()
    except Exception as error:
        print("migrations failed", error)
        raise
"""

RULE = Rule(
    id="env-swallows-errors",
    severity=Severity.WARNING,
    title="env.py that catches the errors of revisions",
    what_happens=(
        "`alembic upgrade` ends with exit code 0 although a revision failed: the deployment goes "
        "on with a database that was not migrated."
    ),
    what_to_do=(
        "Let the error pass: end the handler with `raise`. If several processes may migrate at "
        "once, take an advisory lock instead of ignoring `already exists`; or accept the "
        "finding: `# alembic-proof: ignore[env-swallows-errors] reason`."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html",
    bad=(SourceFile("env.py", _BAD),),
    good=(SourceFile("env.py", _GOOD),),
    check=check,
)
