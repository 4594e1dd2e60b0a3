"""A revision that reads from a connection, which `--sql` does not have.

SQLAlchemy's MockConnection, which `op.get_bind()` returns then, has no begin(), scalar() or
exec_driver_sql().
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic_proof.finding import Finding, Severity, first_of
from alembic_proof.lint.calls import OP, Code, called
from alembic_proof.lint.revision import ParsedHistory
from alembic_proof.lint.rule import Rule, SourceFile

_GUARDS = frozenset({"is_offline_mode", "as_sql"})
_ASKS = frozenset({"inspect", "Session", "sessionmaker", "reflect", "from_engine"})
"""Functions that read from the connection that they are given."""
_STAND_IN_HAS = frozenset(
    {"commit", "connect", "create", "dialect", "drop", "engine", "execute", "execution_options"}
    | {"name", "rollback", "schema_for_object"}
)
"""Attributes of SQLAlchemy's MockConnection; for commit there is a rule of its own."""
_SHOWN = 3


def check(history: ParsedHistory) -> Iterator[Finding]:
    """Yield a warning for each revision that reads from a connection, at the first such place."""
    if not history.is_for_offline_sql:
        return
    for revision in history.revisions:
        code = Code.of(revision)
        found = {
            (node.lineno, node.col_offset): (node, what)
            for direction in code.directions()
            for function in _reached(code, direction)
            for node, what in _uses(code, function)
        }
        uses = [found[place] for place in sorted(found)]
        if uses:
            yield Finding(
                id=RULE.id,
                message=f"without a connection (`--sql`) this fails: {_listed(uses)}",
                severity=Severity.WARNING,
                location=revision.at(uses[0][0]),
                help="let SQL decide, or check context.is_offline_mode() first",
            )


def _listed(uses: list[tuple[ast.expr, str]]) -> str:
    first, *others = uses
    named = [first[1], *(f"{what} (line {node.lineno})" for node, what in others)]
    return first_of(named, most=_SHOWN)


def _reached(code: Code, direction: ast.FunctionDef) -> Iterator[ast.FunctionDef]:
    """Yield the direction and the functions of the file that it calls, without those with a guard."""
    waiting, seen = [direction], set[str]()
    while waiting:
        function = waiting.pop()
        if function.name in seen or _is_guarded(function):
            continue
        seen.add(function.name)
        yield function
        waiting += [
            code.functions[name]
            for node in code.nodes(function)
            if isinstance(node, ast.Call) and (name := code.name_of(node.func)) in code.functions
        ]


def _is_guarded(function: ast.FunctionDef) -> bool:
    """Return whether the function checks if there is a connection."""
    for node in ast.walk(function):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _GUARDS:
                return True
    return False


def _uses(code: Code, function: ast.FunctionDef) -> Iterator[tuple[ast.expr, str]]:
    """Yield each use of a connection in the function, and its text for a message."""
    ignored = _with_no_result_used(function)
    for node in code.nodes(function):
        match node:
            case ast.Attribute(value=value, attr=name) if (
                name not in _STAND_IN_HAS and code.is_bind(value, function)
            ):
                yield node, ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=value, attr="execute")) if code.name_of(
                value
            ) == OP.rstrip(".") or code.is_bind(value, function):
                if node not in ignored:
                    yield node, f"the result of {called(node)}"
                elif len(node.args) > 1 and code.is_bind(value, function):
                    yield node, f"{called(node)} with parameters"
            case ast.Call() if (connection := _asked(code, node, function)) is not None:
                yield node, f"{ast.unparse(node.func)}({ast.unparse(connection)})"


def _with_no_result_used(function: ast.FunctionDef) -> frozenset[ast.expr]:
    """Return the calls whose result is not used."""
    read = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    found: set[ast.expr] = set()
    for node in ast.walk(function):
        match node:
            case ast.Expr(value=value) | ast.Return(value=ast.expr() as value):
                found.add(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in read:
                found.add(value)
    return frozenset(found)


def _asked(code: Code, call: ast.Call, function: ast.FunctionDef) -> ast.expr | None:
    """Return the connection that the call reads from; None if it reads from none."""
    if ast.unparse(call.func).rpartition(".")[2] in _ASKS:
        values = [*call.args, *(one.value for one in call.keywords)]
    else:
        values = [one.value for one in call.keywords if one.arg == "autoload_with"]
    return next((value for value in values if code.is_bind(value, function)), None)


_BAD = """\
revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    if "notes" not in sa.inspect(op.get_bind()).get_table_names():
        op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True))


def downgrade() -> None:
    op.drop_table("notes")
"""

_GOOD = """\
revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True), if_not_exists=True)


def downgrade() -> None:
    op.drop_table("notes")
"""

RULE = Rule(
    id="breaks-offline-sql",
    severity=Severity.WARNING,
    title="Revision that cannot be written with --sql",
    what_happens=(
        "`alembic upgrade --sql` writes the revisions as a script and has no connection: "
        "`op.get_bind()` is a mock connection that prints the statements. Inspecting it, a "
        "Session on it, and reading a result fail, and the script ends there; parameters of "
        "`execute()` are not written at all."
    ),
    what_to_do=(
        "Let PostgreSQL decide: `if_not_exists=True`, `INSERT … SELECT`, `UPDATE … FROM`, a `DO` "
        "block; `op.execute()` and `op.bulk_insert()` write values into the script. If a "
        "connection is needed, check first: `if not context.is_offline_mode()`, or accept the "
        "finding: `# alembic-proof: ignore[breaks-offline-sql] reason`. A project that never "
        "uses `--sql` sets `offline_sql = false` in `[tool.alembic-proof]`."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    bad=(SourceFile("0003_notes.py", _BAD),),
    good=(SourceFile("0003_notes.py", _GOOD),),
    check=check,
)
