"""A revision file as the rules see it: parsed, never imported; and how two versions of it differ."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import PurePath

from alembic_proof.finding import Location
from alembic_proof.history.revision_graph import assigned_value, may_assign, strings_in

_ANY_COMMENT = re.compile(r"#\s*alembic-proof\s*:")
_IGNORE_COMMENT = re.compile(
    r"#\s*alembic-proof\s*:\s*ignore\s*\[(?P<rules>[^\]]*)\](?P<reason>.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A comment `# alembic-proof: ignore[rule-id] reason`, which accepts the findings of that rule.

    `rules` is empty for a comment that begins like this and cannot be read.
    """

    line: int
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionFile:
    """A parsed file of the versions directory; `tree` is empty if Python cannot parse the file."""

    path: str
    tree: ast.Module
    syntax_error: str = ""
    syntax_error_line: int = 0
    ignores: tuple[Ignore, ...] = ()
    excepted: frozenset[str] = frozenset()
    """The declarations that the project's settings make for it: `irreversible`, `lossy`."""

    @property
    def name(self) -> str:
        """Return the file's name without its directory."""
        return PurePath(self.path).name

    @property
    def revision_id(self) -> str | None:
        """Return the literal of `revision`; None if the file is not a revision."""
        match self.assigned("revision"):
            case ast.Constant(value=str(revision_id)):
                return revision_id
            case _:
                return None

    @property
    def parent_ids(self) -> tuple[str, ...]:
        """Return the literals of `down_revision` and `depends_on`, in the order of the file."""
        names = ("down_revision", "depends_on")
        return tuple(text for name in names for text in strings_in(self.assigned(name)))

    @property
    def upgrade(self) -> ast.FunctionDef | None:
        """Return the last `def upgrade` of the module, which is the one that Alembic calls."""
        return self.function("upgrade")

    @property
    def downgrade(self) -> ast.FunctionDef | None:
        """Return the last `def downgrade` of the module, which is the one that Alembic calls."""
        return self.function("downgrade")

    def function(self, name: str) -> ast.FunctionDef | None:
        """Return the last function of the module with this name; None without one."""
        functions = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        return next((node for node in reversed(functions) if node.name == name), None)

    def accepts(self, rule: str) -> bool:
        """Return whether a comment in the file gives a reason to ignore the findings of this rule."""
        return any(rule in one.rules and one.reason for one in self.ignores)

    def has(self, name: str) -> bool:
        """Return whether anything in the file, also an import, may define that name."""
        return may_assign(self.tree, name)

    def assigned(self, name: str) -> ast.expr | None:
        """Return the expression last assigned to a name at module level; None without one."""
        return assigned_value(self.tree, name)

    def declared(self, name: str) -> str | None:
        """Return the text of a declaration (`irreversible`, `lossy`); None if missing or empty."""
        match self.assigned(name):
            case ast.Constant(value=str(text)) if text.strip():
                return text
            case _:
                return None

    def is_declared(self, name: str) -> bool:
        """Return whether the file or the project's settings declare it."""
        return name in self.excepted or self.declared(name) is not None

    def at(self, node: ast.stmt | ast.expr | None = None) -> Location:
        """Return the location of the node, or of the file as a whole."""
        return Location(self.path, node.lineno if node else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRevisions:
    """The changes of the checkout to revisions that are merged already."""

    ref: str = ""
    """The git ref that revisions are merged into, such as `origin/main`."""
    changed: tuple[RevisionFile, ...] = ()
    """The files that were edited or deleted, as they are in the merge base."""
    added: frozenset[str] = frozenset()
    """The paths of files that the merge base does not have."""
    unknown: str = ""
    """Why git could not compare them; empty if it could."""
    todo: str = ""
    """The help for that case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedHistory:
    """The files of a history, in the order of their paths, and the settings that rules need."""

    files: tuple[RevisionFile, ...]
    frozen_from: tuple[str, ...] = ()
    """Packages that revisions must not import."""
    base: BaseRevisions = BaseRevisions()
    project_modules: frozenset[str] = frozenset()
    """The top-level names of the project's own modules and packages."""
    env_py: RevisionFile | None = None
    """The project's env.py, parsed like a revision; None if it cannot be read."""
    makes_version_table: bool = False
    """Whether env.py configures how Alembic's version table is made."""
    is_for_offline_sql: bool = True
    """Whether the history may be run with `--sql`."""

    @property
    def revisions(self) -> tuple[RevisionFile, ...]:
        """Return the files that are revisions: those with a `revision`."""
        return tuple(file for file in self.files if file.revision_id is not None)

    @property
    def read_files(self) -> tuple[RevisionFile, ...]:
        """Return every file that lint reads: those of the history, and env.py if there is one."""
        return self.files if self.env_py is None else (*self.files, self.env_py)


def parse_revision(path: str, source: bytes) -> RevisionFile:
    """Return the parsed file; a syntax error is part of the result."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return RevisionFile(path=path, tree=ast.parse(source), ignores=tuple(_ignores(source)))
    except SyntaxError as error:
        return _unparsed(path, error.msg, line=error.lineno or 0)
    except (ValueError, RecursionError, MemoryError) as error:
        return _unparsed(path, str(error) or type(error).__name__, line=0)


def _ignores(source: bytes) -> Iterator[Ignore]:
    """Yield the ignore comments of a source that is known to parse."""
    if b"alembic-proof" not in source:
        return
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type != tokenize.COMMENT or not _ANY_COMMENT.match(token.string):
            continue
        found = _IGNORE_COMMENT.match(token.string)
        names = found["rules"].split(",") if found else ()
        yield Ignore(
            line=token.start[0],
            rules=tuple(name.strip() for name in names if name.strip()),
            reason=found["reason"].strip(" :-\t") if found else "",
        )


def _unparsed(path: str, message: str, *, line: int) -> RevisionFile:
    tree = ast.Module(body=[], type_ignores=[])
    return RevisionFile(path=path, tree=tree, syntax_error=message, syntax_error_line=line)


_DECLARATIONS = frozenset({"branch_labels", "irreversible", "lossy"})
"""Names that do not change what the revision does to a database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where two versions of a file do something different."""

    what: str
    """The part of the file, such as `upgrade()`."""
    node: ast.stmt | None
    """The statement in the newer version; None if it is missing there."""


def first_difference(newer: ast.Module, older: ast.Module) -> Difference | None:
    """Return the first place where the files do something different; None if there is none.

    Differences in comments, docstrings, layout, annotations, the order of imports, unused imports
    and the declarations do not count.
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
    """Yield the statements of a module other than docstrings, imports and declarations."""
    for statement in _effective(body):
        if not _is_import(statement) and not _is_declaration(statement):
            yield statement


def _dump(node: ast.stmt | None) -> str:
    return ast.dump(_Normalizer().visit(deepcopy(node))) if node is not None else ""


class _Normalizer(ast.NodeTransformer):
    """Removes docstrings, annotations and statements without effect."""

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
    """Return the imports that are used, as (module, name, name in this module)."""
    bare = _Normalizer().visit(deepcopy(tree))
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
    """Yield the statements other than docstrings, `pass` and `...`."""
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
