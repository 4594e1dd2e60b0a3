"""Rows that row-level security hides from a step, found by a dry run without FORCE.

FORCE ROW LEVEL SECURITY binds a table's owner as well, so that a backfill changes only the rows that
a policy shows, often none, without an error. Where policies bind the role that migrates, a step is
first run without FORCE and rolled back; PostgreSQL counts the rows that each of the runs writes. The
rows that SELECT shows do not decide: other policies may apply to UPDATE and DELETE.

Source: https://www.postgresql.org/docs/current/ddl-rowsecurity.html
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from alembic_deploy.statements import STRINGS, contains, find_all, identifiers, match_start
from alembic_proof.history.dry_run import Rehearsal, SentStatement
from alembic_proof.proofs.roundtrip.observation import HiddenRows, HidingTable
from alembic_proof.proofs.roundtrip.proof_transaction import proof_transaction
from alembic_proof.rows import Digests, TableName, UserTables
from alembic_proof.rows.savepoint_batch import execute, run_statements
from alembic_proof.rows.table_stats import TableStats, read_table_stats
from alembic_proof.sql import (
    quote_literal,
    split_qualified_name,
    unquote_identifier,
    unquote_literal,
)

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
_FORCE = "FORCE ROW LEVEL SECURITY"
_WRITES_NO_ROW = "{ ALTER | COMMENT | DROP | GRANT | REVOKE | SET }"
_SET = "{ SET_CONFIG ( literal | SET [ LOCAL | SESSION ] parameter { = | TO } }"


@dataclass(slots=True)
class PolicyDryRun:
    """A run of a step without FORCE, which is rolled back, and the real run under the policies."""

    connection: Connection
    hiding: tuple[HidingTable, ...]
    rehearsal: Rehearsal = field(init=False)
    sent: list[SentStatement] = field(default_factory=list)
    """The statements of the real run."""
    is_inconclusive: bool = False
    """Whether policies may have hidden rows from the real run although the two runs do not show it."""
    _start: TableStats = field(init=False)
    _dry_writes: dict[TableName, int] = field(default_factory=dict)
    """The rows that the dry run wrote, by table."""
    _first_writes: dict[TableName, SentStatement] = field(default_factory=dict)
    """The first statement of the dry run that wrote to each table."""

    def __post_init__(self) -> None:
        self._start = read_table_stats(self.connection)
        self.rehearsal = Rehearsal(observe=self._observe, after_statement=self._note_writes)

    def begin_real_run(self) -> None:
        """Count the rows that are written from now on."""
        self._start = read_table_stats(self.connection)

    def rows_hidden_from_step(self) -> HiddenRows | None:
        """Return the rows that the policies hid from the real run, which has ended.

        A step that sets a parameter which its policies read chooses its rows itself.
        """
        self.is_inconclusive = not self.rehearsal.is_observed
        if self.is_inconclusive:
            return None
        written = read_table_stats(self.connection).rows_written_since(self._start)
        tables = tuple(sorted(self._dry_writes.keys() - written.keys()))
        hidden = self._hidden_rows(tables) if tables else None
        if hidden and self._chooses_rows(hidden):
            self.is_inconclusive = True
            return None
        return hidden

    def rows_hidden_from_failed_step(self) -> HiddenRows | None:
        """Return the rows that the policies hid from a step that failed, as its statements show.

        Nothing is read from the database.
        """
        statement = self._blind_statement()
        if statement is None:
            return None
        tables = tuple(sorted(name for name in self._dry_writes if _names(statement.sql, name)))
        return self._hidden_rows(tables) if tables else None

    def _hidden_rows(self, tables: tuple[TableName, ...]) -> HiddenRows:
        statement = self._blind_statement() or self._first_statement_on(tables)
        hiding = (
            tuple(one for one in self.hiding if one.name in tables)
            or tuple(one for one in self.hiding if statement and _names(statement.sql, one.name))
            or tuple(one for one in self.hiding if one.hidden)
            or self.hiding
        )
        return HiddenRows(tables, hiding, statement)

    def _first_statement_on(self, tables: Sequence[TableName]) -> SentStatement | None:
        """Return the first statement that wrote to the tables in the dry run.

        Else one that names a table with hidden rows, else one that names one of the tables.
        """
        writes = [self._first_writes[name] for name in tables if name in self._first_writes]
        if writes:
            return min(writes, key=self.rehearsal.sent.index)
        for names in ([one.name for one in self.hiding if one.hidden], tables):
            named = (one for one in self.sent if any(_names(one.sql, name) for name in names))
            if (found := next(named, None)) is not None:
                return found
        return None

    def _blind_statement(self) -> SentStatement | None:
        """Return the first statement that found rows in the dry run and none in the real run."""
        for dry, real in zip(self.rehearsal.sent, self.sent, strict=False):
            if dry.sql != real.sql:
                return None
            if dry.row_count > 0 and real.row_count == 0:
                return real
        return None

    def _chooses_rows(self, hidden: HiddenRows) -> bool:
        return any(_sets_parameter_of(table, one) for table in hidden.hiding for one in self.sent)

    def _observe(self) -> None:
        self._dry_writes = read_table_stats(self.connection).rows_written_since(self._start)

    def _note_writes(self, statement: SentStatement) -> None:
        """Record first writes; a step that forces row-level security itself sees the rows as well."""
        if contains(statement.sql, _FORCE, within=STRINGS):
            _unforce(self.connection)
        if match_start(statement.sql, _WRITES_NO_ROW):
            return
        for name in read_table_stats(self.connection).rows_written_since(self._start):
            self._first_writes.setdefault(name, statement)


def hiding_tables(
    connection: Connection, user_tables: UserTables, digests: Digests
) -> tuple[HidingTable, ...]:
    """Return the tables with rows whose policies bind the role that migrates, although it owns them.

    A policy that fails hides all rows. One round trip to the server where a table is forced, else none.

    :param digests: the tables' digests, of all rows.
    """
    counts = {table.table: table.count for table in digests.tables}
    forced = [table.name for table in user_tables if table.is_rls_forced and counts.get(table.name)]
    if not forced:
        return ()
    counting = [f"SELECT pg_catalog.to_jsonb(pg_catalog.count(*)) FROM {name}" for name in forced]
    naming = [f"SELECT {_POLICIES.format(quote_literal(name))}" for name in forced]
    with proof_transaction(connection):
        outcomes = run_statements(connection, [*counting, *naming], is_kept=False)
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
    """Return the role that migrates if no policy binds it; empty if policies do."""
    found = connection.exec_driver_sql(_BYPASSING).scalar()
    return "" if found is None else str(found)


def lift_force(connection: Connection) -> tuple[str, ...]:
    """Remove FORCE ROW LEVEL SECURITY where it binds the role, and commit; return the tables.

    Inside of the dry run's transaction another connection of the revision would wait for that.
    """
    with suppress(DBAPIError), proof_transaction(connection):
        return _unforce(connection)
    return ()


def restore_force(connection: Connection, tables: Sequence[str]) -> None:
    """Set FORCE ROW LEVEL SECURITY again."""
    if tables:
        with proof_transaction(connection):
            for name in tables:
                execute(connection, f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")


def _unforce(connection: Connection) -> tuple[str, ...]:
    names = tuple(execute(connection, _FORCED).scalars())
    for name in names:
        execute(connection, f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
    return names


def _sets_parameter_of(table: HidingTable, statement: SentStatement) -> bool:
    """Return whether the statement sets a parameter by name that a policy of the table reads."""
    names = {
        f"'{found['parameter'] or unquote_literal(found['literal'].lstrip('eE'))}'".lower()
        for found in find_all(statement.sql, _SET, within=STRINGS)
        if found["literal"] or "." in found["parameter"]
    }
    return any(name in text.lower() for name in names for text in table.expressions)


def _names(sql: str, table: TableName) -> bool:
    """Return whether the statement names the table, with or without its schema."""
    bare = unquote_identifier(split_qualified_name(table)[-1]).lower()
    return any(name.lower() == bare for name in identifiers(sql, within=STRINGS))
