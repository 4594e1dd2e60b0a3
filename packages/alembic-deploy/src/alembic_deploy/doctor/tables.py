"""Checks of tables: row-level security, indexes, constraints, triggers, owners, sequences."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from alembic_deploy.concurrently import read_invalid_indexes
from alembic_deploy.doctor.check import (
    HAS_ITS_OWN_OWNER,
    OWNED_OBJECTS,
    USER_SCHEMA,
    Expectations,
    rows,
)
from alembic_deploy.finding import Finding

_ROW_SECURITY_OFF = f"""
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name,
       policies.number AS policies
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
CROSS JOIN LATERAL (
    SELECT pg_catalog.count(*) AS number
    FROM pg_catalog.pg_policy AS policy
    WHERE policy.polrelid = relation.oid
) AS policies
WHERE relation.relkind IN ('r', 'p')
AND {USER_SCHEMA}
AND NOT relation.relrowsecurity
AND (
    policies.number > 0
    OR EXISTS (
        SELECT
        FROM pg_catalog.pg_attribute AS attribute
        WHERE attribute.attrelid = relation.oid
        AND attribute.attname = CAST(:tenant_column AS name)
        AND NOT attribute.attisdropped
    )
)
ORDER BY 1
"""

_NO_POLICY = f"""
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name
FROM pg_catalog.pg_class AS relation
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE relation.relkind IN ('r', 'p')
AND {USER_SCHEMA}
AND relation.relrowsecurity
AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_policy AS policy WHERE policy.polrelid = relation.oid
)
ORDER BY 1
"""

_NOT_VALID_CONSTRAINTS = f"""
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS table_name,
       pg_catalog.format('%I', own.conname) AS name
FROM pg_catalog.pg_constraint AS own
JOIN pg_catalog.pg_class AS relation ON relation.oid = own.conrelid
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE NOT own.convalidated
AND own.conparentid = 0
AND {USER_SCHEMA}
AND coalesce(pg_catalog.to_jsonb(own) ->> 'conenforced', 'true') = 'true'
ORDER BY 1, 2
"""
"""A constraint that is NOT ENFORCED (PostgreSQL 18) is not validated on purpose."""

_DISABLED_TRIGGERS = f"""
SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS table_name,
       pg_catalog.string_agg(
           pg_catalog.format('%I', own.tgname), ', ' ORDER BY own.tgname
       ) FILTER (WHERE NOT own.tgisinternal) AS names,
       pg_catalog.bool_or(own.tgisinternal) AS has_foreign_keys
FROM pg_catalog.pg_trigger AS own
JOIN pg_catalog.pg_class AS relation ON relation.oid = own.tgrelid
JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
WHERE own.tgenabled = 'D'
AND {USER_SCHEMA}
GROUP BY space.nspname, relation.relname
ORDER BY 1
"""

_OTHER_OWNERS = f"""
WITH owned AS ({OWNED_OBJECTS})
SELECT object.type AS kind,
       object.identity AS name,
       pg_catalog.format('%I', pg_catalog.pg_get_userbyid(owned.owner)) AS owner,
       pg_catalog.format('%I', expected.rolname) AS expected,
       CASE expected.oid WHEN version_owner.oid THEN 'version table' ELSE 'database' END AS possession
FROM pg_catalog.pg_class AS version
JOIN pg_catalog.pg_roles AS version_owner ON version_owner.oid = version.relowner
JOIN pg_catalog.pg_database AS here ON here.datname = pg_catalog.current_database()
JOIN pg_catalog.pg_roles AS here_owner ON here_owner.oid = here.datdba
JOIN pg_catalog.pg_roles AS expected ON expected.oid = CASE
    WHEN version_owner.rolsuper AND NOT here_owner.rolsuper THEN here_owner.oid
    ELSE version_owner.oid
END
JOIN owned ON owned.space = version.relnamespace AND owned.owner <> expected.oid
CROSS JOIN LATERAL pg_catalog.pg_identify_object(owned.catalog, owned.oid, 0) AS object
WHERE version.oid = pg_catalog.to_regclass(:version_table)
AND {HAS_ITS_OWN_OWNER}
ORDER BY 1, 2
"""

_SEQUENCES = f"""
WITH used AS (
    SELECT pg_catalog.format('%I.%I', space.nspname, relation.relname) AS name,
           pg_catalog.quote_ident(owning_space.nspname) || '.'
           || pg_catalog.quote_ident(owning.relname) || '.'
           || pg_catalog.quote_ident(owner.attname) AS owner,
           sequence.last_value,
           CASE
               WHEN owner.atttypid = CAST('int2' AS regtype) THEN 32767
               WHEN owner.atttypid = CAST('int4' AS regtype) THEN 2147483647
               ELSE sequence.max_value
           END AS column_maximum,
           sequence.max_value
    FROM pg_catalog.pg_sequences AS sequence
    JOIN pg_catalog.pg_namespace AS space ON space.nspname = sequence.schemaname
    JOIN pg_catalog.pg_class AS relation
        ON relation.relnamespace = space.oid AND relation.relname = sequence.sequencename
    LEFT JOIN pg_catalog.pg_depend AS link
        ON link.classid = CAST('pg_catalog.pg_class' AS regclass)
        AND link.objid = relation.oid
        AND link.refclassid = CAST('pg_catalog.pg_class' AS regclass)
        AND link.refobjsubid > 0
        AND link.deptype IN ('a', 'i')
    LEFT JOIN pg_catalog.pg_attribute AS owner
        ON owner.attrelid = link.refobjid AND owner.attnum = link.refobjsubid
    LEFT JOIN pg_catalog.pg_class AS owning ON owning.oid = owner.attrelid
    LEFT JOIN pg_catalog.pg_namespace AS owning_space ON owning_space.oid = owning.relnamespace
    WHERE {USER_SCHEMA}
    AND sequence.increment_by > 0
    AND NOT sequence.cycle
)
SELECT name,
       owner,
       last_value,
       least(max_value, column_maximum) AS maximum
