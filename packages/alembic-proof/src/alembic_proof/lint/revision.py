"""A revision file as the rules see it: parsed, never imported."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from alembic_proof.finding import Location
from alembic_proof.history.assignments import assigned_value, may_assign, strings_in

_TO_US = re.compile(r"#\s*alembic-proof\s*:")
_IGNORE = re.compile(r"#\s*alembic-proof\s*:\s*ignore\s*\[(?P<rules>[^\]]*)\](?P<reason>.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """A comment `# alembic-proof: ignore[rule-id] reason`: the file's findings of that rule are accepted.

    A comment that begins so and cannot be read has no rules.
    """

    line: int
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One file of the versions directory; a file that Python cannot parse has an empty tree."""

    path: str
    tree: ast.Module
    syntax_error: str = ""
    syntax_error_line: int = 0
    ignores: tuple[Ignore, ...] = ()
    excepted: frozenset[str] = frozenset()
    """What the project's settings declare in its place: `irreversible`, `lossy`."""

    @property
    def name(self) -> str:
        """The file's name without its directory."""
        return PurePath(self.path).name

    @property
    def revision_id(self) -> str | None:
        """The literal of `revision`; None where the file is no revision."""
        match self.assigned("revision"):
            case ast.Constant(value=str(revision_id)):
                return revision_id
            case _:
                return None

    @property
    def parent_ids(self) -> tuple[str, ...]:
        """The literals of `down_revision` and `depends_on`, in the order written."""
        names = ("down_revision", "depends_on")
        return tuple(text for name in names for text in strings_in(self.assigned(name)))

    @property
    def upgrade(self) -> ast.FunctionDef | None:
        """Return the function that Alembic calls to go up: the last `def upgrade` of the module."""
        return self.function("upgrade")

    @property
    def downgrade(self) -> ast.FunctionDef | None:
        """The function that Alembic calls to go down: the last `def downgrade` of the module."""
        return self.function("downgrade")

    def function(self, name: str) -> ast.FunctionDef | None:
        """Return the last function of the module that has the name; None where there is none."""
        functions = [node for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        return next((node for node in reversed(functions) if node.name == name), None)

    def accepts(self, rule: str) -> bool:
        """Return whether a comment in the file gives a reason to ignore the findings of this rule."""
        return any(rule in one.rules and one.reason for one in self.ignores)

    def has(self, name: str) -> bool:
        """Whether anything in the file may give the module that name: it may be imported as well."""
        return may_assign(self.tree, name)

    def assigned(self, name: str) -> ast.expr | None:
        """The expression last assigned to a module-level `name`; None where there is none."""
        return assigned_value(self.tree, name)

    def declared(self, name: str) -> str | None:
        """The text of a declaration (`irreversible`, `lossy`); None unless it says something."""
        match self.assigned(name):
            case ast.Constant(value=str(text)) if text.strip():
                return text
            case _:
                return None

    def is_declared(self, name: str) -> bool:
        """Whether the file or the project's settings declare it."""
        return name in self.excepted or self.declared(name) is not None

    def at(self, node: ast.stmt | ast.expr | None = None) -> Location:
        """The node's place in the file, or the file as a whole."""
        return Location(self.path, node.lineno if node else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The merged revisions, as far as the checkout changes them."""

    ref: str = ""
    """The git ref that revisions are merged into, such as `origin/main`."""
    changed: tuple[Revision, ...] = ()
    """The files that differ or are gone, as the merge base has them."""
    added: frozenset[str] = frozenset()
    """The paths of files that the merge base does not have."""
    unknown: str = ""
    """Why git cannot say it; empty where it can."""
    todo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Every file of a history, in the order of their paths, and what the project allows them."""

    files: tuple[Revision, ...]
    frozen_from: tuple[str, ...] = ()
    """Packages that revisions must not import."""
    base: Base = Base()
    project_modules: frozenset[str] = frozenset()
    """Modules and packages of the project itself, by their first name."""
    env_py: Revision | None = None
    """The project's env.py, parsed like a revision; None where there is none to read."""
    makes_version_table: bool = False
    """Whether env.py has words of its own about Alembic's version table."""
    is_for_offline_sql: bool = True
    """Whether somebody may run the history with `--sql`."""

    @property
    def revisions(self) -> tuple[Revision, ...]:
        """The files that are revisions: those with a `revision`."""
        return tuple(file for file in self.files if file.revision_id is not None)

    @property
    def read_files(self) -> tuple[Revision, ...]:
        """Return every file that lint reads: those of the history, and env.py where there is one."""
        return self.files if self.env_py is None else (*self.files, self.env_py)


def parse_revision(path: str, source: bytes) -> Revision:
    """The file's syntax tree; what Python says of it where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Revision(path=path, tree=ast.parse(source), ignores=tuple(_ignores(source)))
    except SyntaxError as error:
        return _unparsed(path, error.msg, line=error.lineno or 0)
    except (ValueError, RecursionError, MemoryError) as error:
        return _unparsed(path, str(error) or type(error).__name__, line=0)


def _ignores(source: bytes) -> Iterator[Ignore]:
    """Read the comments that are addressed to the lint; the source is known to parse."""
    if b"alembic-proof" not in source:
        return
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type != tokenize.COMMENT or not _TO_US.match(token.string):
            continue
        found = _IGNORE.match(token.string)
        names = found["rules"].split(",") if found else ()
        yield Ignore(
            line=token.start[0],
            rules=tuple(name.strip() for name in names if name.strip()),
            reason=found["reason"].strip(" :-\t") if found else "",
        )


def _unparsed(path: str, message: str, *, line: int) -> Revision:
    tree = ast.Module(body=[], type_ignores=[])
    return Revision(path=path, tree=tree, syntax_error=message, syntax_error_line=line)
