"""Drift: a live database against the history at the revisions that it is at."""

from __future__ import annotations

from collections.abc import Callable, Collection

from alembic_proof.catalog import Catalog, Change
from alembic_proof.catalog.roles import rename_roles
from alembic_proof.config import Config
from alembic_proof.errors import DatabaseError, HistoryError
from alembic_proof.finding import Finding, Severity
from alembic_proof.history.chain import ChainRevision, load_history, read_chain
from alembic_proof.history.environment import Environment, read_environment
from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.history.upgrade import run_upgrade
from alembic_proof.postgres.url import DatabaseUrl
from alembic_proof.proofs.ignored import Ignored
from alembic_proof.proofs.sides import Sides
from alembic_proof.proofs.state import DatabaseState, read_major, read_state, refuse_old_server
from alembic_proof.proofs.step import Tell, timed

DRIFT_STEPS = ("read the live database", "build the history", "compare the catalogs")
"""How their names begin, in their order."""
_SIDES = Sides("history", "live database")


def prove_drift(
    project: AlembicProject,
    *,
    live_url: str,
    open_database: Callable[[int], str],
    tell: Tell,
    owner: str | None = None,
    settings: Config | None = None,
) -> tuple[Finding, ...]:
    """What the live database has otherwise than the history at its revisions; empty when equal.

    The live database is only read, in read-only transactions; env.py never meets it.
    `open_database` gives the URL of an empty scratch database on a server of that major version.
    `owner` is the live role that stands for the scratch database's owner: by default the one that
    owns the version table. `settings` say what is ignored.

    Raises:
        ConfigError: an URL that cannot be used.
        ServerError: no connection, or no server of the live one's major version.
        DatabaseError: a live database without a version table, or that cannot be read.
        HistoryError: a revision that no file has, a history that cannot be applied, or an env.py
            that cannot be used.
    """
    ignored = Ignored.of(settings)
    major = read_major(live_url)
    refuse_old_server(major, url=live_url)
    config = alembic_config(project, url=open_database(major))
    environment = read_environment(config)
    with timed(DRIFT_STEPS[0], tell=tell):
        live = read_state(live_url, environment=environment, owner=owner)
    chain = read_chain(load_history(config))
    heads = _known_heads(live, chain, environment, url=live_url)
    with timed(f"{DRIFT_STEPS[1]} at {', '.join(heads) or 'base'}", tell=tell):
        for head in heads:
            run_upgrade(config, head)
    with timed(DRIFT_STEPS[2], tell=tell):
        history = read_state(config.attributes["url"], environment=environment)
        changes = ignored.changes(_as_if_live(history, live), live.catalog)
    found = tuple(_finding(change) for change in changes)
    return (*found, *_pending(chain, heads), *ignored.unmet())


def _known_heads(
    live: DatabaseState,
    chain: tuple[ChainRevision, ...],
    environment: Environment,
    *,
    url: str,
) -> tuple[str, ...]:
    """The revisions that the live database is at, in chain order; none at base."""
    place = DatabaseUrl.parse(url).display
    if live.heads is None:
        schema = f"{environment.version_schema}." if environment.version_schema else ""
        raise DatabaseError(
            f"the live database has no version table {schema}{environment.version_table}",
            where=place,
            todo="name the database that this history migrates, or upgrade (or stamp) it first",
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


def _as_if_live(history: DatabaseState, live: DatabaseState) -> Catalog:
    """The history's catalog with the live cluster's names for the two roles that made it."""
    superuser = {history.superuser.name: live.superuser}
    names = superuser | {history.owner.name: live.owner}
    return rename_roles(history.catalog, names, of_built_in=names | superuser)


def _finding(change: Change) -> Finding:
    severity = Severity.NOTE if _is_operation(change) else change.severity
    return Finding(rule="drift", message=_SIDES.sentence(change), severity=severity)


def _is_operation(change: Change) -> bool:
    """What running a database changes by itself: a view is refreshed, an administrator installs."""
    match change.kind, change.attribute:
        case "materialized view", "populated":
            return change.before == "no"
        case "extension", "owner":
            return True
    return False


def _pending(chain: tuple[ChainRevision, ...], heads: Collection[str]) -> tuple[Finding, ...]:
    """A note that names the revisions that the live database is still to be given."""
    applied = set(heads)
    for revision in reversed(chain):
        if revision.revision_id in applied:
            applied.update(revision.needs)
    pending = [revision.revision_id for revision in chain if revision.revision_id not in applied]
    if not pending:
        return ()
    number = f"{len(pending)} revision{'' if len(pending) == 1 else 's'}"
    message = f"{number} not applied yet, which is no drift: {', '.join(pending)}"
    return (Finding(rule="pending", message=message, severity=Severity.NOTE),)
