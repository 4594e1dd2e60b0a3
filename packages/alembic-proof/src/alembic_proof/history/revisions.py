"""The revisions of a history in the order in which they are applied, and what they declare."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import MultipleHeads
from alembic.util import CommandError

from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.revisions import load_revisions, version_directories
from alembic_proof.config import Declaration
from alembic_proof.sql import unquote_identifier


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRevision:
    """One revision and its declarations; an empty text declares nothing."""

    revision_id: str
    path: Path
    title: str
    needs: tuple[str, ...] = ()
    """The revisions that must be applied before it: its parents and those of `depends_on`."""
    irreversible: str = ""
    lossy: str = ""
    source: bytes = field(default=b"", repr=False, compare=False)
    """The content of its file when the history was read; empty for a compiled file."""

    @property
    def syntax_tree(self) -> ast.Module:
        """The syntax tree of its source; empty if Python cannot parse that."""
        try:
            return ast.parse(self.source)
        except (SyntaxError, ValueError):
            return ast.Module(body=[], type_ignores=[])

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Return the tables and columns whose loss it declares."""
        return parse_losses(self.lossy)

    def is_declared_lost(self, table: str, column: str) -> bool:
        """Return whether it declares the loss of the column's values, or of the table's rows."""
        return bool(self.irreversible) or any(loss.covers(table, column) for loss in self.losses)

    @property
    def name(self) -> str:
        """Return the id and the title."""
        return f"{self.revision_id} {self.title}"


def load_history(config: Config) -> ScriptDirectory:
    """Return the script directory with all its revisions loaded.

    env.py does not run. If revisions import modules that are found only after env.py has changed
    sys.path, use `load_in_env`.

    :raises HistoryError: The history cannot be loaded.
    """
    script = find_history(config)
    load_revisions(script)
    return script


def read_heads(config: Config) -> tuple[str, ...]:
    """Return the ids of the heads, sorted; empty for an empty history.

    :raises HistoryError: The history cannot be loaded.
    """
    return tuple(sorted(load_history(config).get_heads()))


def find_history(config: Config) -> ScriptDirectory:
    """Return the script directory that the configuration names, without loading a revision.

    :raises HistoryError: There is no such directory.
    """
    try:
        script = ScriptDirectory.from_config(config)
        version_directories(script)  # made absolute now: env.py may change the directory
        return script
    except CommandError as error:
        # Alembic advises to create a new history if it finds none.
        what, _, _ = " ".join(str(error).split()).partition(" Please use")
        raise HistoryError(
            f"there is no migration history: {what.rstrip('.')}",
            where=str(config.config_file_name or ""),
            todo="set script_location to the directory of env.py and of the revisions",
        ) from error


def read_chain(script: ScriptDirectory) -> tuple[ChainRevision, ...]:
    """Return all revisions in the order in which Alembic applies them to an empty database."""
    # The annotation says one revision; it takes the heads of a database, here none.
    steps = script._upgrade_revs("heads", ())  # type: ignore[arg-type]
    return tuple(_revision(step.revision) for step in steps)


def choose(
    script: ScriptDirectory,
    chain: tuple[ChainRevision, ...],
    *,
    names: Collection[str] = (),
    start: str | None = None,
    files: Collection[Path] | None = None,
) -> frozenset[str]:
    """Return the ids of the revisions that match all conditions; without conditions, of all.

    :param names: Revisions (`0002`, `ab`, `head`) and ranges (`0002:0004`, `0002:`).
    :param start: This revision and those after it in the chain.
    :param files: The revisions in these files.
    :raises HistoryError: There is no such revision.
    """
    chosen = [revision.revision_id for revision in chain]
    try:
        if start is not None:
            chosen = chosen[chosen.index(_one(script, start)) :]
        if names:
            named = {found for name in names for found in _named(script, name)}
            chosen = [revision_id for revision_id in chosen if revision_id in named]
    except (CommandError, ValueError) as error:
        if isinstance(error.__cause__, MultipleHeads):
            found = ", ".join(sorted(error.__cause__.heads))
            what = f"there are several heads: {found}"
            raise HistoryError(what, todo="name one of them, or all: heads") from error
        raise HistoryError(
            f"no such revision: {error}",
            todo="`alembic history` lists the revisions; a range names the older one first",
        ) from error
    if files is not None:
        inside = {r.revision_id for r in chain if r.path.resolve() in files}
        chosen = [revision_id for revision_id in chosen if revision_id in inside]
    return frozenset(chosen)


