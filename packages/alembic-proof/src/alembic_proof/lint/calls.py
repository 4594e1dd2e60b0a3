"""Find the calls that upgrade() and downgrade() make, in order, and the SQL that they send.

The file is read by its syntax; nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from alembic_deploy.statements import Statement, split_statements
from alembic_proof.lint.revision import RevisionFile

OP = "alembic.op."
_USUAL = {"op": "alembic.op", "sa": "sqlalchemy", "context": "alembic.context"}
_DIALECTS = frozenset({"cockroachdb", "mariadb", "mssql", "mysql", "oracle", "sqlite"})
_DIALECT_CLASSES = ("MySQL", "SQLite", "MSSQL", "MSDialect", "Oracle", "MariaDB")
_SENDING = frozenset({"execute", "exec_driver_sql", "scalar", "scalars"})
_BINDS = ("op.get_bind()", "get_context().bind", "get_context().connection")
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Call:
    """One call that a direction reaches, in the order in which it runs."""

    node: ast.Call
    name: str
    """The dotted name with its module, if the file imports it: `alembic.op.add_column`."""
    function: ast.FunctionDef
    """The function that contains it."""
    block: ast.With | None
    """The autocommit_block() around it."""
    branches: tuple[tuple[ast.If, bool], ...]
    """The `if` statements around it, each with whether the call is in its first branch."""

    def excludes(self, other: Call) -> bool:
        """Return whether only one of the two runs: they are in different branches of one `if`."""
        return any(
            (condition, not is_first) in other.branches for condition, is_first in self.branches
        )


@dataclass(frozen=True, slots=True)
class _Position:
    function: ast.FunctionDef
    block: ast.With | None = None
    branches: tuple[tuple[ast.If, bool], ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Code:
    """A revision's code: its names, its functions, its calls."""

    revision: RevisionFile
    imports: Mapping[str, str]
    functions: Mapping[str, ast.FunctionDef]
    values: Mapping[str, tuple[ast.expr, ...]] = field(default_factory=dict)
    """By name: the expressions that are assigned to it anywhere in the file, also by a loop."""

    calls_to: Mapping[str, tuple[tuple[ast.FunctionDef, ast.Call], ...]] = field(
        default_factory=dict
    )
    """By function of the file: its callers, and the calls."""
    binds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By function: its variables for the connection of op.get_bind()."""

    @classmethod
    def of(cls, revision: RevisionFile) -> Code:
        """Return the code of a revision's file; the same file is read once."""
        return _code_of(revision)

    def directions(self) -> Iterator[ast.FunctionDef]:
        """Yield upgrade() and downgrade(), as far as the file has them."""
        yield from filter(None, (self.revision.upgrade, self.revision.downgrade))

    def name_of(self, node: ast.expr) -> str:
        """Return the dotted name of an expression, with `()` for a call; empty without a name."""
        match node:
            case ast.Name(id=name):
                return self.imports.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                base = self.name_of(value)
                return f"{base}.{attribute}" if base else ""
            case ast.Call(func=function):
                base = self.name_of(function)
                return f"{base}()" if base else ""
            case _:
                return ""

    def calls(self, function: ast.FunctionDef) -> tuple[Call, ...]:
        """Return the calls that the function makes, also through functions of the file, in order.

        Branches for another database than PostgreSQL are left out.
        """
        return _calls_of(self.revision, function)

    def reached(self, function: ast.FunctionDef) -> Iterator[Call]:
        """Yield the calls of `calls` without a cache."""
        yield from self._calls_in(function.body, _Position(function))

    def _calls_in(self, nodes: list[ast.stmt] | list[ast.AST], place: _Position) -> Iterator[Call]:
        for node in nodes:
            yield from self._calls_of(node, place)

    def _calls_of(self, node: ast.AST, place: _Position) -> Iterator[Call]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() | ast.ClassDef():
                return
            case ast.If(test=test, body=body, orelse=orelse):
                yield from self._calls_of(test, place)
                for is_first, nodes in ((True, body), (False, orelse)):
                    if not _is_for_other_database(test, is_first=is_first):
                        inside = replace(place, branches=(*place.branches, (node, is_first)))
                        yield from self._calls_in(nodes, inside)
            case ast.With(items=items, body=body):
                for item in items:
                    yield from self._calls_of(item, place)
                block = node if self.is_autocommit(node) else place.block
                yield from self._calls_in(body, replace(place, block=block))
            case ast.BinOp():
                yield from self._calls_in(_operands(node), place)
            case ast.Call():
                yield from self._calls_in(list(ast.iter_child_nodes(node)), place)
                name = self.name_of(node.func)
                yield Call(node, name, place.function, place.block, place.branches)
                called = self.functions.get(name)
                if called is not None and place.depth < _DEPTH:
                    inside = replace(place, function=called, depth=place.depth + 1)
                    yield from self._calls_in(called.body, inside)
            case _:
                yield from self._calls_in(list(ast.iter_child_nodes(node)), place)

    def nodes(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield a node and all nodes in it, without branches for another database than PostgreSQL."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            yield node
            if isinstance(node, ast.If):
                waiting.append(node.test)
                for is_first, branch in ((True, node.body), (False, node.orelse)):
                    waiting += (
                        [] if _is_for_other_database(node.test, is_first=is_first) else branch
                    )
            else:
                waiting += ast.iter_child_nodes(node)

    def is_autocommit(self, node: ast.With) -> bool:
        """Return whether the statement is `with op.get_context().autocommit_block()`."""
        return any(
            self.name_of(item.context_expr).endswith(".autocommit_block()") for item in node.items
        )

    def statements(self, call: ast.Call) -> tuple[Statement, ...]:
        """Return the SQL that a call sends, with `{}` for inserted values; empty if it sends none."""
        match call.func:
            case ast.Attribute(attr=name) | ast.Name(id=name) if name in _SENDING and call.args:
                return tuple(
                    statement for text in self._texts(call.args[0]) for statement in _split(text)
                )
            case _:
                return ()

    def _texts(self, node: ast.expr, depth: int = 0) -> tuple[str, ...]:
        """Return the possible values of an expression, as far as the file shows them."""
        if depth > _DEPTH:
            return ()
        match node:
            case ast.Constant(value=str(text)):
                return (text,)
            case ast.JoinedStr(values=parts):
                return ("".join(self._part(part) for part in parts),)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = self._texts(left, depth + 1), self._texts(right, depth + 1)
                return tuple(a + b for a in both[0] for b in both[1] or ("{}",))
            case ast.BinOp(left=left, op=ast.Mod()):
                return self._texts(left, depth + 1)
            case ast.Call(func=ast.Attribute(value=value, attr="format" | "strip")):
                return self._texts(value, depth + 1)
            case ast.Call(func=function, args=[first, *_]) if self.name_of(function).rpartition(
                "."
            )[2] in ("text", "DDL", "dedent", "cleandoc"):
                return self._texts(first, depth + 1)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return tuple(text for item in items for text in self._texts(item, depth + 1))
            case ast.Name(id=name):
                values = (*self.values.get(name, ()), *self._passed(name))
                return tuple(text for value in values for text in self._texts(value, depth + 1))
            case _:
                return ()

    def _part(self, node: ast.expr) -> str:
        """Return a piece of an f-string; `{}` if it has no single known value."""
        value = node.value if isinstance(node, ast.FormattedValue) else node
        texts = self._texts(value, _DEPTH - 1)
        return texts[0] if len(texts) == 1 else "{}"

    def _passed(self, name: str) -> Iterator[ast.expr]:
        """Yield the arguments that calls pass to a parameter of that name."""
        for function in self.functions.values():
            names = [argument.arg for argument in function.args.args]
            if name in names:
                for _, call in self.calls_to.get(function.name, ()):
                    yield from _given(call, name, names.index(name))

    def is_bind(self, node: ast.expr, function: ast.FunctionDef) -> bool:
        """Return whether the expression is op.get_bind(), or a variable for it."""
        match node:
            case ast.Name(id=name):
                return name in self.binds.get(function.name, ())
            case ast.Call() | ast.Attribute():
                return self.name_of(node).endswith(_BINDS)
            case _:
                return False


@cache
def _calls_of(revision: RevisionFile, function: ast.FunctionDef) -> tuple[Call, ...]:
    return tuple(_code_of(revision).reached(function))


@cache
def _split(text: str) -> tuple[Statement, ...]:
    return tuple(split_statements(text))


@cache
def _code_of(revision: RevisionFile) -> Code:
    functions = {
        node.name: node for node in ast.walk(revision.tree) if isinstance(node, ast.FunctionDef)
    }
    imports = dict(_USUAL)
    values: dict[str, tuple[ast.expr, ...]] = {}
    for node in ast.walk(revision.tree):
        imports |= dict(_imported(node))
        for name, value in _assigned(node):
            values[name] = (*values.get(name, ()), value)
    calls_to: dict[str, tuple[tuple[ast.FunctionDef, ast.Call], ...]] = {}
    for function in functions.values():
        for node in ast.walk(function):
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in functions:
                    calls_to[name] = (*calls_to.get(name, ()), (function, node))
    code = Code(
        revision=revision, imports=imports, functions=functions, values=values, calls_to=calls_to
    )
    return replace(code, binds=_binds_of(code))


def _binds_of(code: Code) -> dict[str, frozenset[str]]:
    """Return the variables for connections by function, also parameters that are passed one."""
    binds = {
        name: frozenset(
            target
            for node in ast.walk(function)
            for target, value in _assigned(node)
            if code.name_of(value).endswith(_BINDS)
        )
        for name, function in code.functions.items()
    }
    for _ in range(_DEPTH):
        known = replace(code, binds=binds)
        for name, calls in code.calls_to.items():
            names = [argument.arg for argument in code.functions[name].args.args]
            given = frozenset(
                parameter
                for caller, call in calls
                for position, parameter in enumerate(names)
                if any(known.is_bind(value, caller) for value in _given(call, parameter, position))
            )
            binds[name] |= given
    return binds


def called(call: ast.Call) -> str:
    """Return the text of a call for a message: `op.drop_index()`."""
    return f"{ast.unparse(call.func)}()"


def keyword(call: ast.Call, *names: str, position: int | None = None) -> ast.expr | None:
    """Return the argument with one of these names, or at this position; None without one."""
    for one in call.keywords:
        if one.arg in names:
            return one.value
    return call.args[position] if position is not None and position < len(call.args) else None


def is_none(node: ast.expr | None) -> bool:
    """Return whether the expression is the literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def text_of(node: ast.AST | None) -> str:
    """Return the string of a literal; empty for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_switched_on(call: ast.Call, name: str) -> bool:
    """Return whether the call has `name=True`."""
    value = keyword(call, name)
    return isinstance(value, ast.Constant) and value.value is True


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Import(names=names):
            for one in names:
                first = one.name.partition(".")[0]
                yield (one.asname, one.name) if one.asname else (first, first)
        case ast.ImportFrom(module=str(module), names=names, level=0):
            for one in names:
                yield one.asname or one.name, f"{module}.{one.name}"


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that a statement assigns to, each with the assigned expression."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, value
        case (
            ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            | ast.NamedExpr(target=ast.Name(id=name), value=value)
            | ast.For(target=ast.Name(id=name), iter=value)
            | ast.withitem(context_expr=value, optional_vars=ast.Name(id=name))
        ):
            yield name, value


def _operands(node: ast.expr) -> list[ast.AST]:
    """Return the operands of `a + b + c …` in order, without recursion."""
    found: list[ast.AST] = []
    while isinstance(node, ast.BinOp):
        found.append(node.right)
        node = node.left
    return [node, *reversed(found)]


def _given(call: ast.Call, name: str, position: int) -> Iterator[ast.expr]:
    value = keyword(call, name, position=position)
    if value is not None:
        yield value


def _is_for_other_database(test: ast.expr, *, is_first: bool) -> bool:
    """Return whether the branch of that condition runs only on other databases than PostgreSQL."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_for_other_database(operand, is_first=not is_first)
        case ast.Compare(ops=[ast.Eq() | ast.In()], comparators=[right]):
            names = _strings(right)
            is_ours = bool(names) and all(name.startswith("postgres") for name in names)
            return (bool(names) and names <= _DIALECTS) if is_first else is_ours
        case ast.Compare(ops=[ast.NotEq() | ast.NotIn()], comparators=[right]):
            names = _strings(right)
            is_ours = bool(names) and all(name.startswith("postgres") for name in names)
            return is_ours if is_first else (bool(names) and names <= _DIALECTS)
        case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]):
            text = ast.unparse(kind)
            is_other = any(name in text for name in _DIALECT_CLASSES)
            return is_other if is_first else "PGDialect" in text and not is_other
        case _:
            return False


def _strings(node: ast.expr) -> frozenset[str]:
    """Return the strings of a literal or a collection of literals; none if it has another value."""
    items = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    texts = [item.value for item in items if isinstance(item, ast.Constant)]
    known = [text for text in texts if isinstance(text, str)]
    return frozenset(known) if len(known) == len(items) else frozenset()
