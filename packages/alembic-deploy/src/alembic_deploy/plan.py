"""The plan of a command: its revisions, SQL and locks, kept in a file and checked before it runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationStep, RevisionStep
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_deploy.backfill.checkpoint import unfinished_backfills
from alembic_deploy.definitions import read_definitions
from alembic_deploy.deployment import MigrationSession
from alembic_deploy.errors import ConfigError, HistoryError
from alembic_deploy.lock_modes import lock_modes
from alembic_deploy.pending import (
    PendingRevision,
    TouchedRelation,
    pending_revisions,
    statements_of,
    touched_relations,
)
from alembic_deploy.progress import name_of
from alembic_deploy.revisions import load_revisions

FORMAT = 1
"""The version of the file's format."""

_SHOWN_DIFFERENCES = 20

_MAY_IDENTIFY = """\
SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"""
_SYSTEM = "SELECT system_identifier FROM pg_catalog.pg_control_system()"
_DATABASE = """\
SELECT datname AS name, oid
FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database()"""
_SIZES = """\
SELECT relation.oid,
       CASE
           WHEN pg_catalog.min(part.reltuples) >= 0
           THEN CAST(pg_catalog.sum(part.reltuples) AS bigint)
       END AS rows,
       CAST(pg_catalog.sum(pg_catalog.pg_total_relation_size(part.oid)) AS bigint) AS bytes
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_class AS part ON part.oid = relation.oid OR part.oid IN (
    SELECT tree.relid FROM pg_catalog.pg_partition_tree(relation.oid) AS tree
)
WHERE relation.oid = ANY (CAST(:oids AS oid[]))
AND relation.relkind IN ('r', 'p', 'm')
AND part.relkind <> 'p'
GROUP BY relation.oid"""
"""`reltuples` is -1 where the table was never analyzed. Source: catalog-pg-class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDatabase:
    """The database for which a plan is made."""

    name: str
    oid: int
    system: str
    """The cluster's identifier, which its standbys share; empty where this login may not read it."""

    def __str__(self) -> str:
        """Return the name, the OID and the cluster."""
        return f"{self.name} (OID {self.oid}, cluster {self.system or 'unknown'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTable:
    """A table, view or sequence that the plan's statements lock, as it was when the plan was made."""

    name: str
    rows: int | None
    """As the server's statistics estimate; None without an estimate."""
    bytes: int
    """With indexes and TOAST."""
    locks: str
    """The strongest lock mode, and what takes long under it."""
    definition: tuple[str, ...]

    def __str__(self) -> str:
        """Return the name, the size and the lock."""
        rows = "an unknown number of" if self.rows is None else f"about {self.rows:,}"
        return f"{self.name}: {rows} rows, {_size_text(self.bytes)}; {self.locks}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The revisions that a command will run on a database, and all that they rely on."""

    database: PlannedDatabase
    heads: tuple[str, ...]
    """The revisions that the database is at."""
    target: str
    """The revision to run the command with; empty if there is nothing to do."""
    revisions: tuple[PendingRevision, ...]
    tables: tuple[PlannedTable, ...]
    unfinished_backfills: tuple[str, ...] = ()
    """The backfills of applied revisions with which an upgrade goes on first, in words."""

    def __str__(self) -> str:
        """Return the plan for a reader."""
        return "\n".join(_lines(self))


def pending_plan(session: MigrationSession) -> Plan:
    """Return what the command will do; the database is only read.

    The revisions' Python code runs twice as for `--sql`, so that SQL that differs each time is known.

    :raises CommandError: There is no path to the target.
    Locks: ACCESS SHARE on what the revisions touch, for as long as its size and definition are read.
    """
    connection = session.connection
    try:
        steps = _steps(session)
        # First: reading definitions empties the transaction's search_path.
        unfinished = tuple(map(str, unfinished_backfills(session.migration)))
        connection.commit()
        rendered, again = (pending_revisions(connection, steps) for _ in range(2))
        revisions = tuple(
            replace(one, is_repeatable=one.statements == other.statements)
            for one, other in zip(rendered, again, strict=True)
        )
        touched = touched_relations(connection, statements_of(revisions))
        return Plan(
            database=_read_database(connection),
            heads=tuple(sorted(session.steps.start)),
            target=_target(tuple(one for one in steps if isinstance(one, RevisionStep))),
            revisions=revisions,
            tables=tuple(_read_tables(connection, touched)),
            unfinished_backfills=unfinished,
        )
    finally:
        connection.rollback()