def followers(chain: tuple[ChainRevision, ...], revision_id: str) -> tuple[str, ...]:
    """Return the ids of the revisions that need this one, directly or not, in chain order."""
    found = {revision_id}
    for revision in chain:
        if found.intersection(revision.needs):
            found.add(revision.revision_id)
    return tuple(r.revision_id for r in chain if r.revision_id in found - {revision_id})


def reached(chain: tuple[ChainRevision, ...], heads: Collection[str]) -> tuple[str, ...]:
    """Return the ids of the revisions that are applied to a database at these heads, in chain order."""
    found = set(heads)
    for revision in reversed(chain):
        if revision.revision_id in found:
            found.update(revision.needs)
    return tuple(r.revision_id for r in chain if r.revision_id in found)


def heads_of(chain: tuple[ChainRevision, ...], applied: Collection[str]) -> frozenset[str]:
    """Return the content of the version table when these revisions are applied."""
    needed = {need for r in chain if r.revision_id in applied for need in r.needs}
    return frozenset(applied) - needed


def _one(script: ScriptDirectory, name: str) -> str:
    found = tuple(_named(script, name))
    if len(found) != 1:
        raise ValueError(f"{name} is {'none' if not found else ' and '.join(found)}")
    return found[0]


def _named(script: ScriptDirectory, name: str) -> Iterator[str]:
    if not name.strip():
        raise ValueError("the name is empty")
    if ":" not in name:
        found = script.get_revisions(name)
        yield from (revision.revision for revision in found)
        return
    lower, _, upper = name.partition(":")
    for revision in script.walk_revisions(lower or "base", upper or "heads"):
        yield revision.revision


def _revision(script: Script) -> ChainRevision:
    lines, path = (script.doc or "").splitlines(), Path(script.path)
    return ChainRevision(
        revision_id=script.revision,
        path=path,
        title=lines[0].rstrip(".") if lines else path.name,
        needs=tuple(script._all_down_revisions),
        irreversible=_declared(script, "irreversible"),
        lossy=_declared(script, "lossy"),
        source=path.read_bytes() if path.suffix == ".py" else b"",
    )


def _declared(script: Script, name: str) -> str:
    reason = getattr(script.module, name, None)
    return reason if isinstance(reason, str) else ""


def with_exceptions(
    chain: tuple[ChainRevision, ...], exceptions: Iterable[Declaration], *, settings: Path
) -> tuple[ChainRevision, ...]:
    """Return the chain with the declarations that the settings make for its revisions.

    :raises ConfigError: There is no such revision, or it makes the declaration itself.
    """
    declared = tuple(exceptions)
    refuse_unknown(chain, (one.revision for one in declared), key="exceptions", settings=settings)
    by_id = {revision.revision_id: revision for revision in chain}
    for one in declared:
        by_id[one.revision] = _declare(by_id[one.revision], one)
    return tuple(by_id.values())


def refuse_unknown(
    chain: Collection[ChainRevision], names: Iterable[str], *, key: str, settings: Path
) -> None:
    """Raise ConfigError for a name that is not the complete id of a revision.

    :param key: The setting that has the names, for the message.
    """
    known = {revision.revision_id for revision in chain}
    for name in names:
        if name not in known:
            raise ConfigError(
                f"{key} in [tool.alembic-proof] names {name}, but no revision has this id",
                where=str(settings),
                todo="correct the id, or remove the entry; `alembic history` lists the revisions",
            )


