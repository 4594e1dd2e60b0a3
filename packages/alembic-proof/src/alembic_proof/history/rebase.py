"""Put the revisions of a branch behind those that were merged meanwhile."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from alembic.script import ScriptDirectory

from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.failures import merge_command
from alembic_deploy.new_revision import directory_lock
from alembic_deploy.revisions import (
    GraphRevision,
    RevisionGraph,
    SeveralHeads,
    missing_parent,
    several_heads,
    version_directories,
)
from alembic_proof.finding import first_of
from alembic_proof.history.file_moves import (
    FileMove,
    InterruptedMoves,
    move_files,
    undo_interrupted,
)
from alembic_proof.history.git_changes import (
    CommittedFile,
    checked_out_commit,
    committed_files,
    default_base_ref,
    private_file,
    top_level,
    uncommitted_files,
)
from alembic_proof.history.revision_graph import assigned_value, parse_graph_revision, read_graph

_JOURNAL = "alembic-proof-rebase.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebase:
    """A rebase that was carried out: the local revisions, and the head that they follow now."""

    revisions: tuple[GraphRevision, ...]
    """The local revisions as they were, oldest first."""
    moves: tuple[FileMove, ...]
    """The change of each one's file."""
    onto: GraphRevision
    """The head that they follow now."""
    fork: str | None
    """The revision that they followed before; None if they began a history."""
    base_ref: str
    graph: RevisionGraph
    """The history before the rebase."""

    def commands_for(self, versions: Collection[str]) -> tuple[str, ...]:
        """Return the commands that bring a database to the new order.

        Empty if none of the local revisions is applied to it. Without these commands, Alembic would
        take all merged revisions for applied: in the new order they come before the local ones.

        :param versions: The content of its version table.
        """
        applied = self.graph.ancestors(versions)
        local = [one.revision_id for one in self.revisions if one.revision_id in applied]
        if not local:
            return ()
        newest, onto = local[-1], self.onto.revision_id
        if onto in applied:
            rest = () if len(local) == len(self.revisions) else ("alembic upgrade head",)
            return (f"alembic stamp --purge {newest}", *rest)
        others = applied.difference(local)
        followed = {parent for name in others for parent in self.graph.parents(name)}
        at = " ".join(sorted(others - followed)) or "base"
        return (
            *([f"alembic stamp --purge {newest}"] if len(versions) > 1 else []),
            f"alembic downgrade {onto}",
            f"alembic stamp {at}",
            "alembic upgrade head",
        )


def undo_interrupted_rebase(script: ScriptDirectory) -> InterruptedMoves:
    """Restore the files of a rebase that was killed, without loading a revision.

    Locks: flock on the first directory of revisions; a running rebase is waited for.
    """
    places = _places(script)
    if not places:
        return InterruptedMoves()
    with directory_lock(places[0]):
        try:
            root = top_level(places[0])
            journal, commit = private_file(root, _JOURNAL), checked_out_commit(root)
        except ConfigError:
            return InterruptedMoves()
        return undo_interrupted(journal, commit=commit)


def rebase(script: ScriptDirectory, *, base_ref: str | None = None) -> Rebase | None:
    """Put the revisions that the base ref does not have behind the other head.

    Return None if the history has one head, or several that are intended. No revision is loaded.

    Locks: flock on the first directory of revisions.

    :param base_ref: By default the remote's main branch.
    :raises ConfigError: No git repository, no such ref, or a dirty tree; nothing is changed.
    :raises HistoryError: There is not exactly one local branch of revisions and one other head;
        nothing is changed.
    """
    graph = read_graph(script)
    groups = several_heads(graph)
    if not groups:
        return None
    places = _places(script)
    with directory_lock(places[0]):
        root = top_level(places[0])
        _refuse_dirty(root, places)
        ref = base_ref or default_base_ref(root)
        merged = _ids_of(committed_files(places, ref=ref))
        group, head = _local_head(groups, merged, ref=ref)
        [onto] = (one for one in group.heads if one != head)
        local = _local_branch(head, graph, merged)
        planned = Rebase(
            revisions=local,
            moves=tuple(_moves(script, local, onto)),
            onto=onto,
            fork=next(iter(local[0].parents), None),
            base_ref=ref,
            graph=graph,
        )
        journal = private_file(root, _JOURNAL)
        move_files(planned.moves, journal=journal, commit=checked_out_commit(root))
    return planned