def _steps(session: MigrationSession) -> tuple[MigrationStep, ...]:
    steps, migration = session.steps, session.migration
    if not steps.is_fetched:
        steps.fetch(migration.get_current_heads(), migration)
    return steps.remaining


def _target(steps: tuple[RevisionStep, ...]) -> str:
    """Return the argument of the command that runs these steps and no others."""
    if not steps:
        return ""
    if steps[0].is_downgrade:
        return name_of(steps[-1].to_revisions_no_deps)
    below = {name for one in steps for name in one.from_revisions}
    ends = {one.revision.revision for one in steps} - below
    return ends.pop() if len(ends) == 1 else "heads"


def _read_database(connection: Connection) -> PlannedDatabase:
    may_identify = connection.execute(text(_MAY_IDENTIFY)).scalar_one()
    system = str(connection.execute(text(_SYSTEM)).scalar_one()) if may_identify else ""
    row = connection.execute(text(_DATABASE)).one()
    return PlannedDatabase(name=row.name, oid=row.oid, system=system)


def _read_tables(
    connection: Connection, touched: tuple[TouchedRelation, ...]
) -> Iterator[PlannedTable]:
    oids = [one.oid for one in touched]
    sizes = {row.oid: row for row in connection.execute(text(_SIZES), {"oids": oids})}
    definitions = read_definitions(connection, oids)
    for one in touched:
        size = sizes.get(one.oid)
        yield PlannedTable(
            name=one.name,
            rows=size.rows if size else None,
            bytes=size.bytes if size else 0,
            locks=str(one),
            definition=definitions.get(one.oid, ()),
        )


def plan_json(plan: Plan) -> str:
    """Return the plan as its file has it, the locks of each statement included."""
    document = asdict(plan)
    for revision in document["revisions"]:
        revision["statements"] = [
            {"sql": sql, "locks": [str(lock) for lock in lock_modes(sql)]}
            for sql in revision["statements"]
        ]
    return json.dumps({"format": FORMAT, "sha256": _digest(document), **document}, indent=2)


def _digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a plan, which does not depend on the layout of its file."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def write_plan(plan: Plan, path: Path) -> None:
    """Write the plan to a file, from which `read_plan` reads it.

    :raises ConfigError: The file cannot be written.
    """
    try:
        path.write_text(plan_json(plan) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write the plan: {error.strerror}",
            where=str(path),
            todo="name a file that this user may write",
        ) from error


def read_plan(path: Path) -> Plan:
    """Read a plan from the file that `write_plan` has written.

    :raises ConfigError: The file cannot be read, or is not as this release writes it.
    """
    again = "write it again with the command `plan` of this release"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"cannot read the plan: {error.strerror}",
            where=str(path),
            todo="write it with the command `plan -o FILE`",
        ) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            "the file is no plan: it is no JSON", where=str(path), todo=again
        ) from error
    if not isinstance(document, dict) or "format" not in document:
        raise ConfigError("the file is no plan: it has no format", where=str(path), todo=again)
    if document.pop("format") != FORMAT:
        what = f"the plan has another format than {FORMAT}, which this release reads"
        raise ConfigError(what, where=str(path), todo=again)
    if document.pop("sha256", None) != _digest(document):
        what = "the plan is not as the command `plan` has written it: its SHA-256 differs"
        raise ConfigError(what, where=str(path), todo=again)
    return _parse(document)


def _parse(document: Mapping[str, Any]) -> Plan:
    return Plan(
        database=PlannedDatabase(**document["database"]),
        heads=tuple(document["heads"]),
        target=document["target"],
        revisions=tuple(
            PendingRevision(
                **{**one, "statements": tuple(each["sql"] for each in one["statements"])}
            )
            for one in document["revisions"]
        ),
        tables=tuple(
            PlannedTable(**{**one, "definition": tuple(one["definition"])})
            for one in document["tables"]
        ),
        unfinished_backfills=tuple(document.get("unfinished_backfills", ())),
    )


def refuse_other_release(plan: Plan, script: ScriptDirectory) -> None:
    """Refuse a plan with revisions that no file of the history has.

    :raises HistoryError: There is one; names all.
    """
    load_revisions(script)
    known = {one.revision for one in script.walk_revisions()}
    unknown = [one.revision_id for one in plan.revisions if one.revision_id not in known]
    if unknown:
        raise HistoryError(
            f"the plan has revisions that this release does not know: {', '.join(unknown)}",
            todo="run the command of the release that has written the plan, or make a new plan",
        )


