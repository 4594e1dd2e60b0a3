"""Unusual names, tables with dropped columns, and objects of other sessions."""

from __future__ import annotations

import pytest

from alembic_proof.authoring.plan import plan_sql
from alembic_proof.catalog import Catalog, Snapshot, diff
from alembic_proof.finding import Severity

from .cases.sample_schema import READER
from .conftest import Database, open_database

_NAMES = (
    *('a"b', '"', "a.b", "a\nb", "a\tb", "💥 é", "100%", "%s", "a:b :c", "x" * 63, "é" * 31),
    *("it's", "a\\b", "select", "$1", "a, b", "(c)", "A", "a -> b", "{x}", " lead", "trail "),
    *("a=b/c", "/* c */", "--x", ";", "PUBLIC", "(owner)", "NULL", "none", "missing"),
)
_MADE = """CREATE SCHEMA {name}
CREATE TYPE {name}.mood AS ENUM ({text}, 'b')
CREATE TABLE {name}.{name} ({name} integer PRIMARY KEY, other text DEFAULT {text}, gone text)
ALTER TABLE {name}.{name} ADD CONSTRAINT {name} CHECK (other <> {text})
ALTER TABLE {name}.{name} DROP COLUMN gone
CREATE INDEX ix ON {name}.{name} (other)
CREATE SEQUENCE {name}.s OWNED BY {name}.{name}.{name}
CREATE FUNCTION {name}.{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$
CREATE TRIGGER {name} BEFORE UPDATE ON {name}.{name} FOR EACH ROW EXECUTE FUNCTION {name}.{name}()
CREATE POLICY {name} ON {name}.{name} TO {role} USING (other = {text})
COMMENT ON TABLE {name}.{name} IS {text}
COMMENT ON COLUMN {name}.{name}.{name} IS {text}
CREATE VIEW {name}.v AS SELECT {name} FROM {name}.{name}
CREATE RULE {name} AS ON INSERT TO {name}.v DO INSTEAD NOTHING
CREATE STATISTICS {name}.st ON {name}, other FROM {name}.{name}
CREATE DOMAIN {name}.d AS text CONSTRAINT {name} CHECK (VALUE <> {text})
ALTER DOMAIN {name}.d OWNER TO {role}
GRANT SELECT, UPDATE (other) ON {name}.{name} TO {role}
CREATE PUBLICATION {name} FOR TABLE {name}.{name}"""


@pytest.mark.parametrize("name", _NAMES, ids=ascii)
def test_any_name_is_read_and_written_back(empty: Database, name: str) -> None:
    """The written statements create and drop the objects; no two are confused."""
    words = {"name": _quoted(name), "role": _quoted(_role(name)), "text": _literal(name)}
    statements = [line.format(**words) for line in _joined(_MADE, name)]
    try:
        empty.execute(f"CREATE ROLE {words['role']}")
        before = empty.snapshot()
        empty.execute(*statements)
        after = empty.snapshot()
        _turn(empty, after, before)
        _turn(empty, before, after)
    finally:
        empty.rollback()

    keys = [record.key for record in after.catalog.objects]
    assert len(set(keys)) == len(keys) > len(before.catalog.objects) + 15