def missing_revisions(
    script: ScriptDirectory, *, base_ref: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """Return the base ref, and the ids of its revisions that the checkout does not have.

    :raises ConfigError: No git repository, or no such ref.
    """
    places = _places(script)
    if not places:
        return base_ref or "", ()
    ref = base_ref or default_base_ref(top_level(places[0]))
    here = read_graph(script).by_id.keys()
    return ref, tuple(sorted(_ids_of(committed_files(places, ref=ref)) - here))


def _places(script: ScriptDirectory) -> tuple[Path, ...]:
    return tuple(place for place in version_directories(script) if place.is_dir())


def _refuse_dirty(root: Path, places: Collection[Path]) -> None:
    found = uncommitted_files(root, places)
    if found:
        names = first_of([str(path.relative_to(root)) for path in found], most=3)
        raise ConfigError(
            f"the git tree is dirty: {names}; nothing was changed",
            where=str(root),
            todo="commit the changes or stash them, and run this again",
        )


def _ids_of(files: Iterable[CommittedFile]) -> frozenset[str]:
    """Return the ids of the revisions that a commit has; files that cannot be parsed are left out."""
    found: set[str] = set()
    for file in files:
        try:
            one = parse_graph_revision(ast.parse(file.source), path=str(file.path))
        except (SyntaxError, ValueError):
            continue
        if one is not None:
            found.add(one.revision_id)
    return frozenset(found)


def _local_head(
    groups: tuple[SeveralHeads, ...], merged: frozenset[str], *, ref: str
) -> tuple[SeveralHeads, GraphRevision]:
    """Return the one head that the base ref does not have, and the group of heads that has it."""
    heads = [(group, one) for group in groups for one in group.heads]
    merge = f"join them with {merge_command(one.revision_id for _, one in heads)}"
    local = [(group, one) for group, one in heads if one.revision_id not in merged]
    if not local:
        names = " and ".join(str(one) for _, one in heads)
        raise HistoryError(
            f"no head is local: {ref} has {names}; nothing was changed",
            todo=f"name the ref that your branch began from, --base-ref REF, or {merge}",
        )
    if len(local) > 1:
        names = " and ".join(str(one) for _, one in local)
        raise HistoryError(
            f"there is more than one local branch of revisions: {names} are not in {ref}; "
            "nothing was changed",
            todo="fetch the remote's main branch, or name the ref that has all but one of them, "
            f"--base-ref REF, or {merge}",
        )
    [(group, head)] = local
    if len(group.heads) > 2:
        others = " and ".join(str(one) for one in group.heads if one != head)
        raise HistoryError(
            f"{ref} itself has several heads: {others}; nothing was changed",
            todo="join the heads of that branch first",
        )
    return group, head


def _local_branch(
    head: GraphRevision, graph: RevisionGraph, merged: frozenset[str]
) -> tuple[GraphRevision, ...]:
    """Return the local revisions from the oldest one to the head: one line without branches."""
    line = [head]
    while True:
        parents = graph.parents(line[0].revision_id)
        if len(parents) > 1:
            raise HistoryError(
                f"{line[0]} is a merge revision, of which a rebase would remove one side; nothing was "
                "changed",
                todo="if it is not applied anywhere, delete it, commit that, and run this again",
            )
        if not parents or parents[0] in merged:
            break
        if parents[0] not in graph.by_id:
            raise missing_parent(line[0].revision_id, parents[0], path=line[0].path)
        line.insert(0, graph.by_id[parents[0]])
    ids = {one.revision_id for one in line}
    for one in graph.revisions:
        follows = ids.intersection(graph.parents(one.revision_id))
        if follows and one.revision_id not in ids:
            raise HistoryError(
                f"there is more than one local branch of revisions: {one} follows "
                f"{graph.by_id[min(follows)]} as well; nothing was changed",
                todo="let one of them follow the other first",
            )
    return tuple(line)


def _moves(
    script: ScriptDirectory, local: tuple[GraphRevision, ...], onto: GraphRevision
) -> Iterator[FileMove]:
    """Yield the new name and contents of each local revision's file."""
    template = FileTemplate(script.file_template)
    paths = [Path(one.path).absolute() for one in local]
    names = [_name(path, script)[1] for path in _other_files(script, paths)]
    now = script._generate_create_date()
    stamps = template.later_stamps(names, now=now, number=len(local))
    for one, path, stamp in zip(local, paths, stamps, strict=True):
        place, name = _name(path, script)
        new = template.with_stamp(name, revision_id=one.revision_id, stamp=stamp)
        before = path.read_bytes()
        after = before
        if one is local[0]:
            after = with_parent(
                before,
                revision_id=one.revision_id,
                parent=next(iter(one.parents), None),
                new_parent=onto.revision_id,
                where=one.path,
            )
        yield FileMove(old=path, new=place / f"{new}.py", before=before, after=after)


def _other_files(script: ScriptDirectory, paths: Collection[Path]) -> Iterator[Path]:
    for place in _places(script):
        yield from (path for path in place.rglob("*.py") if path not in paths)


def _name(path: Path, script: ScriptDirectory) -> tuple[Path, str]:
    """Return the directory of revisions, and the file's path in it without `.py`."""
    inside = [place for place in _places(script) if path.is_relative_to(place)]
    place = max(inside, key=lambda one: len(one.parts), default=path.parent)
    return place, path.relative_to(place).with_suffix("").as_posix()


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_REVISES = re.compile(r"(?P<label>[ \t]*Revises:)(?P<value>[^\r\n]*)(?P<end>[\r\n]*)")


def with_parent(
    source: bytes, *, revision_id: str, parent: str | None, new_parent: str, where: str
) -> bytes:
    """Return the text of a revision file with another `down_revision`, also in its docstring.

    Quotes, annotations and everything else stay as they are.

    :raises HistoryError: `down_revision` is not a string literal, or None, at module level.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text, tree = source.decode(encoding), ast.parse(source)
    lines = _LINE.findall(text)
    node = _parent_node(tree, parent, where=where)
    start = _offset(lines, node.lineno, node.col_offset)
    end = _offset(lines, node.end_lineno or node.lineno, node.end_col_offset or 0)
    quote = _quote(text[start:end]) or _quote_of_revision(tree, text, lines)
    edits = [(start, end, f"{quote}{new_parent}{quote}")]
    edits += _docstring_edits(tree, lines, revision_id, parent, new_parent)
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text.encode(encoding)


def _parent_node(tree: ast.Module, parent: str | None, *, where: str) -> ast.expr:
    """Return the literal of the parent's id."""
    value = assigned_value(tree, "down_revision")
    match value:
        case ast.Tuple(elts=[only]) | ast.List(elts=[only]):
            value = only
    if isinstance(value, ast.Constant) and value.value == parent:
        return value
    line = f":{value.lineno}" if value is not None else ""
    raise HistoryError(
        "down_revision is not a string literal at module level, so it cannot be edited",
        where=f"{where}{line}",
        todo=f"write down_revision = {parent!r}, commit it, and run this again",
    )


def _quote(literal: str) -> str:
    found = re.match(r"\w*(\"\"\"|'''|\"|')", literal)
    return found[1] if found and literal != "None" else ""


def _quote_of_revision(tree: ast.Module, text: str, lines: list[str]) -> str:
    node = assigned_value(tree, "revision")
    return (_quote(text[_offset(lines, node.lineno, node.col_offset) :]) if node else "") or '"'


def _offset(lines: list[str], line: int, column: int) -> int:
    """Return the index in the text; the column counts bytes of UTF-8, as in `ast`."""
    inside = lines[line - 1].encode()[:column].decode()
    return sum(map(len, lines[: line - 1])) + len(inside)


def _docstring_edits(
    tree: ast.Module, lines: list[str], revision_id: str, parent: str | None, new_parent: str
) -> Iterator[tuple[int, int, str]]:
    """Yield an edit for each line of the module's docstring that names the parent.

    These are Alembic's `Revises: PARENT`, and a project's own line with both ids in this order.
    """
    match tree.body:
        case [ast.Expr(value=ast.Constant(value=str())) as docstring, *_]:
            first, last = docstring.lineno, docstring.end_lineno or docstring.lineno
        case _:
            return
    own = rf".*\b{re.escape(revision_id)}\b.*"
    both = re.compile(rf"{own}\b(?P<value>{re.escape(parent or 'None')})\b")
    for number in range(first, last + 1):
        line, start = lines[number - 1], sum(map(len, lines[: number - 1]))
        if found := _REVISES.fullmatch(line):
            yield start + found.start("value"), start + found.end("value"), f" {new_parent}"
        elif found := both.match(line):
            yield start + found.start("value"), start + found.end("value"), new_parent


_TOKEN = re.compile(r"%\((?P<name>\w+)\)(?P<flags>[^a-zA-Z%]*)[sd]|%%")
_DATE = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True, slots=True)
class FileTemplate:
    """Alembic's `file_template`, such as `%(year)d_%(month).2d_%(day).2d_%(rev)s_%(slug)s`.

    Source: https://alembic.sqlalchemy.org/en/latest/tutorial.html#editing-the-ini-file
    """

    text: str

    @property
    def has_date(self) -> bool:
        """Return whether names contain a date."""
        return not self._tokens().isdisjoint((*_DATE, "epoch"))

    def later_stamps(
        self, names: Iterable[str], *, now: datetime, number: int
    ) -> tuple[datetime, ...]:
        """Return `number` increasing dates, all later than those in the names.

        If names show no minutes, all dates are `now`.

        :param names: Paths in the directory of revisions, without `.py`.
        """
        tokens = self._tokens()
        if tokens.isdisjoint(("minute", "second", "epoch")):
            return (now,) * number
        is_exact = not tokens.isdisjoint(("second", "epoch"))
        step = timedelta(seconds=1) if is_exact else timedelta(minutes=1)
        now = now.replace(microsecond=0) if is_exact else now.replace(second=0, microsecond=0)
        stamps = (self._stamp_of(name, now.tzinfo) for name in names)
        first = max([now, *(stamp + step for stamp in stamps if stamp is not None)])
        return tuple(first + step * index for index in range(number))

    def with_stamp(self, name: str, *, revision_id: str, stamp: datetime) -> str:
        """Return the name with another date, unchanged if it does not follow the template."""
        found = re.fullmatch(self._pattern(revision_id), name, re.DOTALL) if self.has_date else None
        if found is None:
            return name
        values: dict[str, object] = {one: getattr(stamp, one) for one in _DATE}
        values |= {"epoch": int(stamp.timestamp()), "rev": revision_id}
        values |= {"slug": found.groupdict().get("slug") or ""}
        return self.text % values

    def _stamp_of(self, name: str, timezone: tzinfo | None) -> datetime | None:
        found = re.fullmatch(self._pattern(None), name, re.DOTALL)
        if found is None:
            return None
        values = {key: int(text) for key, text in found.groupdict().items() if key != "slug"}
        try:
            if "epoch" in values:
                return datetime.fromtimestamp(values["epoch"], timezone)
            parts = [values.get(one, 1 if one in ("month", "day") else 0) for one in _DATE]
            year, month, day, hour, minute, second = parts
            return datetime(year, month, day, hour, minute, second, tzinfo=timezone)
        except (ValueError, OverflowError, OSError):
            return None

    def _tokens(self) -> frozenset[str]:
        return frozenset(found["name"] for found in _TOKEN.finditer(self.text) if found["name"])

    def _pattern(self, revision_id: str | None) -> str:
        return "".join(self._parts(revision_id))

    def _parts(self, revision_id: str | None) -> Iterator[str]:
        """Yield the template's parts as regular expressions, with a named group per value."""
        end, seen = 0, set()
        for found in _TOKEN.finditer(self.text):
            yield re.escape(self.text[end : found.start()])
            end, name = found.end(), found["name"]
            if name is None:
                yield "%"
            elif name == "rev":
                yield re.escape(revision_id) if revision_id is not None else "[^/]+?"
            elif name in seen:
                yield f"(?P={name})"
            else:
                seen.add(name)
                yield f"(?P<{name}>{_value_pattern(name, found['flags'])})"
        yield re.escape(self.text[end:])


def _value_pattern(name: str, flags: str) -> str:
    match name:
        case "slug":
            return "[^/]*"
        case "year":
            return r"\d{4}"
        case "epoch":
            return r"\d+"
        case _:
            return r"\d{2}" if "2" in flags else r"\d{1,2}"
