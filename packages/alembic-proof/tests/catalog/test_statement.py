"""Each row of each catalog that a user made is read, or left out by name."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from alembic_proof.catalog.parse import Address, ObjectNames, parse_rows
from alembic_proof.catalog.queries.statement import ATTRIBUTE_QUERIES, OBJECT_QUERIES, statement

from .cases import CASES
from .conftest import Database
from .reference_page import attributes_of

PARTS_OF_OTHERS = {
    "pg_attrdef": "part of its column",
    "pg_enum": "part of its type",
    "pg_amop": "part of its operator family",
    "pg_amproc": "part of its operator family",
    "pg_largeobject_metadata": "rows, not the schema's",
}
"""Whole catalogs whose rows are no objects of their own."""

_EXCEPT = {
    "pg_class": "relkind = 'c' OR relnamespace = 'pg_toast'::regnamespace",
    "pg_constraint": "contype IN ('n', 't') OR contype = 'f' AND conparentid <> 0",
    "pg_trigger": "tgisinternal",
    "pg_rewrite": "ev_type = '1'",
    "pg_namespace": "nspname ~ '^pg_(toast|temp)'",
    "pg_type": """typtype = 'm' OR typelem <> 0 AND typcategory = 'A'
        OR typtype = 'c' AND typrelid IN (SELECT oid FROM pg_class WHERE relkind <> 'c')""",
}
"""Rows that belong to others: what tables, types and keys make by themselves."""

_MADE_BY_OTHERS = """SELECT FROM pg_depend AS d
    WHERE d.classid = '{catalog}'::regclass AND d.objid = o.oid AND d.deptype IN ('i', 'e')"""
_CATALOGS = """SELECT c.relname FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'oid'
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r'
        AND NOT c.relisshared ORDER BY 1"""


def test_every_object_of_every_catalog_is_read(sample: Database) -> None:
    """Each object that a case creates has a key in the reading."""
    _make_everything(sample)
    names = ObjectNames(parse_rows(sample.run(_text_of(sample.major))))

    unseen = [at for at in sample.run(_addresses) if names.key(at) is None]

    assert unseen == []


def test_a_row_that_is_not_read_is_found(sample: Database) -> None:
    """The negative control: without the rows of one query its objects are missing."""
    raw = parse_rows(sample.run(_text_of(sample.major)))
    for address in [at for at, row in raw.rows.items() if row.kind == "policy"]:
        del raw.rows[address]

    names = ObjectNames(raw)

    assert "pg_policy" in {at[0] for at in sample.run(_addresses) if names.key(at) is None}


def test_every_attribute_is_on_the_page(sample: Database) -> None:
    """docs/reference/catalog.md lists every attribute of its kind that any object has."""
    _make_everything(sample)
    listed: dict[str, set[str]] = {}
    for query in OBJECT_QUERIES:
        for kind in query.kinds:
            listed.setdefault(kind, set()).update(attributes_of(query, kind))

    unlisted = {
        (str(one.kind), name)
        for one in sample.read().objects
        for name, _ in one.facts
        if name not in listed[one.kind] and not name.startswith("grant to ")
    }

    assert unlisted == set()


def test_every_comment_finds_its_object(sample: Database) -> None:
    """Each comment belongs to an object."""
    _make_everything(sample)
    raw = parse_rows(sample.run(_text_of(sample.major)))
    names = ObjectNames(raw)

    lost = [
        address
        for address, attributes in raw.attributes.items()
        if "comment" in attributes
        and names.key(address) is None
        and address not in raw.extension_members
    ]

    assert lost == []


def test_every_query_names_its_catalog_and_manual_page() -> None:
    """The catalog that it reads, and the page of the manual."""
    assert all(
        query.reads and query.manual.startswith(("catalog-", "view-")) for query in OBJECT_QUERIES
    )
    attributes = {query.attribute for query in ATTRIBUTE_QUERIES}
    assert len(attributes) == len(ATTRIBUTE_QUERIES) - 1  # two queries of comments


def _make_everything(sample: Database) -> None:
    """All changes of the cases that create something, one after the other."""
    sample.execute("DROP SCHEMA bare")
    for case in CASES:
        if case.since <= sample.major and "created" in case.name:
            for statement_ in (*case.setup, *case.changes):
                _try(sample, statement_)


def _try(sample: Database, statement_: str) -> None:
    """Leave out cases that create what another case has created."""
    sample.execute("SAVEPOINT made")
    try:
        sample.execute(statement_)
    except sa.exc.DBAPIError:
        sample.execute("ROLLBACK TO SAVEPOINT made")


def _text_of(major: int) -> Callable[[sa.Connection], str]:
    def read(connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql(statement(major=major)).scalar_one())

    return read


def _addresses(connection: sa.Connection) -> list[Address]:
    """Return the address of everything that a user made and that is no part of something else."""
    catalogs = connection.exec_driver_sql(_CATALOGS).scalars().all()
    return [
        (catalog, int(oid), 0)
        for catalog in catalogs
        if catalog not in PARTS_OF_OTHERS
        for oid in connection.exec_driver_sql(
            f"SELECT o.oid FROM {catalog} AS o WHERE o.oid >= 16384"
            f" AND NOT coalesce({_EXCEPT.get(catalog, 'false')}, false)"
            f" AND NOT EXISTS ({_MADE_BY_OTHERS.format(catalog=catalog)})"
        ).scalars()
    ]