def test_dropped_columns_do_not_matter(empty: Database) -> None:
    """Dropped columns change the numbers of later ones; no definition may show the numbers."""
    plain = "CREATE TABLE public.t (a integer NOT NULL, b text, c integer, at date NOT NULL)"
    past = (
        "CREATE TABLE public.t (x integer, a integer NOT NULL, y text, b text, c integer, z date, at date NOT NULL)",
        *(f"ALTER TABLE public.t DROP COLUMN {name}" for name in "xyz"),
    )
    hung = (
        "ALTER TABLE public.t ADD CONSTRAINT pk PRIMARY KEY (a) INCLUDE (b)",
        "ALTER TABLE public.t ADD CONSTRAINT fk FOREIGN KEY (c) REFERENCES public.t (a)",
        "ALTER TABLE public.t ADD d integer GENERATED ALWAYS AS (a + c) STORED",
        "ALTER TABLE public.t ALTER COLUMN c ADD GENERATED ALWAYS AS IDENTITY",
        "CREATE INDEX ix ON public.t (lower(b), c) WHERE a > 3",
        "ALTER INDEX public.ix ALTER COLUMN 1 SET STATISTICS 50",
        "CREATE STATISTICS public.st ON a, c FROM public.t",
        "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        (
            "CREATE TRIGGER tr BEFORE UPDATE OF b, c ON public.t FOR EACH ROW"
            " WHEN (OLD.b <> NEW.b) EXECUTE FUNCTION public.f()"
        ),
        "CREATE POLICY po ON public.t USING (c = 1)",
        f"GRANT SELECT (c), UPDATE (b) ON public.t TO {READER}",
        "CREATE PUBLICATION p FOR TABLE public.t (a, c)",
        "COMMENT ON COLUMN public.t.c IS 'third'",
        "CREATE VIEW public.v AS SELECT c, a FROM public.t",
    )
    needs = "ALTER TABLE public.t ALTER COLUMN c SET NOT NULL"

    found = [_built(empty, *made, needs, *hung) for made in ((plain,), past)]
    other = _built(empty, plain, needs, *hung, "COMMENT ON COLUMN public.t.b IS 'third'")

    assert diff(*found) == ()
    assert len(diff(found[0], other)) == 1


def test_a_partition_s_column_numbers_do_not_matter(empty: Database) -> None:
    """A partition may have other column numbers than its parent; a table may inherit from several."""
    parent = "CREATE TABLE public.t (a integer NOT NULL, at date NOT NULL, CHECK (a > 0)) PARTITION BY RANGE (at)"
    bound = "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
    index = "CREATE INDEX ix ON public.t (a, at)"
    made = f"CREATE TABLE public.p PARTITION OF public.t {bound}"
    attached = (
        "CREATE TABLE public.p (x integer, at date NOT NULL, a integer NOT NULL CONSTRAINT t_a_check CHECK (a > 0))",
        "ALTER TABLE public.p DROP COLUMN x",
        f"ALTER TABLE public.t ATTACH PARTITION public.p {bound}",
    )

    one = _built(empty, parent, index, made)
    other = _built(empty, parent, index, *attached)

    assert diff(one, other) == ()
    assert [(change.kind, change.severity) for change in diff(one, other, column_order=True)] == [
        ("column-order", Severity.NOTE)
    ]


def test_temporary_objects_of_other_sessions_are_left_out(sample: Database, admin_url: str) -> None:
    """Its temporary tables, views, functions and types end with it."""
    url = admin_url.replace("/postgres?", f"/{sample.name}?")
    sample.rollback()
    before = sample.read()
    sample.rollback()

    with open_database(url) as other:
        other.execute(
            "CREATE TEMPORARY TABLE passing (id serial PRIMARY KEY, name text CHECK (name <> ''))",
            "CREATE TEMPORARY VIEW seen AS SELECT id FROM passing",
            "CREATE TYPE pg_temp.mood AS ENUM ('glad')",
            "CREATE FUNCTION pg_temp.one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
            "COMMENT ON TABLE passing IS 'soon gone'",
            f"GRANT SELECT ON passing TO {READER}",
            "CREATE POLICY mine ON passing USING (true)",
            "CREATE STATISTICS pg_temp.st ON id, name FROM passing",
        )
        other.commit()
        here, there = sample.read(), other.read()

    assert here == before
    assert there == before


def _joined(script: str, name: str) -> list[str]:
    """One statement a line; a label of an enum has no room for all of a long name."""
    return [line for line in script.splitlines() if len(name.encode()) < 60 or "ENUM" not in line]


def _role(name: str) -> str:
    """Refuse the role names that PostgreSQL reserves for everybody and nobody."""
    return f"{name}r" if len(name.encode()) < 60 else f"{name[:20]}r"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(name: str) -> str:
    return "'" + name.replace("'", "''") + "'"


def _turn(database: Database, current: Snapshot, wanted: Snapshot) -> None:
    """Execute what is offered, and see that it is enough."""
    database.execute(*plan_sql(current, wanted))
    left = [str(one) for one in diff(database.read(), wanted.catalog) if one.severity == "error"]
    assert left == []


def _built(database: Database, *statements: str) -> Catalog:
    """Return the catalog after the statements in an empty database, which is empty again afterwards."""
    try:
        database.execute(*statements)
        return database.read()
    finally:
        database.rollback()