FROM used
WHERE last_value >= least(max_value, column_maximum) * CAST(:share AS double precision)
ORDER BY 1
"""
"""What the login may not read has no last_value, and is left out."""


def row_security_off(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the tables whose policies do nothing, and those of tenants that are open to all.

    Source: ddl-rowsecurity.
    """
    for row in rows(connection, _ROW_SECURITY_OFF, tenant_column=expected.tenant_column):
        why = "its policies do nothing" if row.policies else "any tenant's rows are visible"
        todo = f"ALTER TABLE {row.name} ENABLE ROW LEVEL SECURITY"
        if not row.policies:
            todo += ", and CREATE POLICY on it"
        yield Finding(
            id="rls-off",
            what=f"row-level security is off: {why}",
            where=f"table {row.name}",
            todo=todo,
        )


def no_policy(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield the tables whose row-level security hides every row from all but the owner."""
    for row in rows(connection, _NO_POLICY):
        yield Finding(
            id="rls-without-policy",
            what="row-level security is on and no policy exists: only the owner sees rows",
            where=f"table {row.name}",
            todo=f"CREATE POLICY on it, or ALTER TABLE {row.name} DISABLE ROW LEVEL SECURITY",
        )


def invalid_indexes(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield the indexes that no query uses and that every write maintains."""
    for index in read_invalid_indexes(connection):
        if index.is_being_built:
            continue
        if index.is_partitioned:
            todo = (
                "ALTER INDEX … ATTACH PARTITION an index of each partition, or drop and create it"
            )
        elif index.is_left_by_reindex:
            todo = f"DROP INDEX CONCURRENTLY {index.name}: a REINDEX left it"
        else:
            todo = (
                f"REINDEX INDEX CONCURRENTLY {index.name}; where a revision creates it, "
                f"DROP INDEX CONCURRENTLY {index.name}, then run the upgrade again"
            )
        yield Finding(
            id="invalid-index",
            what="the index is INVALID: a CREATE INDEX CONCURRENTLY did not end",
            where=f"index {index.name} on {index.table_name}",
            todo=todo,
        )


def not_valid_constraints(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield the constraints that older rows may violate.

    Source: sql-altertable, "ADD table_constraint [ NOT VALID ]".
    """
    for row in rows(connection, _NOT_VALID_CONSTRAINTS):
        yield Finding(
            id="constraint-not-valid",
            what="the constraint is NOT VALID: older rows may violate it",
            where=f"constraint {row.name} of {row.table_name}",
            todo=f"correct such rows, then ALTER TABLE {row.table_name} VALIDATE CONSTRAINT {row.name}",
        )


def disabled_triggers(connection: Connection, _: Expectations) -> Iterator[Finding]:
    """Yield the tables with triggers that do not fire; foreign keys are triggers as well.

    Source: sql-altertable, "DISABLE/ENABLE TRIGGER".
    """
    for row in rows(connection, _DISABLED_TRIGGERS):
        if row.names:
            yield Finding(
                id="trigger-disabled",
                what=f"triggers are disabled: {row.names}",
                where=f"table {row.table_name}",
                todo=f"ALTER TABLE {row.table_name} ENABLE TRIGGER each, or drop what is not needed",
            )
        if row.has_foreign_keys:
            yield Finding(
                id="foreign-key-disabled",
                what="its foreign keys are not checked: DISABLE TRIGGER ALL was not undone",
                where=f"table {row.table_name}",
                todo=f"ALTER TABLE {row.table_name} ENABLE TRIGGER ALL as a superuser, and look for rows "
                "that refer to nothing",
            )


def other_owners(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield what another role owns beside the version table: no revision can alter it.

    A superuser who owns the version table in another role's database has migrated it by mistake.
    """
    for row in rows(connection, _OTHER_OWNERS, version_table=expected.version_table):
        yield Finding(
            id="other-owner",
            what=f"{row.owner} owns it, and {row.expected} the {row.possession}: "
            "revisions cannot alter it",
            where=f"{row.kind} {row.name}",
            todo=f"ALTER {row.kind.upper()} {row.name} OWNER TO {row.expected}",
        )


def sequences_near_their_end(connection: Connection, expected: Expectations) -> Iterator[Finding]:
    """Yield the sequences that will soon have no number for their column."""
    for row in rows(connection, _SEQUENCES, share=expected.sequence_share):
        used = f"{row.last_value:,} of {row.maximum:,} numbers are used"
        yield Finding(
            id="sequence-near-end",
            what=f"{used}; then every INSERT fails",
            where=f"sequence {row.name}" + (f" of {row.owner}" if row.owner else ""),
            todo="change the column to bigint in small steps, and ALTER SEQUENCE … AS bigint",
        )


CHECKS = (
    row_security_off,
    no_policy,
    invalid_indexes,
    not_valid_constraints,
    disabled_triggers,
    other_owners,
    sequences_near_their_end,
)
