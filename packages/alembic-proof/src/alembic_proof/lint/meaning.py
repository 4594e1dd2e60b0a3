"""What a revision file does, apart from how it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import zip_longest

_DECLARATIONS = frozenset({"branch_labels", "irreversible", "lossy"})
"""What no database depends on: words for readers and proofs, and names of branches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Where two versions of a file begin to do something else."""

    what: str
    """The part of the file, such as `upgrade()`."""
    node: ast.stmt | None
    """The statement in the newer version; None where it has none."""


def first_difference(newer: ast.Module, older: ast.Module) -> Difference | None:
    """Return the first place where the files differ in more than how they are written.

    Comments, docstrings, layout, annotations, the order of imports, imports that nothing uses, and
    the declarations may differ.
    """
    if _imports(newer) != _imports(older):
        node = next((one for one in newer.body if _is_import(one)), None)
        return Difference(what="its imports", node=node)
    for new, old in zip_longest(_statements(newer.body), _statements(older.body)):
        if _dump(new) == _dump(old):
            continue
        either = new or old
        return Difference(what=_name(either), node=_first_inside(new, old) or new)
    return None


def _first_inside(new: ast.stmt | None, old: ast.stmt | None) -> ast.stmt | None:
    """Return the statement of a function's body that differs first."""
    if not isinstance(new, ast.FunctionDef) or not isinstance(old, ast.FunctionDef):
        return None
    pairs = zip_longest(_effective(new.body), _effective(old.body))
    return next((new for new, old in pairs if _dump(new) != _dump(old)), None)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what a module does: no docstring, no import, no declaration."""
    for statement in _effective(body):
        if not _is_import(statement) and not _is_declaration(statement):
            yield statement


def _dump(node: ast.stmt | None) -> str:
    return ast.dump(_Bare().visit(deepcopy(node))) if node is not None else ""


class _Bare(ast.NodeTransformer):
    """Takes docstrings, annotations and what does nothing out."""

    def visit_Pass(self, _: ast.Pass) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None or not isinstance(node.target, ast.Name):
            return self.generic_visit(node)
        return self.generic_visit(ast.Assign(targets=[node.target], value=node.value, lineno=0))


def _imports(tree: ast.Module) -> frozenset[tuple[str, str, str]]:
    """Return what is imported at the top and used, as module, name and the name that it gets."""
    bare = _Bare().visit(deepcopy(tree))
    used = {node.id for node in ast.walk(bare) if isinstance(node, ast.Name)} | {"*"}
    found: set[tuple[str, str, str]] = set()
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=module, names=names, level=level):
                origin = f"{'.' * level}{module or ''}"
                found |= {(origin, one.name, one.asname or one.name) for one in names}
            case ast.Import(names=names):
                found |= {(one.name, "", one.asname or one.name.partition(".")[0]) for one in names}
    return frozenset(one for one in found if one[2] in used)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_declaration(node: ast.stmt) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in _DECLARATIONS
        case _:
            return False


def _effective(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that do something: no docstring, no `pass`, no `...`."""
    for statement in body:
        match statement:
            case ast.Pass() | ast.Expr(value=ast.Constant()):
                pass
            case _:
                yield statement


def _name(node: ast.stmt | None) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return f"{name}()"
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case _:
            return "the module"