def _declare(revision: ChainRevision, declaration: Declaration) -> ChainRevision:
    own = {"lossy": revision.lossy, "irreversible": revision.irreversible}[declaration.kind]
    if own:
        raise ConfigError(
            f"exceptions in [tool.alembic-proof] declares {revision.revision_id} {declaration.kind}, "
            "as the revision's file does",
            where=str(revision.path),
            todo="remove the entry",
        )
    match declaration.kind:
        case "lossy":
            return replace(revision, lossy=declaration.reason)
        case "irreversible":
            return replace(revision, irreversible=declaration.reason)


_NAME = r'(?:"(?:[^"]|"")+"|(?![A-Z])[^\W\d](?:(?![A-Z])[\w$])*)'
_PATH = rf"{_NAME}(?:\.{_NAME}){{0,2}}"
_DIRECTION = r"(?:upgrade|downgrade)\s*:\s*"
_ENTRY = re.compile(
    rf"\s*(?:{_DIRECTION})?(?!{_DIRECTION})(?P<names>{_PATH}(?:\s*,\s*{_PATH})*)\s*:\s+\S"
)
_PART = re.compile(_NAME)
_SEPARATOR = re.compile(r"[;\n]")

TableColumn = tuple[str, str, str]
"""Schema, table and column; the column is empty for the table as a whole."""


@dataclass(frozen=True, slots=True)
class LossName:
    """A table or a column as the declaration writes it: `tags`, `tags.name`, `audit.log.at`."""

    text: str

    @property
    def places(self) -> tuple[TableColumn, ...]:
        """The places it may mean: `a.b` is the column b of public.a, or the table b of the schema a."""
        match [unquote_identifier(part) for part in _PART.findall(self.text)]:
            case [table]:
                return (("public", table, ""),)
            case [first, second]:
                return (("public", first, second), (first, second, ""))
            case [schema, table, column]:
                return ((schema, table, column),)
        return ()

    def covers(self, table: str, column: str) -> bool:
        """Return whether it names the column, or the table of the column.

        :param table: the qualified and quoted name.
        :param column: the unquoted name; empty where whole rows are lost.
        """
        return self.covers_place(place_of(table, column))

    def covers_place(self, place: TableColumn) -> bool:
        """Return whether it names the place, or the table of the column."""
        return any(one in (place, (*place[:2], "")) for one in self.places)

    def is_one_of(self, places: Collection[TableColumn]) -> bool:
        """Return whether it names any of these."""
        return any(one in places for one in self.places)


@dataclass(frozen=True, slots=True)
class Loss:
    """One entry of a declaration; without names it covers the whole revision."""

    text: str
    names: tuple[LossName, ...] = ()

    def covers(self, table: str, column: str) -> bool:
        """Return whether a loss of the table or column is declared."""
        return not self.names or any(name.covers(table, column) for name in self.names)


def parse_losses(text: str) -> tuple[Loss, ...]:
    """Return the entries of a declaration.

    Text after a semicolon or a line break begins an entry if it names something.

    Example::

        parse_losses("tags.name: cut after 50 characters; users, tags.slug: dropped")
    """
    return tuple(_loss(entry) for entry in _entries(text))


def place_of(table: str, column: str = "") -> TableColumn:
    """Return the place of a column, or of a table, from its qualified and quoted name."""
    schema, name = (unquote_identifier(part) for part in _PART.findall(table))
    return (schema, name, column)


def _entries(text: str) -> Iterator[str]:
    start = 0
    for separator in _SEPARATOR.finditer(text):
        if _ENTRY.match(text, separator.end()):
            yield text[start : separator.start()]
            start = separator.end()
    if text.strip():
        yield text[start:]


def _loss(entry: str) -> Loss:
    found = _ENTRY.match(entry)
    names = re.findall(_PATH, found["names"]) if found else ()
    return Loss(" ".join(entry.split()), tuple(LossName(name) for name in names))