def refuse_stale(plan: Plan, session: MigrationSession) -> None:
    """Refuse to run the command if it would not do what the plan says, or what is left of it.

    :raises HistoryError: Database or revisions differ from those of the plan; says which.
    """
    differences = tuple(differences_of(*_what_is_left(plan, pending_plan(session), session)))
    if not differences:
        return
    shown = differences[:_SHOWN_DIFFERENCES]
    if len(differences) > len(shown):
        shown = (*shown, f"and {len(differences) - len(shown)} more")
    lines = "".join(f"\n    {one}" for one in shown)
    raise HistoryError(
        f"the plan is stale: what it was made for has changed{lines}",
        todo="make a new plan with the command `plan`, and review it",
    )


def _what_is_left(plan: Plan, current: Plan, session: MigrationSession) -> tuple[Plan, Plan]:
    """Return both plans without the first revisions of the old one, where those are applied.

    Tables that an applied revision has touched are left out: what it has changed is no difference.
    """
    number = len(plan.revisions) - len(current.revisions)
    applied, rest = plan.revisions[:number], plan.revisions[number:]
    names = [one.revision_id for one in current.revisions]
    if number <= 0 or [one.revision_id for one in rest] != names:
        return plan, current
    connection = session.connection
    changed = {one.name for one in touched_relations(connection, statements_of(applied))}
    connection.rollback()
    both = {one.name for one in plan.tables} & {one.name for one in current.tables}
    kept = set() if any(one.unknown for one in applied) else both - changed
    old, new = (tuple(one for one in each.tables if one.name in kept) for each in (plan, current))
    left = replace(plan, heads=current.heads, revisions=rest, tables=old)
    return left, replace(current, tables=new)


def differences_of(plan: Plan, current: Plan) -> Iterator[str]:
    """Yield in words what differs between a plan and what would be planned now."""
    if plan.database != current.database:
        yield f"the plan is for another database: {plan.database} instead of {current.database}"
        return
    if plan.heads != current.heads:
        yield f"the database is at {name_of(current.heads)}, not at {name_of(plan.heads)}"
        return
    yield from _differences_of_revisions(plan, current)
    yield from _differences_of_tables(plan, current)


def _differences_of_revisions(plan: Plan, current: Plan) -> Iterator[str]:
    planned = [(one.direction, one.revision_id) for one in plan.revisions]
    now = [(one.direction, one.revision_id) for one in current.revisions]
    if planned != now:
        names = [
            ", ".join(" of ".join(one) for one in these) or "nothing" for these in (now, planned)
        ]
        yield f"the command would run {names[0]}; the plan is {names[1]}"
        return
    for old, new in zip(plan.revisions, current.revisions, strict=True):
        if old.file_sha256 != new.file_sha256:
            yield f"the file of {new.revision_id} has changed: {new.path}"
        elif old.is_repeatable and new.is_repeatable and old.statements != new.statements:
            yield f"the SQL of {new.revision_id} has changed, though its file has not: {new.path}"


def _differences_of_tables(plan: Plan, current: Plan) -> Iterator[str]:
    old = {one.name: set(one.definition) for one in plan.tables}
    new = {one.name: set(one.definition) for one in current.tables}
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"{name} does not exist any more"
        elif name not in old:
            yield f"{name} did not exist"
        else:
            yield from (f"{name} no longer has: {line}" for line in sorted(old[name] - new[name]))
            yield from (f"{name} now has: {line}" for line in sorted(new[name] - old[name]))


def _lines(plan: Plan) -> Iterator[str]:
    position = f"{plan.database.name} is at {name_of(plan.heads)}"
    is_idle = not (plan.revisions or plan.unfinished_backfills)
    yield f"nothing to do: {position}" if is_idle else position
    yield from (f"{one}; `upgrade` goes on with it" for one in plan.unfinished_backfills)
    for revision in plan.revisions:
        yield from ("", str(revision))
        if revision.unknown:
            yield f"  its SQL is not known before it runs: {revision.unknown}"
        if not revision.is_repeatable:
            yield "  its SQL differs from run to run"
        for sql in revision.statements:
            yield from (f"  {line}" for line in sql.splitlines())
            yield from (f"      {lock}" for lock in lock_modes(sql))
    if plan.tables:
        yield from ("", "existing tables that it locks:")
        yield from (f"  {one}" for one in plan.tables)


def _size_text(size: int) -> str:
    """Return a number of bytes as a reader wants it.

    >>> _size_text(100), _size_text(16384), _size_text(5 * 1024**3)
    ('100 bytes', '16 kB', '5,120 MB')
    """
    for unit, bytes_ in (("MB", 1024**2), ("kB", 1024)):
        if size >= 2 * bytes_:
            return f"{size // bytes_:,} {unit}"
    return f"{size} bytes"
