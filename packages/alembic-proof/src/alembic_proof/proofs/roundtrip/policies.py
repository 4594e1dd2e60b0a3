"""Row-level security that hides rows from a step: what it would write without, and what it writes.

FORCE ROW LEVEL SECURITY binds a table's owner as well, so that a backfill changes the rows alone that a
policy shows, often none, without an error. Where policies bind the role that migrates, a step is first
run on trial without FORCE and rolled back; PostgreSQL counts what each of the runs writes. What SELECT
shows does not decide: other policies may apply to UPDATE and DELETE.

Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_proof.catalog.names import split_name, unquoted
from alembic_proof.env.server_message import shown_statement
from alembic_proof.finding import Finding, Location, Severity, shown_path
from alembic_proof.history.chain import ChainRevision
from alembic_proof.history.rehearsal import Rehearsal, SentStatement
from alembic_proof.proofs.roundtrip.direction import Direction
from alembic_proof.proofs.roundtrip.verdict import finding_of
from alembic_proof.proofs.roundtrip.working import working
from alembic_proof.rows import Digests, Shapes, TableName
from alembic_proof.rows.activity import Activity, read_activity
from alembic_proof.rows.literal import quote
from alembic_proof.rows.run import execute, run_each
from alembic_proof.rows.shape import shown

POLICY_HIDES_ROWS = "policy-hides-rows"
_FORCES = re.compile(r"\bFORCE\s+ROW\s+LEVEL\s+SECURITY\b", re.IGNORECASE)
_FORCED = """SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relforcerowsecurity AND c.relrowsecurity AND pg_catalog.row_security_active(c.oid)
    AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
ORDER BY n.nspname, c.relname"""
_BYPASSING = """SELECT r.rolname FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user AND (r.rolsuper OR r.rolbypassrls)"""
_POLICIES = """(SELECT pg_catalog.jsonb_build_object(
    'is_bound', pg_catalog.row_security_active(t.oid) AND pg_catalog.pg_has_role(t.relowner, 'USAGE'),
    'policies', (SELECT pg_catalog.jsonb_agg(p.polname ORDER BY p.polname)
        FROM pg_catalog.pg_policy AS p WHERE p.polrelid = t.oid),
    'reads', (SELECT pg_catalog.jsonb_agg(pg_catalog.concat(
            pg_catalog.pg_get_expr(p.polqual, p.polrelid), ' ',
            pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid), ' ',
            (SELECT pg_catalog.string_agg(f.prosrc, ' ' ORDER BY f.oid)
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_proc AS f ON f.oid = d.refobjid
            WHERE d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = p.oid
                AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass)) ORDER BY p.polname)
        FROM pg_catalog.pg_policy AS p WHERE p.polrelid = t.oid))
