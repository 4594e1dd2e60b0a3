"""The history as a walk needs it: every revision behind all that it follows or depends on."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import MultipleHeads
from alembic.util import CommandError

from alembic_proof.errors import HistoryError
from alembic_proof.history.load import load_revisions, version_directories
from alembic_proof.history.losses import Loss, parse_losses


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRevision:
    """One revision and what it declares; an empty text declares nothing."""

    revision_id: str
    path: Path
    title: str
    needs: tuple[str, ...] = ()
    """The revisions that must be applied before: its parents and what it depends on."""
    irreversible: str = ""
    lossy: str = ""

    @property
    def losses(self) -> tuple[Loss, ...]:
        """Return what it declares as lossy, by the tables and columns that it names."""
        return parse_losses(self.lossy)

    def is_declared_lost(self, table: str, column: str) -> bool:
        """Return whether it declares that values of the column, or rows of the table, are lost."""
        return bool(self.irreversible) or any(loss.covers(table, column) for loss in self.losses)

    @property
    def name(self) -> str:
        """Id and title, as it is told of."""
        return f"{self.revision_id} {self.title}"


def load_history(config: Config) -> ScriptDirectory:
    """The script directory with all its revisions, loaded once for whoever needs them.

    env.py does not run first: where revisions import what is found only once it has set sys.path,
    `load_in_env` of `history.environment` loads them.

    Raises:
        HistoryError: the history cannot be loaded.
    """
    script = find_history(config)
    load_revisions(script)
    return script


def find_history(config: Config) -> ScriptDirectory:
    """Return the script directory that the configuration names; no revision is loaded yet.

    :raises HistoryError: There is no such directory.
    """
    try:
        script = ScriptDirectory.from_config(config)
        version_directories(script)  # made absolute now: env.py may leave the directory
        return script
    except CommandError as error:
        # Alembic advises to make a new history where it finds none.
        what, _, _ = " ".join(str(error).split()).partition(" Please use")
        raise HistoryError(
            f"no history can be found: {what.rstrip('.')}",
            where=str(config.config_file_name or ""),
            todo="set script_location to the directory of env.py and of the revisions",
        ) from error


def read_chain(script: ScriptDirectory) -> tuple[ChainRevision, ...]:
    """All revisions in the order in which Alembic applies them to an empty database."""
    # Its type says one revision; it takes those that a database is at, here none.
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
    """The ids of the revisions that all conditions leave; every one without any.

    `names` are revisions (`0002`, `ab`, `head`) and ranges (`0002:0004`, `0002:`); `start` leaves
    it and what comes behind it in the chain; `files` leaves the revisions in these files.

    Raises:
        HistoryError: there is no such revision.
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
    """The revisions that need this one, directly or not, in chain order."""
    found = {revision_id}
    for revision in chain:
        if found.intersection(revision.needs):
            found.add(revision.revision_id)
    return tuple(r.revision_id for r in chain if r.revision_id in found - {revision_id})


def reached(chain: tuple[ChainRevision, ...], heads: Collection[str]) -> tuple[str, ...]:
    """The revisions that are applied to a database at these heads, in chain order."""
    found = set(heads)
    for revision in reversed(chain):
        if revision.revision_id in found:
            found.update(revision.needs)
    return tuple(r.revision_id for r in chain if r.revision_id in found)


def heads_of(chain: tuple[ChainRevision, ...], applied: Collection[str]) -> frozenset[str]:
    """What the version table says when these revisions are applied."""
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
    lines = (script.doc or "").splitlines()
    return ChainRevision(
        revision_id=script.revision,
        path=Path(script.path),
        title=lines[0].rstrip(".") if lines else Path(script.path).name,
        needs=tuple(script._all_down_revisions),
        irreversible=_declared(script, "irreversible"),
        lossy=_declared(script, "lossy"),
    )


def _declared(script: Script, name: str) -> str:
    reason = getattr(script.module, name, None)
    return reason if isinstance(reason, str) else ""
