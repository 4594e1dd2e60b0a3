"""The `lossy` declaration of a revision: an operation of Alembic that is moved to the module's top."""

from __future__ import annotations

import ast

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops

from alembic_proof.authoring.execute_sql import LINE_LENGTH, quoted

_IDENTIFIERS = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})


class Declaration(ops.MigrateOperation):
    """The declaration of what is lost; `with_declaration_placed` takes it out of upgrade() again.

    Alembic's template has a place for operations, but none for declarations.
    """

    def __init__(self, lossy: str) -> None:
        self.lossy = lossy


@renderers.dispatch_for(Declaration)
def _render_declaration(_context: AutogenContext, operation: Declaration) -> str:
    return f"lossy = {operation.lossy!r}"


def with_declaration_placed(text: str) -> str:
    """Return the revision with its declaration behind the identifiers.

    :raises SyntaxError: The text does not parse.
    """
    body = ast.parse(text).body
    inside = (node for one in body if isinstance(one, ast.FunctionDef) for node in one.body)
    lossy = next((one for one in inside if "lossy" in _assigned_names(one)), None)
    identifiers = [one for one in body if not _IDENTIFIERS.isdisjoint(_assigned_names(one))]
    if not isinstance(lossy, ast.Assign) or not identifiers:
        return text
    lines = text.splitlines(keepends=True)
    del lines[lossy.lineno - 1 : lossy.end_lineno]
    end = identifiers[-1].end_lineno or 0
    lines.insert(end, f"\n{_laid_out(ast.literal_eval(lossy.value))}\n")
    return "".join(lines)


def _assigned_names(node: ast.stmt) -> tuple[str, ...]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return (name,)
    return ()


def _laid_out(text: str) -> str:
    """Return the assignment, with one entry a line if it is long."""
    line = f"lossy = {quoted(text)}"
    entries = text.split("; ")
    if len(line) <= LINE_LENGTH or len(entries) == 1:
        return line
    parts = [*(f"{entry}; " for entry in entries[:-1]), entries[-1]]
    return "\n".join(("lossy = (", *(f"    {quoted(part)}" for part in parts), ")"))
