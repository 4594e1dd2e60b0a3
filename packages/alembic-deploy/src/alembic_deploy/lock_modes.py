"""Which lock modes a statement takes on which relations, from its text and without a server.

    >>> for lock in lock_modes("ALTER TABLE public.tags ADD COLUMN slug text"):
    ...     print(lock)
    ACCESS EXCLUSIVE on public.tags

The tests execute statements of every kind and compare with pg_locks. What a text cannot show is left
out: views and functions read other tables, triggers and foreign keys reach other tables when rows
change, partitions and children are locked like their parent, and owned sequences like their table.

Source: explicit-locking, "Table-Level Locks", and the page of each statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from alembic_deploy.queries import Use, locking_functions, queried_relations
from alembic_deploy.statements import (
    Found,
    called_functions,
    contains,
    find_all,
    first_parenthesized,
    fold_identifier,
    is_name,
    listed_names,
    match_start,
    qualified_name,
    split_list,
    tokenize,
)


class LockMode(StrEnum):
    """The modes of table locks, from the weakest to the strongest."""

    ACCESS_SHARE = "ACCESS SHARE"
    ROW_SHARE = "ROW SHARE"
    ROW_EXCLUSIVE = "ROW EXCLUSIVE"
    SHARE_UPDATE_EXCLUSIVE = "SHARE UPDATE EXCLUSIVE"
    SHARE = "SHARE"
    SHARE_ROW_EXCLUSIVE = "SHARE ROW EXCLUSIVE"
    EXCLUSIVE = "EXCLUSIVE"
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"

    @property
    def strength(self) -> int:
        """The place of the mode in that order, from 1."""
        return _STRENGTH[self]

    def conflicts_with(self, other: LockMode) -> bool:
        """Return whether two transactions cannot hold the modes on one table at once."""
        return other in _CONFLICTS[self]


_AS, _RS, _RE, _SUE, _S, _SRE, _EX, _AX = LockMode
_STRENGTH = {mode: place for place, mode in enumerate(LockMode, start=1)}
_CONFLICTS = {
    _AS: frozenset({_AX}),
    _RS: frozenset({_EX, _AX}),
    _RE: frozenset({_S, _SRE, _EX, _AX}),
    _SUE: frozenset({_SUE, _S, _SRE, _EX, _AX}),
    _S: frozenset({_RE, _SUE, _SRE, _EX, _AX}),
    _SRE: frozenset({_RE, _SUE, _S, _SRE, _EX, _AX}),
    _EX: frozenset({_RS, _RE, _SUE, _S, _SRE, _EX, _AX}),
    _AX: frozenset(LockMode),
}
"""Source: explicit-locking, "Conflicting Lock Modes"."""


class Reach(StrEnum):
    """How the locked relations follow from the one that the statement names."""

    NAMED = "{relation}"
    REFERENCED = "what foreign keys of {relation}{part} reference, if any"
    REFERENCING = "what has foreign keys to {relation}{part}, if any"
    INDEXED = "the table of {relation}"
    USED = "what {relation} uses"
    USED_BY = "what uses {relation}"
    UNKNOWN = ""
    """The text does not show which; `relation` says where they come from."""


@dataclass(frozen=True, slots=True)
class TableLock:
    """A lock that a statement takes on a table, a view, a sequence or an index."""

    relation: str
    """The name as PostgreSQL reads it, qualified where the statement qualifies it."""
    mode: LockMode | None
    """None if the text does not say what is locked."""
    work: str = ""
    """What takes long under the lock; empty if the lock is brief."""
    reach: Reach = Reach.NAMED
    part: str = ""
    """The raw name of the constraint or the column whose foreign keys count; empty for all."""

    @property
    def is_named(self) -> bool:
        """Whether it is `relation` that is locked."""
        return self.reach is Reach.NAMED

    def __str__(self) -> str:
        part = f" ({self.part})" if self.part else ""
        relation = self.reach.format(relation=self.relation, part=part) or self.relation
        if self.mode is None:
            return f"unknown: {relation}"
        return f"{self.mode} on {relation}{f' while it {self.work}' if self.work else ''}"


READS = "reads the rows"
REWRITES = "rewrites the table"
BUILDS = "builds the index"
ROWS = "changes rows"
_QUERY = "runs the query"

_Lock = tuple[str, LockMode, str, Reach]
"""A placeholder of the synopsis, the mode, the work and the reach."""
_Entry = tuple[str, tuple[_Lock, ...]]


def _on(
    placeholder: str, mode: LockMode, work: str = "", reach: Reach = Reach.NAMED
) -> tuple[_Lock, ...]:
    return ((placeholder, mode, work, reach),)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NOTHING: tuple[_Lock, ...] = ()
_NO_LOCKS = _words(
    "SET RESET SHOW BEGIN START COMMIT ROLLBACK END ABORT SAVEPOINT RELEASE NOTIFY LISTEN UNLISTEN "
    "DEALLOCATE DISCARD CHECKPOINT FETCH MOVE CLOSE"
)
"""The first words of statements that lock no relation."""
_OTHER_OBJECT = (
    "{ FUNCTION | PROCEDURE | ROUTINE | AGGREGATE | SCHEMA | ROLE | USER | GROUP | DATABASE | TYPE "
    "| DOMAIN | CAST | COLLATION | CONVERSION | OPERATOR | LANGUAGE | PROCEDURAL | TRUSTED | TRANSFORM "
    "| ACCESS | TABLESPACE | TEXT | EVENT | SERVER | FOREIGN DATA | SUBSCRIPTION | PUBLICATION "
    "| SEQUENCE | STATISTICS | DEFAULT PRIVILEGES | LARGE | SYSTEM | EXTENSION }"
)
"""Objects whose statements lock no relation unless an earlier entry says so."""
_RELATION = "{ TABLE | FOREIGN TABLE | MATERIALIZED VIEW | VIEW | SEQUENCE | INDEX }"

_STATEMENTS: tuple[_Entry, ...] = (
    # sql-createindex, sql-reindex, sql-dropindex
    (
        "CREATE [ UNIQUE ] INDEX CONCURRENTLY [ [ IF NOT EXISTS ] index ] ON [ ONLY ] table",
        _on("table", _SUE, BUILDS),
    ),
    (
        "CREATE [ UNIQUE ] INDEX [ [ IF NOT EXISTS ] index ] ON [ ONLY ] table",
        _on("table", _S, BUILDS),
    ),
    ("REINDEX { TABLE | INDEX } CONCURRENTLY table", _on("table", _SUE, BUILDS)),
    ("REINDEX TABLE table", _on("table", _S, BUILDS)),
    (
        "REINDEX INDEX index",
        (*_on("index", _AX, BUILDS), *_on("index", _S, BUILDS, Reach.INDEXED)),
    ),
    (
        "DROP INDEX CONCURRENTLY [ IF EXISTS ] index",
        (*_on("index", _SUE), *_on("index", _SUE, "", Reach.INDEXED)),
    ),
    (
        "DROP INDEX [ IF EXISTS ] tables",
        (*_on("tables", _AX), *_on("tables", _AX, "", Reach.INDEXED)),
    ),
    # sql-alterindex
    (
        "ALTER INDEX [ IF EXISTS ] index ATTACH PARTITION other",
        (*_on("index", _SUE), *_on("other", _AX), *_on("index", _AS, "", Reach.INDEXED)),
    ),
    ("ALTER INDEX [ IF EXISTS ] index SET TABLESPACE", _on("index", _AX, REWRITES)),
    ("ALTER INDEX [ IF EXISTS ] index", _on("index", _SUE)),
    # sql-createtrigger, sql-createpolicy, sql-createrule, and their ALTER and DROP
    (
        "CREATE [ OR REPLACE ] [ CONSTRAINT ] TRIGGER name … ON table FROM other",
        (*_on("table", _SRE), *_on("other", _AS)),
    ),
    ("CREATE [ OR REPLACE ] [ CONSTRAINT ] TRIGGER name … ON table", _on("table", _SRE)),
    (
        "CREATE [ OR REPLACE ] RULE name AS ON { SELECT | INSERT | UPDATE | DELETE } TO table",
        _on("table", _AX),
    ),
    ("CREATE POLICY name ON table", _on("table", _AX)),
    ("{ ALTER | DROP } { TRIGGER | POLICY | RULE } [ IF EXISTS ] name ON table", _on("table", _AX)),
    # sql-createstatistics, sql-dropstatistics, sql-createpublication
    ("CREATE STATISTICS … FROM table", _on("table", _SUE)),
    ("DROP STATISTICS [ IF EXISTS ] name", _on("name", _SUE, "", Reach.INDEXED)),
    ("CREATE PUBLICATION name FOR TABLE [ ONLY ] tables", _on("tables", _SUE)),
    ("ALTER PUBLICATION name { ADD | SET | DROP } TABLE [ ONLY ] tables", _on("tables", _SUE)),
    # sql-droptable and the other relations
    (
        "DROP TABLE [ IF EXISTS ] tables",
        (*_on("tables", _AX), *_on("tables", _AX, "", Reach.REFERENCED)),
    ),
    (
        "DROP { VIEW | MATERIALIZED VIEW | SEQUENCE | FOREIGN TABLE } [ IF EXISTS ] tables",
        _on("tables", _AX),
    ),
    # sql-refreshmaterializedview, sql-cluster, sql-vacuum, sql-analyze, sql-truncate
    (
        "REFRESH MATERIALIZED VIEW CONCURRENTLY table",
        (*_on("table", _EX, _QUERY), *_on("table", _AS, _QUERY, Reach.USED)),
    ),
    (
        "REFRESH MATERIALIZED VIEW table",
        (*_on("table", _AX, _QUERY), *_on("table", _AS, _QUERY, Reach.USED)),
    ),
    ("CLUSTER [ VERBOSE ] table", _on("table", _AX, REWRITES)),
    ("VACUUM FULL [ VERBOSE ] [ ANALYZE ] tables", _on("tables", _AX, REWRITES)),
    ("{ VACUUM | ANALYZE } [ VERBOSE ] [ ANALYZE ] tables", _on("tables", _SUE, READS)),
    ("TRUNCATE [ TABLE ] [ ONLY ] tables", _on("tables", _AX)),
    # sql-createsequence, sql-altersequence
    ("CREATE SEQUENCE … OWNED BY column", _on("column", _AS)),
    ("ALTER SEQUENCE [ IF EXISTS ] sequence OWNED BY NONE", _on("sequence", _SRE)),
    (
        (
            "ALTER SEQUENCE [ IF EXISTS ] sequence "
            "{ RENAME | OWNER | SET SCHEMA | SET LOGGED | SET UNLOGGED }"
        ),
        _on("sequence", _AX),
    ),
    (
        "ALTER SEQUENCE [ IF EXISTS ] sequence … OWNED BY column",
        (*_on("sequence", _SRE), *_on("column", _AS)),
    ),
    ("ALTER SEQUENCE [ IF EXISTS ] sequence", _on("sequence", _SRE)),
    # sql-comment, sql-grant (since PostgreSQL 18)
    ("COMMENT ON COLUMN column", _on("column", _SUE)),
    (f"COMMENT ON {_RELATION} table", _on("table", _SUE)),
    ("COMMENT ON CONSTRAINT name ON DOMAIN", _NOTHING),
    ("COMMENT ON { CONSTRAINT | TRIGGER | POLICY | RULE } name ON table", _on("table", _AS)),
    ("COMMENT ON", _NOTHING),
    (
        (
            "{ GRANT | REVOKE } … ON { ALL | SCHEMA | DATABASE | FUNCTION | PROCEDURE | ROUTINE "
            "| LANGUAGE | LARGE | TYPE | DOMAIN | TABLESPACE | FOREIGN | PARAMETER }"
        ),
        _NOTHING,
    ),
    ("{ GRANT | REVOKE } … ON [ { TABLE | SEQUENCE } ] tables", _on("tables", _AS)),
    ("{ GRANT | REVOKE }", _NOTHING),
    # sql-altertype, sql-alterdomain: those of a composite type lock it as a relation
    ("ALTER TYPE type { ADD | RENAME } VALUE", _NOTHING),
    ("ALTER TYPE type { ADD | DROP | ALTER | RENAME } ATTRIBUTE", _on("type", _AX)),
    ("ALTER TYPE type", _NOTHING),
    ("ALTER DOMAIN type ADD … NOT VALID", _NOTHING),
    ("ALTER DOMAIN type { ADD | SET NOT NULL | VALIDATE }", _on("type", _S, READS, Reach.USED_BY)),
    # sql-copy
    ("COPY table … FROM", _on("table", _RE, ROWS)),
    ("COPY table", _on("table", _AS, READS)),
    (f"CREATE [ OR REPLACE ] {_OTHER_OBJECT}", _NOTHING),
    (f"{{ ALTER | DROP }} {_OTHER_OBJECT}", _NOTHING),
)
"""The locks of statements by their synopsis. The first that matches counts; `…` skips any text."""

_WITH_CHECKS = "reads the rows unless a valid check excludes NULL"
_REFERENCING = (*_on("table", _SRE), *_on("other", _SRE))
_ACTIONS: tuple[_Entry, ...] = (
    (
        "VALIDATE CONSTRAINT part",
        (*_on("table", _SUE, READS), *_on("table", _RS, READS, Reach.REFERENCED)),
    ),
    ("ADD [ CONSTRAINT name ] FOREIGN KEY … REFERENCES other … NOT VALID", _REFERENCING),
    (
        "ADD [ CONSTRAINT name ] FOREIGN KEY … REFERENCES other",
        (*_on("table", _SRE, READS), *_on("other", _SRE, READS)),
    ),
    ("ADD [ CONSTRAINT name ] { CHECK | NOT NULL } … NOT VALID", _on("table", _AX)),
    ("ADD [ CONSTRAINT name ] { CHECK | NOT NULL }", _on("table", _AX, READS)),
    ("ADD [ CONSTRAINT name ] { UNIQUE | PRIMARY KEY } USING INDEX", _on("table", _AX)),
    ("ADD [ CONSTRAINT name ] { UNIQUE | PRIMARY KEY | EXCLUDE }", _on("table", _AX, BUILDS)),
    (
        "DROP { CONSTRAINT [ IF EXISTS ] part | [ COLUMN ] [ IF EXISTS ] part }",
        (*_on("table", _AX), *_on("table", _AX, "", Reach.REFERENCED)),
    ),
    (
        "ALTER CONSTRAINT part … ENFORCED",
        (*_on("table", _AX, READS), *_on("table", _AX, "", Reach.REFERENCED)),
    ),
    (
        "ALTER [ COLUMN ] part [ SET DATA ] TYPE",
        (
            *_on("table", _AX, REWRITES),
            *_on("table", _AX, "", Reach.REFERENCED),
            *_on("table", _AX, "", Reach.REFERENCING),
        ),
    ),
    ("ALTER [ COLUMN ] name SET EXPRESSION", _on("table", _AX, REWRITES)),
    ("ALTER [ COLUMN ] name SET NOT NULL", _on("table", _AX, _WITH_CHECKS)),
    ("ALTER [ COLUMN ] name { SET STATISTICS | SET ( | RESET ( }", _on("table", _SUE)),
    ("{ ENABLE | DISABLE } [ { ALWAYS | REPLICA } ] TRIGGER", _on("table", _SRE)),
    ("{ CLUSTER ON | SET WITHOUT CLUSTER }", _on("table", _SUE)),
    ("SET { LOGGED | UNLOGGED | ACCESS METHOD | TABLESPACE }", _on("table", _AX, REWRITES)),
    (
        (
            "{ SET | RESET } ( … "
            "{ USER_CATALOG_TABLE | SECURITY_BARRIER | SECURITY_INVOKER | CHECK_OPTION }"
        ),
        _on("table", _AX),
    ),
    ("{ SET | RESET } (", _on("table", _SUE)),
    ("INHERIT other", (*_on("table", _AX), *_on("other", _SUE))),
    ("NO INHERIT other", (*_on("table", _AX), *_on("other", _AS))),
    ("ATTACH PARTITION other", (*_on("table", _SUE), *_on("other", _AX, READS))),
    (
        "DETACH PARTITION other { CONCURRENTLY | FINALIZE }",
        (*_on("table", _SUE), *_on("other", _AX)),
    ),
    ("DETACH PARTITION other", (*_on("table", _AX), *_on("other", _AX))),
)
"""The locks of the actions of ALTER TABLE; any other takes ACCESS EXCLUSIVE. Source: sql-altertable."""

VOLATILE = _words(
    "nextval gen_random_uuid uuidv4 uuidv7 random random_normal clock_timestamp timeofday uuid_generate_v1 "
    "uuid_generate_v1mc uuid_generate_v4"
)
"""Functions of PostgreSQL and its extensions that are usual in defaults, and volatile."""
_ALTERED = "ALTER { TABLE | FOREIGN TABLE | MATERIALIZED VIEW | VIEW } [ IF EXISTS ] [ ONLY ] table"
_CREATED = "CREATE [ { TEMPORARY | TEMP | UNLOGGED | FOREIGN } ] TABLE [ IF NOT EXISTS ] table"
_VIEW = "CREATE [ OR REPLACE ] [ { TEMPORARY | TEMP } ] [ RECURSIVE ] VIEW table"
_QUERY_START = "{ SELECT | WITH | VALUES | TABLE | INSERT | UPDATE | DELETE | MERGE }"
_MODE_OF = {Use.READ: _AS, Use.LOCK: _RS, Use.CHANGE: _RE}


@lru_cache(maxsize=4096)
def lock_modes(sql: str) -> tuple[TableLock, ...]:
    """Return the locks that one statement takes on relations that exist before it.

    Of several locks on one relation the strongest; of indexes those that it names. Empty means that
    it locks none; a lock without a mode means that it may lock more than the others: a DO block, a
    function, a statement that is not known here.

    >>> [str(lock) for lock in lock_modes("DROP TABLE tags")]
    ['ACCESS EXCLUSIVE on tags', 'ACCESS EXCLUSIVE on what foreign keys of tags reference, if any']
    """
    return _strongest(_locks_of(sql))


def _locks_of(sql: str) -> Iterable[TableLock]:
    tokens = tokenize(sql)
    first = next((token.text.upper() for token in tokens if token.text != "("), "")
    if not first or first in _NO_LOCKS:
        return ()
    if match_start(sql, f"{{ {_QUERY_START} | ( }}"):
        return _of_query(sql)
    match first:
        case "LOCK":
            return _of_lock_table(sql)
        case "EXPLAIN" | "DECLARE" | "PREPARE" | "COPY" if inner := _inner_query(sql):
            return _of_query(inner)
        case "ALTER" if (found := match_start(sql, _ALTERED)) and found["table"].upper() != "ALL":
            return _of_alter_table(found)
        case "CREATE" if found := match_start(sql, _CREATED):
            return _of_create_table(found)
        case "CREATE" if (locks := _of_definition(sql)) is not None:
            return locks
    locks = _of_table(sql, _STATEMENTS)
    if locks is None:
        return (_unknown(f"what {first} executes"),)
    return (*locks, *_of_cascade(sql, locks))


def _strongest(locks: Iterable[TableLock]) -> tuple[TableLock, ...]:
    """Return one lock for each relation, the strongest; of equal ones that which is held for long."""
    found: dict[tuple[str, Reach, str], TableLock] = {}
    for lock in locks:
        key = (lock.relation, lock.reach, lock.part)
        kept = found.get(key)
        if kept is None or _weight(lock) > _weight(kept):
            found[key] = lock
    return tuple(found.values())


def _weight(lock: TableLock) -> tuple[int, bool]:
    return (lock.mode.strength if lock.mode else 0, bool(lock.work))


def _unknown(why: str) -> TableLock:
    return TableLock(why, None, reach=Reach.UNKNOWN)


def _of_query(sql: str) -> Iterator[TableLock]:
    """Yield the locks of a query or a change of rows."""
    yield from _of_relations(sql)
    sequences = [*find_all(sql, "{ NEXTVAL | SETVAL } ( literal")]
    for found in sequences:
        yield TableLock(qualified_name(found["literal"].strip("'")), _RE)
    for name in locking_functions(sql):
        if name.removeprefix("pg_catalog.") not in ("nextval", "setval") or not sequences:
            yield _unknown(f"what {name}() executes")


def _of_relations(sql: str) -> Iterator[TableLock]:
    for one in queried_relations(sql):
        yield TableLock(one.name, _MODE_OF[one.use], ROWS if one.use is Use.CHANGE else "")


def _inner_query(sql: str) -> str:
    """Return the query inside of EXPLAIN, DECLARE, PREPARE or COPY; empty without one."""
    found = next(find_all(sql, _QUERY_START), None)
    is_table = match_start(sql, "COPY name") is not None
    return "" if found is None or is_table else sql[found.start :]


def _of_lock_table(sql: str) -> Iterator[TableLock]:
    found = match_start(sql, "LOCK [ TABLE ] [ ONLY ] tables")
    if found is None:
        return
    names, rest = listed_names(found, "tables")
    mode = next((one for one in LockMode if match_start(rest, f"IN {one} MODE")), _AX)
    for name in names:
        yield TableLock(qualified_name(name), mode)


def _of_alter_table(found: Found) -> Iterator[TableLock]:
    table = qualified_name(found["table"])
    for action in split_list(found.rest):
        yield from _of_action(action, table)
        yield from _of_cascade(action, (TableLock(table, _AX),))


def _of_action(action: str, table: str) -> Iterator[TableLock]:
    locks = _of_table(action, _ACTIONS, table=table)
    if locks is not None:
        yield from locks
        return
    is_column = match_start(action, "ADD") is not None
    yield TableLock(table, _AX, _work_for_column(action) if is_column else "")
    yield from _of_references(action, own=table)


def _work_for_column(action: str) -> str:
    """Return what takes long when the column is added. Source: sql-altertable, "Notes"."""
    if contains(action, "{ STORED | IDENTITY | SERIAL | BIGSERIAL | SMALLSERIAL }"):
        return REWRITES
    if not VOLATILE.isdisjoint(called_functions(action)):
        return REWRITES
    if contains(action, "{ UNIQUE | PRIMARY KEY }"):
        return BUILDS
    return READS if contains(action, "CHECK") else ""


def _of_references(sql: str, *, own: str) -> Iterator[TableLock]:
    """Yield the locks on the tables that foreign keys in the SQL reference."""
    for found in find_all(sql, "REFERENCES other"):
        if (other := qualified_name(found["other"])) != own:
            yield TableLock(other, _SRE)


def _of_create_table(found: Found) -> Iterator[TableLock]:
    """Yield the locks of CREATE TABLE on other tables. Source: sql-createtable, sql-createtableas."""
    rest = found.rest
    if of := match_start(rest, "{ PARTITION OF | OF } other"):
        is_partition = match_start(rest, "PARTITION") is not None
        yield TableLock(qualified_name(of["other"]), _AX if is_partition else _AS)
    for parents in find_all(rest, "INHERITS ( tables"):
        for name in listed_names(parents, "tables")[0]:
            yield TableLock(qualified_name(name), _SUE)
    columns = first_parenthesized(rest.lstrip())[0] if match_start(rest, "(") else ""
    for element in split_list(columns):
        if like := match_start(element, "LIKE other"):
            yield TableLock(qualified_name(like["other"]), _AS)
    yield from _of_references(rest, own=qualified_name(found["table"]))
    for query in find_all(rest, f"AS [ ( ] {_QUERY_START}"):
        yield from _of_query(rest[query.start + len("AS") :])
    if contains(rest, "AS EXECUTE"):
        yield _unknown("what EXECUTE executes")


def _of_definition(sql: str) -> tuple[TableLock, ...] | None:
    """Return the locks of a definition with queries: view, SQL function, policy, rule; else None."""
    if found := match_start(sql, _VIEW):
        is_replaced = match_start(sql, "CREATE OR REPLACE") is not None
        view = (TableLock(qualified_name(found["table"]), _AX),) if is_replaced else ()
        return (*view, *_of_relations(found.rest))
    if match_start(sql, "CREATE MATERIALIZED VIEW"):
        return tuple(_of_query(_inner_query(sql)))
    if match_start(sql, "CREATE [ OR REPLACE ] { FUNCTION | PROCEDURE }"):
        return tuple(lock for body in _sql_bodies(sql) for lock in _of_relations(body))
    if match_start(sql, "CREATE POLICY"):
        begin = next(find_all(sql, "{ USING ( | WITH CHECK ( }"), None)
        queries = _of_relations(sql[begin.start :]) if begin else ()
        return (*(_of_table(sql, _STATEMENTS) or ()), *queries)
    if rule := _match(sql, "CREATE [ OR REPLACE ] RULE … DO [ { ALSO | INSTEAD } ]"):
        return (*(_of_table(sql, _STATEMENTS) or ()), *_of_relations(rule.rest))
    return None


def _sql_bodies(sql: str) -> Iterator[str]:
    """Yield the queries of a function in SQL, which are analysed when it is created."""
    if atomic := next(find_all(sql, "BEGIN ATOMIC"), None):
        yield atomic.rest
    elif contains(sql, "LANGUAGE SQL"):
        yield from (token.quoted_text for token in tokenize(sql) if token.quoted_text)


def _of_cascade(sql: str, locks: Iterable[TableLock]) -> Iterator[TableLock]:
    """Yield the locks on what CASCADE reaches beside the locked relations."""
    is_one = match_start(sql, "{ DROP | TRUNCATE | ALTER TYPE }") is not None
    if is_one and tokenize(sql)[-1].is_word("CASCADE"):
        named = [one.relation for one in locks if one.is_named]
        yield from (TableLock(one, _AX, reach=Reach.USED_BY) for one in named)
        if not named:
            yield TableLock("what uses the dropped object", _AX, reach=Reach.UNKNOWN)


def _of_table(
    sql: str, entries: Iterable[_Entry], *, table: str = ""
) -> tuple[TableLock, ...] | None:
    """Return the locks of the first entry whose synopsis matches; None without one."""
    for synopsis, locks in entries:
        found = _match(sql, synopsis)
        if found is not None:
            return tuple(_completed(found, locks, table=table))
    return None


def _completed(found: Found, locks: Iterable[_Lock], *, table: str) -> Iterator[TableLock]:
    """Yield the locks with the names of the statement; `table` is that of ALTER TABLE."""
    for placeholder, mode, work, reach in locks:
        part = fold_identifier(found["part"])
        for name in _names(found, placeholder, table=table):
            yield TableLock(name, mode, work, reach, part if reach in _OF_KEYS else "")


_OF_KEYS = (Reach.REFERENCED, Reach.REFERENCING)


def _names(found: Found, placeholder: str, *, table: str) -> tuple[str, ...]:
    match placeholder:
        case "tables":
            return tuple(map(qualified_name, listed_names(found, "tables")[0]))
        case "table" if table:
            return (table,)
        case "column":
            parts = [token.text for token in tokenize(found["column"]) if is_name(token)]
            return (qualified_name(".".join(parts[:-1])),)
        case _:
            return (qualified_name(found[placeholder]),)


def _match(sql: str, synopsis: str) -> Found | None:
    """Return what the statement begins with; `…` in the synopsis skips any text."""
    first, *others = synopsis.split("…")
    found = match_start(sql, first)
    for part in others:
        if found is None:
            return None
        following = next(find_all(found.rest, part), None)
        names = found.names
        found = following and replace(following, names={**names, **following.names})
    return found