FROM pg_catalog.pg_class AS t WHERE t.oid = {}::pg_catalog.regclass)"""
_WRITES_NO_ROW = re.compile(r"\s*(ALTER|COMMENT|DROP|GRANT|REVOKE|SET)\b", re.IGNORECASE)
_SETS = re.compile(
    r"\bset_config\s*\(\s*E?'([\w.]+)'|\bSET\s+(?:LOCAL\s+|SESSION\s+)?(\w+(?:\.\w+)+)\s*(?:=|\bTO\b)",
    re.IGNORECASE,
)
_TODO = (
    "write ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY before the statement and ALTER TABLE {table} "
    "FORCE ROW LEVEL SECURITY after it; where production migrates as a role with BYPASSRLS, let "
    "server_url name such a role"
)


@dataclass(frozen=True, slots=True)
class HidingTable:
    """A table with rows whose policies bind the role that migrates, although it owns the table."""

    name: TableName
    count: int
    hidden: int
    """How many of them SELECT does not show."""
    policies: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    """What the policies read: their expressions, with the bodies of the functions that those call."""

    def __str__(self) -> str:
        """Say what hides how many of its rows."""
        names = ", ".join(self.policies)
        if not self.hidden:
            return (
                f"the policies of {shown(self.name)} ({names}) show rows to SELECT that they hide "
                "from UPDATE or DELETE"
            )
        rows = f"{self.hidden} of {self.count} rows of {shown(self.name)}"
        match len(self.policies):
            case 0:
                return f"no policy shows {rows}"
            case 1:
                return f"policy {names} hides {rows}"
        return f"policies {names} hide {rows}"

    def reads_setting_of(self, statement: SentStatement) -> bool:
        """Return whether the statement sets a parameter by name that a policy of the table reads."""
        names = {f"'{(one[1] or one[2]).lower()}'" for one in _SETS.finditer(statement.sql)}
        return any(name in text.lower() for name in names for text in self.expressions)


@dataclass(slots=True)
class PolicyTrial:
    """What a step wrote on trial, without FORCE, and what it writes under the policies."""

    connection: Connection
    hiding: tuple[HidingTable, ...]
    rehearsal: Rehearsal = field(init=False)
    sent: list[SentStatement] = field(default_factory=list)
    """The statements of the real run."""
    _begun: Activity = field(init=False)
    _on_trial: dict[TableName, int] = field(default_factory=dict)
    _first_writes: dict[TableName, SentStatement] = field(default_factory=dict)
    """The first statement of the trial that wrote to each table."""

    def __post_init__(self) -> None:
        self._begun = read_activity(self.connection)
        self.rehearsal = Rehearsal(observe=self._observe, after_statement=self._note_writes)

    def begin_real_run(self) -> None:
        """Take note of what was written until now."""
        self._begun = read_activity(self.connection)

    def unwritten(self) -> tuple[TableName, ...]:
        """Return the tables that the step wrote to on trial alone, sorted, when its real run has ended."""
        if not self.rehearsal.is_observed:
            return ()
        written = read_activity(self.connection).written_since(self._begun)
        return tuple(sorted(self._on_trial.keys() - written.keys()))

    def unwritten_by(self, statement: SentStatement) -> tuple[TableName, ...]:
        """Return the tables of the trial that the statement names, sorted."""
        return tuple(sorted(name for name in self._on_trial if _names(statement.sql, name)))

    def first_statement_on(self, tables: Sequence[TableName]) -> SentStatement | None:
        """Return the first statement that wrote to the tables on trial.

        Else one that names a table with hidden rows, else one of the tables.
        """
        writes = [self._first_writes[name] for name in tables if name in self._first_writes]
        if writes:
            return min(writes, key=self.rehearsal.sent.index)
        for names in ([one.name for one in self.hiding if one.hidden], tables):
            named = (one for one in self.sent if any(_names(one.sql, name) for name in names))
            if (found := next(named, None)) is not None:
                return found
        return None

    def blind_statement(self) -> SentStatement | None:
        """Return the first statement that saw rows on trial and none in the real run."""
        for on_trial, real in zip(self.rehearsal.sent, self.sent, strict=False):
            if on_trial.sql != real.sql:
                return None
            if on_trial.row_count > 0 and real.row_count == 0:
                return real
        return None

    def _observe(self) -> None:
        self._on_trial = read_activity(self.connection).written_since(self._begun)

    def blamed(self, tables: Sequence[TableName]) -> SentStatement | None:
        """Return the statement to report for tables that are written to on trial alone."""
        return self.blind_statement() or self.first_statement_on(tables)

    def involved(
        self, tables: Sequence[TableName], statement: SentStatement | None
    ) -> tuple[HidingTable, ...]:
        """Return the tables whose policies explain that the statement writes to none of the tables."""
        return (
            tuple(one for one in self.hiding if one.name in tables)
            or tuple(one for one in self.hiding if statement and _names(statement.sql, one.name))
            or tuple(one for one in self.hiding if one.hidden)
            or self.hiding
        )

    def chooses_rows(self, tables: Sequence[TableName]) -> bool:
        """Return whether the step itself sets a parameter that decides which rows a policy shows."""
        involved = self.involved(tables, self.blamed(tables))
        return any(table.reads_setting_of(one) for table in involved for one in self.sent)

    def _note_writes(self, statement: SentStatement) -> None:
        """Let a step that forces row-level security itself see the rows; note first writes."""
        if _FORCES.search(statement.sql):
            _unforce(self.connection)
        if _WRITES_NO_ROW.match(statement.sql):
            return
        for name in read_activity(self.connection).written_since(self._begun):
            self._first_writes.setdefault(name, statement)


def hiding_tables(connection: Connection, shapes: Shapes, held: Digests) -> tuple[HidingTable, ...]:
    """Return the tables with rows whose policies bind the role that migrates and owns them.

    One round trip where a table is forced, none otherwise. A policy that fails hides all rows.

    :param held: what the tables hold, whoever sees it.
    """
    counts = {table.table: table.count for table in held.tables}
    forced = [table.name for table in shapes if table.is_forced and counts.get(table.name)]
    if not forced:
        return ()
    counting = [f"SELECT pg_catalog.to_jsonb(pg_catalog.count(*)) FROM {name}" for name in forced]
    naming = [f"SELECT {_POLICIES.format(quote(name))}" for name in forced]
    with working(connection):
        outcomes = run_each(connection, [*counting, *naming], is_kept=False)
    seen, named = outcomes[: len(forced)], outcomes[len(forced) :]
    return tuple(
        HidingTable(
            name,
            counts[name],
            hidden=counts[name] - (one.value or 0),
            policies=tuple(other.value["policies"] or ()),
            expressions=tuple(other.value["reads"] or ()),
        )
        for name, one, other in zip(forced, seen, named, strict=True)
        if other.value and other.value["is_bound"]
    )


def bypassing_role(connection: Connection) -> str:
    """Return the role that migrates where no policy binds it; empty where policies do."""
    found = connection.exec_driver_sql(_BYPASSING).scalar()
    return "" if found is None else str(found)


def policies_bypassed(role: str, table: TableName) -> Finding:
    """Return the note that policies are not met as in production."""
    return Finding(
        rule="policies-bypassed",
        message=f"the role {role} migrates here, which row-level security does not bind: what FORCE ROW "
        f"LEVEL SECURITY hides from an ordinary owner (of {shown(table)}, for one) is not found",
        severity=Severity.NOTE,
        todo="let server_url name a role with NOSUPERUSER NOBYPASSRLS CREATEDB, as in production",
    )


def lift_force(connection: Connection) -> tuple[str, ...]:
    """Take FORCE ROW LEVEL SECURITY away where it binds the role, committed; return the tables.

    It is not done inside of the trial's transaction: a revision's own connection would wait for that.
    """
    with suppress(DBAPIError), working(connection):
        return _unforce(connection)
    return ()


def restore_force(connection: Connection, tables: Sequence[str]) -> None:
    """Bring FORCE ROW LEVEL SECURITY back."""
    if tables:
        with working(connection):
            for name in tables:
                execute(connection, f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def _unforce(connection: Connection) -> tuple[str, ...]:
    names = tuple(execute(connection, _FORCED).scalars())
    for name in names:
        execute(connection, f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    return names


def hidden_rows(
    revision: ChainRevision,
    direction: Direction,
    trial: PolicyTrial,
    tables: Sequence[TableName],
) -> Finding:
    """Return the finding for tables that a step writes no row to because a policy hides rows."""
    statement = trial.blamed(tables)
    hiding = trial.involved(tables, statement)
    way = "upgrade" if direction == "second upgrade" else direction
    message = (
        f"its {way} changes no row of {', '.join(map(shown, tables))}: FORCE ROW LEVEL SECURITY hides "
        f"rows from the table's owner ({'; '.join(map(str, hiding))})"
    )
    text = shown_statement(statement.sql) if statement else ""
    return finding_of(
        revision,
        direction,
        POLICY_HIDES_ROWS,
        f"{message}\n  statement: {text}" if text else message,
        place=Location(shown_path(revision.path), statement.line if statement else 0),
        todo=_TODO.format(table=shown(hiding[0].name)),
    )


def _names(sql: str, table: TableName) -> bool:
    """Return whether the statement names the table, with or without its schema."""
    bare = re.escape(unquoted(split_name(table)[-1]).replace('"', '""'))
    return re.search(rf"(?<![\w$]){bare}(?![\w$])", sql, re.IGNORECASE) is not None
