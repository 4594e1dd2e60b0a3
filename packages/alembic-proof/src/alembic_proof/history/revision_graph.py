"""The graph of revisions as their files say, without running one; several heads in it.

Source: https://alembic.sqlalchemy.org/en/latest/branches.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from alembic.script import ScriptDirectory

from alembic_deploy.errors import HistoryError
from alembic_deploy.failures import join_heads
from alembic_deploy.revisions import (
    GraphRevision,
    RevisionGraph,
    SeveralHeads,
    duplicate_id,
    graph_of,
    revision_files,
    several_heads,
)
from alembic_proof.finding import Finding, Location, shown_path

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def assigned_value(tree: ast.Module, name: str) -> ast.expr | None:
    """Return the expression last assigned to a name at module level; None without one.

    In `a, b = 1, 2` each name has its own expression. If the sides do not match item by item, it is
    the whole right side.
    """
    for node in reversed(tree.body):
        match node:
            case ast.Assign(targets=targets, value=value):
                found = [one for target in targets for one in _values(target, value, name)]
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                found = list(_values(target, value, name))
            case _:
                continue
        if found:
            return found[-1]
    return None


def may_assign(tree: ast.Module, name: str) -> bool:
    """Return whether anything in the module, also an import, may define that name."""
    defined = {one for node in _of_module(tree) for one in _defined_names(node)}
    return not defined.isdisjoint((name, "*"))


def is_literal(value: ast.expr) -> bool:
    """Return whether the expression consists of literals, so that its value is known."""
    try:
        _ = ast.literal_eval(value)
    except (ValueError, TypeError):
        return False
    return True


def strings_in(value: ast.expr | None) -> tuple[str, ...]:
    """Return the string literals in an expression, such as a tuple of ids; empty for None."""
    nodes = ast.walk(value) if value is not None else ()
    return tuple(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _values(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    """Yield the expressions that an assignment gives the name, item by item if both sides match."""
    match target, value:
        case (ast.Name(id=found), _):
            if found == name:
                yield value
        case (ast.Tuple(elts=names) | ast.List(elts=names), _):
            values = _parts(value, len(names))
            is_whole = values is None or any(isinstance(one, ast.Starred) for one in names)
            parts = [value] * len(names) if is_whole else values or []
            for one, part in zip(names, parts, strict=True):
                yield from _values(one, part, name)
        case (ast.Starred(value=inner), _):
            yield from _values(inner, value, name)


def _parts(value: ast.expr, number: int) -> list[ast.expr] | None:
    match value:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if len(parts) == number:
            return None if any(isinstance(one, ast.Starred) for one in parts) else parts
        case _:
            return None


def _of_module(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of code at module level, without the bodies of functions and classes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)


def _defined_names(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node defines; `*` for a star import."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name


RULE = "several-heads"
REBASE_COMMAND = "alembic-proof rebase"


def refuse_several_heads(script: ScriptDirectory) -> None:
    """Raise HistoryError if the history has several heads: a new revision needs one to follow."""
    found = sorted(script.get_heads())
    if len(found) < 2:
        return
    what = f"the history has {len(found)} heads: {', '.join(found)}"
    if unmeant := several_heads(graph_of(script)):
        ids = (one.revision_id for group in unmeant for one in group.heads)
        raise HistoryError(what, todo=join_heads(ids, rebase_command=REBASE_COMMAND))
    raise HistoryError(
        what,
        todo="they have branch labels: write the revision with "
        '`alembic revision -m "message" --head LABEL@head`',
    )


def read_graph(script: ScriptDirectory) -> RevisionGraph:
    """Read the graph of revisions from their files, in the order of the files, without running one.

    :raises HistoryError: A file that cannot be parsed, an id that two files have or that is computed.
    """
    found: dict[str, GraphRevision] = {}
    for path in revision_files(script):
        try:
            tree = ast.parse(path.read_bytes())
        except SyntaxError as error:
            what = f"a revision cannot be read: SyntaxError: {error.msg}"
            raise HistoryError(
                what, where=f"{path}:{error.lineno}", todo="correct the file"
            ) from error
        one = parse_graph_revision(tree, path=shown_path(path))
        _refuse_computed(tree, path=shown_path(path))
        if one is None:
            continue
        if found.setdefault(one.revision_id, one) != one:
            raise duplicate_id(one.revision_id, found[one.revision_id].path, one.path)
    return RevisionGraph.of(found.values())


def _refuse_computed(tree: ast.Module, *, path: str) -> None:
    """Raise HistoryError unless the file gives its id and its parents as literals."""
    for name in ("revision", "down_revision"):
        if (line := computed_line(tree, name)) is not None:
            raise HistoryError(
                f"{name} is not a string literal at module level, so it cannot be read",
                where=f"{path}:{line}" if line else path,
                todo=f'write it as a literal: {name} = "…"',
            )


def computed_line(tree: ast.Module, name: str) -> int | None:
    """Return the line that computes the name's value; None if the value is a literal, or missing.

    0 if no assignment at module level defines it: it is imported, or assigned in an `if`.
    """
    value = assigned_value(tree, name)
    if value is None:
        return 0 if may_assign(tree, name) else None
    is_known = is_literal(value) and (name != "revision" or isinstance(value, ast.Constant))
    return None if is_known else value.lineno


def parse_graph_revision(tree: ast.Module, *, path: str) -> GraphRevision | None:
    """Return the id, parents, labels and dependencies that a revision's file gives; None if it is no revision."""
    match assigned_value(tree, "revision"):
        case ast.Constant(value=str(revision_id)):
            pass
        case _:
            return None
    return GraphRevision(
        revision_id=revision_id,
        path=path,
        parents=strings_in(assigned_value(tree, "down_revision")),
        labels=strings_in(assigned_value(tree, "branch_labels")),
        dependencies=strings_in(assigned_value(tree, "depends_on")),
    )


def several_heads_finding(found: SeveralHeads) -> Finding:
    """Return the finding for several heads, at the file of the last one."""
    ids = (one.revision_id for one in found.heads)
    return Finding(
        id=RULE,
        message=_message(found),
        location=Location(shown_path(found.heads[-1].path)),
        revision=found.heads[0].revision_id,
        help=f"{join_heads(ids, rebase_command=REBASE_COMMAND)}; if the branches are intended, "
        "give each a name with branch_labels",
    )


def _message(found: SeveralHeads) -> str:
    heads, forks = (
        " and ".join(f"{one.revision_id} ({shown_path(one.path)})" for one in revisions)
        for revisions in (found.heads, found.forks)
    )
    number = len(found.heads)
    parting = f"both follow {forks}" if number == 2 else f"all follow {forks}"
    where = parting if forks else "they have no revision in common"
    return f"the history has {number} heads, {heads}; {where}: `alembic upgrade head` fails"
