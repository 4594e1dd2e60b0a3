"""Nothing user-made is invisible: every row of every catalog is somebody's, or left out by name."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from alembic_proof.catalog.names import Names
from alembic_proof.catalog.queries import SAYINGS, SELECTS, statement
from alembic_proof.catalog.rows import Address, parse

from .battery import CASES
from .conftest import Database
from .page import attributes_of

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


def test_every_object_of_every_catalog_is_read(zoo: Database) -> None:
    """An object that is made in any way of the battery has a key in the reading."""
    _make_everything(zoo)
    names = Names(parse(zoo.run(_text_of(zoo.major))))

    unseen = [at for at in zoo.run(_addresses) if names.key(at) is None]

    assert unseen == []


def test_a_row_that_nobody_reads_would_be_noticed(zoo: Database) -> None:
    """The negative control: without the rows of one SELECT its objects are missed."""
    reading = parse(zoo.run(_text_of(zoo.major)))
    for address in [at for at, row in reading.rows.items() if row.kind == "policy"]:
        del reading.rows[address]

    names = Names(reading)

    assert "pg_policy" in {at[0] for at in zoo.run(_addresses) if names.key(at) is None}


def test_every_attribute_is_on_the_page(zoo: Database) -> None:
    """docs/catalog.md lists every attribute of its kind that any object has."""
    _make_everything(zoo)
    listed: dict[str, set[str]] = {}
    for select in SELECTS:
        for kind in select.kinds:
            listed.setdefault(kind, set()).update(attributes_of(select, kind))

    unlisted = {
        (str(one.kind), name)
        for one in zoo.read().objects
        for name, _ in one.facts
        if name not in listed[one.kind] and not name.startswith("grant to ")
    }

    assert unlisted == set()


def test_every_comment_finds_its_object(zoo: Database) -> None:
    """No comment is read that belongs to nothing."""
    _make_everything(zoo)
    reading = parse(zoo.run(_text_of(zoo.major)))
    names = Names(reading)

    lost = [
        address
        for address, said in reading.sayings.items()
        if "comment" in said and names.key(address) is None and address not in reading.members
    ]

    assert lost == []


def test_every_select_names_its_catalog_and_manual_page() -> None:
    """What is read, and where the manual explains it, stands at each query."""
    assert all(
        select.reads and select.manual.startswith(("catalog-", "view-")) for select in SELECTS
    )
    assert len({saying.attribute for saying in SAYINGS}) == len(SAYINGS) - 1  # two of comments


def _make_everything(zoo: Database) -> None:
    """All changes of the battery that create something, one after the other."""
    zoo.execute("DROP SCHEMA bare")
    for case in CASES:
        if case.since <= zoo.major and "created" in case.name:
            for statement_ in (*case.setup, *case.changes):
                _try(zoo, statement_)


def _try(zoo: Database, statement_: str) -> None:
    """Some cases make what another one has made: that one does."""
    zoo.execute("SAVEPOINT made")
    try:
        zoo.execute(statement_)
    except sa.exc.DBAPIError:
        zoo.execute("ROLLBACK TO SAVEPOINT made")


def _text_of(major: int) -> Callable[[sa.Connection], str]:
    def read(connection: sa.Connection) -> str:
        return str(connection.exec_driver_sql(statement(major=major)).scalar_one())

    return read


def _addresses(connection: sa.Connection) -> list[Address]:
    """The address of everything that a user made and that is no part of something else."""
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
