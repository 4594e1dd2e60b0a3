"""Drift: a live database compared with the history at the revisions that it is at."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from alembic_deploy.errors import DatabaseError, HistoryError
from alembic_deploy.url import DatabaseUrl
from alembic_proof.catalog import Change, Snapshot, diff
from alembic_proof.catalog.roles import rename_roles
from alembic_proof.finding import Finding, Severity, StepListener, timed
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.env_py import Environment, read_environment
from alembic_proof.history.project import Project
from alembic_proof.history.revisions import ChainRevision, load_history, reached, read_chain
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.proofs.autogenerate_filters import Excluded
from alembic_proof.proofs.database_state import (
    DatabaseState,
    read_major,
    read_state,
    refuse_old_server,
)
from alembic_proof.proofs.parity import describe_change
from alembic_proof.proofs.scope import Rules, scope_of, without_changes

DRIFT_STEPS = ("read the live database", "build the history", "compare the catalogs")
"""The beginnings of the steps' names, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A live database beside the history at its revisions."""

    live: Snapshot
    history: Snapshot
    """With the live names of owner and superuser; what the settings leave out is as in `live`."""
    chain: tuple[ChainRevision, ...]
    """All revisions of the history."""
    heads: tuple[str, ...]
    """The revisions that the live database is at."""
    column_order: bool
    unmatched: tuple[Finding, ...]
    """Notes on patterns of the settings that match nothing."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes from the history to the live database."""
        return diff(self.history.catalog, self.live.catalog, column_order=self.column_order)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """A finding for each change, and a note on revisions that are not applied."""
        found = tuple(_finding(change) for change in self.changes)
        return (*found, *_pending(self.chain, self.heads), *self.unmatched)

    @property
    def wanted(self) -> Snapshot:
        """The history, with what operating a database changes as it is in the live one."""
        return without_changes(self.history, self.live, filter(_is_operation, self.changes))


def read_drift(
    project: Project,
    *,
    live_url: str,
    open_database: Callable[[int], str],
    on_step: StepListener,
    owner: str | None = None,
) -> Drift:
    """Return the live database and the history at its revisions.

    The live database is only read, in read-only transactions; env.py never connects to it. The history
    is applied to a scratch database on a server of the same major version.

    :param open_database: returns the URL of an empty scratch database on a server of that major version.
    :param owner: the live role that corresponds to the scratch database's owner; by default the owner
        of the version table.
    :raises ConfigError: a URL cannot be used.
    :raises ServerError: no connection, or no server of the live one's major version.
    :raises DatabaseError: the live database has no version table or cannot be read.
    :raises HistoryError: no file has the revision, the history cannot be applied, or env.py cannot be
        used.
    """
    rules = Rules.of_databases(project.settings)
    major = read_major(live_url)
    refuse_old_server(major, url=live_url)
    config = alembic_config(project, url=open_database(major))
    environment = read_environment(config)
    with timed(DRIFT_STEPS[0], on_step=on_step):
        live = read_state(live_url, environment=environment, owner=owner)
    chain = read_chain(load_history(config))
    heads = _known_heads(live, chain, environment, url=live_url)
    with timed(f"{DRIFT_STEPS[1]} at {', '.join(heads) or 'base'}", on_step=on_step):
        for head in heads:
            run_upgrade(config, head)
    with timed(DRIFT_STEPS[2], on_step=on_step):
        history = read_state(config.attributes["url"], environment=environment)
        scope = scope_of(
            live.snapshot, _as_if_live(history, live), rules=rules, excluded=Excluded(), given=()
        )
    return Drift(
        live=live.snapshot,
        history=scope.models,
        chain=chain,
        heads=heads,
        column_order=scope.column_order,
        unmatched=rules.ignored.unmatched(scope.matched_patterns),
    )


def _known_heads(
    live: DatabaseState,
    chain: tuple[ChainRevision, ...],
    environment: Environment,
    *,
    url: str,
) -> tuple[str, ...]:
    """Return the revisions that the live database is at, in chain order; none at base."""
    place = DatabaseUrl.parse(url).display
    if live.heads is None:
        schema = f"{environment.version_schema}." if environment.version_schema else ""
        raise DatabaseError(
            f"the live database has no version table {schema}{environment.version_table}",
            where=place,
            todo="name the database of this history, or upgrade (or stamp) it first",
        )
    known = [revision.revision_id for revision in chain]
    unknown = sorted(set(live.heads) - set(known))
    if unknown:
        raise HistoryError(
            f"the live database is at revision {', '.join(unknown)}, which this code does not know",
            where=place,
            todo="run the code that migrated it last (a newer or older checkout, another branch?)",
        )
    return tuple(name for name in known if name in live.heads)


def _as_if_live(history: DatabaseState, live: DatabaseState) -> Snapshot:
    """Return the history's snapshot with the live cluster's names of owner and superuser."""
    superuser = {history.superuser.name: live.superuser}
    names = superuser | {history.owner.name: live.owner}
    found = history.snapshot
    renamed = rename_roles(found.catalog, names, of_built_in=names | superuser)
    return Snapshot(renamed, found.dependencies)


def _finding(change: Change) -> Finding:
    severity = Severity.NOTE if _is_operation(change) else change.severity
    message = describe_change(change, expected="history", found="live database")
    return Finding(id="drift", message=message, severity=severity)


def _is_operation(change: Change) -> bool:
    """Return whether operating a database makes the change: a refreshed view, an installed extension."""
    match change.kind, change.attribute:
        case "materialized view", "populated":
            return change.before == "no"
        case "extension", "owner":
            return True
    return False


def _pending(chain: tuple[ChainRevision, ...], heads: Collection[str]) -> tuple[Finding, ...]:
    """Return a note on the revisions that are not applied to the live database yet."""
    applied = frozenset(reached(chain, heads))
    pending = [revision.revision_id for revision in chain if revision.revision_id not in applied]
    if not pending:
        return ()
    number = f"{len(pending)} revision{'' if len(pending) == 1 else 's'}"
    message = f"{number} not applied yet, which is no drift: {', '.join(pending)}"
    return (Finding(id="pending", message=message, severity=Severity.NOTE),)
