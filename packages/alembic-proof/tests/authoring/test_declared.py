"""The statements of the models, found again by the objects that they created."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from alembic_deploy.connect import run_on
from alembic_proof.authoring.declared import (
    altered_tables,
    declared_conditions,
    declared_texts,
    recorded_statements,
    with_replace,
    without_replace,
)
from alembic_proof.authoring.source import Source
from alembic_proof.catalog import Catalog, CatalogObject, Key, key

FUNCTION = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$\n    BEGIN\n    END $$"
TABLE = key("table", "public.notes")
KEYS = (
    TABLE,
    key("view", "public.recent"),
    key("materialized view", "app.totals"),
    key("function", "public.touch()"),
    key("procedure", 'public."Do it"(integer)'),
    key("trigger", "public.notes.touched"),
    key("policy", 'public.notes."Own"'),
    key("rule", "public.notes.keep"),
    key("extension", "citext"),
    key("event trigger", "watch"),
    key("statistics", "public.pairs"),
)


def _texts(*statements: str) -> dict[Key, str]:
    """Return the texts by the keys of their objects."""
    return {one.key: text for one, text in declared_texts(statements, _catalog()).items()}


def _catalog(*more: CatalogObject) -> Catalog:
    index = CatalogObject(key("index", "public.ix"), (), parents=(TABLE,))
    return Catalog.of([*(CatalogObject(one, ()) for one in KEYS), index, *more])


@pytest.mark.parametrize(
    ("statement", "kind", "identity"),
    [
        ("CREATE OR REPLACE VIEW recent AS SELECT 1", "view", "public.recent"),
        ("CREATE MATERIALIZED VIEW app.totals AS SELECT 1", "materialized view", "app.totals"),
        (FUNCTION, "function", "public.touch()"),
        (
            'create procedure "Do it"(int) language sql as $$ select 1 $$',
            "procedure",
            'public."Do it"(integer)',
        ),
        (
            "CREATE TRIGGER touched BEFORE UPDATE OF a ON public.notes EXECUTE FUNCTION touch()",
            "trigger",
            "public.notes.touched",
        ),
        ('CREATE POLICY "Own" ON NOTES USING (true)', "policy", 'public.notes."Own"'),
        ("CREATE RULE keep AS ON DELETE TO notes DO INSTEAD NOTHING", "rule", "public.notes.keep"),
        ("CREATE EXTENSION IF NOT EXISTS citext", "extension", "citext"),
        (
            "CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION f()",
            "event trigger",
            "watch",
        ),
        ("CREATE STATISTICS pairs ON a, b FROM notes", "statistics", "public.pairs"),
    ],
)
def test_a_statement_belongs_to_what_it_created(statement: str, kind: str, identity: str) -> None:
    """Names without a schema are in the default one; those without quotes are in lower case."""
    assert _texts(statement) == {key(kind, identity): statement}


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE notes (a integer)",
        "CREATE VIEW other.recent AS SELECT 1",
        "DROP VIEW recent",
        "SELECT 'CREATE VIEW recent AS SELECT 1'",
    ],
)
def test_other_statements_belong_to_nothing(statement: str) -> None:
    """What the catalog does not have was created in vain, or in another schema."""
    assert _texts(statement) == {}


def test_a_script_has_several_statements() -> None:
    """Each loses the indentation of the models; a body keeps its own."""
    script = f"\n    CREATE VIEW recent AS\n      SELECT 1;\n    {FUNCTION};\n"

    assert _texts(script) == {
        key("view", "public.recent"): "CREATE VIEW recent AS\n  SELECT 1",
        key("function", "public.touch()"): FUNCTION,
    }


@pytest.mark.parametrize(
    ("later", "is_kept"),
    [
        ("ALTER FUNCTION touch() SECURITY DEFINER", False),
        ("ALTER FUNCTION public.touch() OWNER TO someone", True),
        ("ALTER FUNCTION other() SECURITY DEFINER", True),
        ("GRANT EXECUTE ON FUNCTION touch() TO someone", True),
    ],
)
def test_an_altered_object_has_no_text(later: str, *, is_kept: bool) -> None:
    """Its text would create it as it was; owners and grants are written beside it."""
    assert (key("function", "public.touch()") in _texts(FUNCTION, later)) is is_kept


@pytest.mark.parametrize(
    ("query", "is_kept"),
    [
        ("SELECT * FROM notes", False),
        ("SELECT 1, n.* FROM notes AS n", False),
        ("SELECT count(*), 2 * 3 FROM notes", True),
        ("SELECT '*' FROM notes", True),
    ],
)
def test_a_star_means_other_columns_once_a_table_is_altered(query: str, *, is_kept: bool) -> None:
    """PostgreSQL has resolved it when the view was created."""
    view = f"CREATE VIEW recent AS {query}"

    assert _texts(view) == {key("view", "public.recent"): view}
    found = _texts(view, "ALTER TABLE notes ADD COLUMN b text")
    assert (key("view", "public.recent") in found) is is_kept


def test_an_equal_object_has_the_words_of_the_other_database() -> None:
    """Its own words come first; a star may mean other columns there."""
    catalog = _catalog()
    history = Source.of_statements(
        [
            "CREATE VIEW recent AS SELECT 1",
            "CREATE MATERIALIZED VIEW app.totals AS SELECT * FROM notes",
            FUNCTION,
        ],
        catalog,
    )
    models = Source.of_statements(["CREATE OR REPLACE VIEW recent AS SELECT 1"], catalog)

    texts = {one.key: text for one, text in models.with_equal_objects(history).texts.items()}

    assert texts == {
        key("view", "public.recent"): "CREATE OR REPLACE VIEW recent AS SELECT 1",
        key("function", "public.touch()"): FUNCTION,
    }


@pytest.mark.parametrize(
    ("later", "is_kept"),
    [
        ("ALTER TABLE old RENAME TO new", False),
        ("ALTER TABLE public.things RENAME COLUMN a TO b", False),
        ("ALTER TABLE things RENAME a TO b", False),
        ("ALTER FUNCTION called(integer) SET SCHEMA app", False),
        ("ALTER TABLE things RENAME CONSTRAINT c TO d", True),
        ("ALTER TABLE other RENAME TO new", True),
        ("SELECT 'ALTER TABLE old RENAME TO new'", True),
    ],
)
def test_a_text_with_a_name_of_the_past_is_none(later: str, *, is_kept: bool) -> None:
    """A view's query follows a renamed table, its text does not; nor does a function's body."""
    view = "CREATE VIEW recent AS SELECT a, called(1) FROM old"
    body = "CREATE FUNCTION touch() RETURNS trigger LANGUAGE sql AS 'SELECT a, called(1) FROM old'"

    assert [*_texts(view, body, later).values()] == [view, body] * is_kept


CHECK = 'CREATE TABLE notes (a integer, CONSTRAINT "C" CHECK (a BETWEEN (1) AND 2), b text)'


@pytest.mark.parametrize(
    ("statements", "condition"),
    [
        ((CHECK,), "a BETWEEN (1) AND 2"),
        ((CHECK, 'ALTER TABLE public.notes ADD CONSTRAINT "C" CHECK (a > 1) NOT VALID'), "a > 1"),
        ((CHECK, "ALTER TABLE notes ALTER b TYPE varchar"), None),
        ((CHECK, "ALTER TABLE notes RENAME a TO c"), None),
        ((CHECK, "ALTER TABLE notes RENAME b TO c"), "a BETWEEN (1) AND 2"),
        (('CREATE TABLE other.notes (a integer, CONSTRAINT "C" CHECK (a > 1))',), None),
        (("CREATE TABLE notes (a integer CHECK (a > 1))",), None),
    ],
)
def test_a_check_is_spelled_as_it_was_declared(
    statements: tuple[str, ...], condition: str | None
) -> None:
    """As long as its names and types are those of that time."""
    record = CatalogObject(key("constraint", 'public.notes."C"'), (), parents=(TABLE,))

    found = declared_conditions(statements, _catalog(record))

    assert found == ({} if condition is None else {record: condition})


def test_what_postgresql_accepts_is_recorded(scratch_url: str) -> None:
    """With the percent signs that PostgreSQL gets, and nothing of another block."""

    def work(connection: sa.Connection) -> None:
        connection.execute(sa.text("SELECT '10%' AS a"))
        connection.exec_driver_sql("SELECT '%%'", execution_options={"no_parameters": True})

    run_on(scratch_url, work)
    with recorded_statements() as sent:
        run_on(scratch_url, work)
    run_on(scratch_url, work)

    assert [one for one in sent if "%" in one] == ["SELECT '10%' AS a", "SELECT '%%'"]


def test_of_several_functions_of_one_name_the_body_decides() -> None:
    """Their argument types have many spellings."""

    def function(arguments: str, body: str) -> CatalogObject:
        definition = f"CREATE FUNCTION public.f({arguments}) AS $function${body}$function$"
        return CatalogObject(
            key("function", f"public.f({arguments})"), (("definition", definition),)
        )

    catalog = _catalog(function("integer", "one"), function("text", "two"))

    (found,) = declared_texts(["CREATE FUNCTION f(varchar) AS $$two$$"], catalog)
    assert found.identity == "public.f(text)"
    assert declared_texts(["CREATE FUNCTION f(varchar) AS $$three$$"], catalog) == {}


@pytest.mark.parametrize(
    ("statement", "altered"),
    [
        ("ALTER TABLE notes ALTER COLUMN a SET DEFAULT 1", {TABLE}),
        ("ALTER TABLE ONLY public.notes DROP CONSTRAINT c", {TABLE}),
        ("ALTER TABLE notes ALTER a TYPE text", {TABLE}),
        ("DROP INDEX ix", {TABLE}),
        ("ALTER TABLE notes ENABLE ROW LEVEL SECURITY", set()),
        ("ALTER TABLE notes ADD CONSTRAINT c CHECK (a <> 'SET DEFAULT')", set()),
        ("DROP INDEX other", set()),
    ],
)
def test_a_statement_may_change_what_the_models_say(statement: str, altered: set[Key]) -> None:
    """Then PostgreSQL's words are used for that table instead of the models'."""
    assert altered_tables([statement], _catalog()) == altered


def test_a_revision_creates_once_and_replaces_what_exists() -> None:
    """Models say OR REPLACE so that create_all() runs twice."""
    text = "\ncreate or replace FUNCTION f() AS $$ CREATE OR REPLACE $$"

    assert without_replace(text) == "\nCREATE FUNCTION f() AS $$ CREATE OR REPLACE $$"
    assert with_replace(without_replace(text)) == (
        "\nCREATE OR REPLACE FUNCTION f() AS $$ CREATE OR REPLACE $$"
    )
    assert without_replace("SELECT 1") == "SELECT 1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CREATE EXTENSION citext", "CREATE EXTENSION citext WITH SCHEMA tools"),
        (
            "CREATE EXTENSION citext WITH CASCADE",
            "CREATE EXTENSION citext WITH CASCADE SCHEMA tools",
        ),
        ("CREATE EXTENSION citext SCHEMA tools", "CREATE EXTENSION citext SCHEMA tools"),
    ],
)
def test_an_extension_is_written_with_its_schema(text: str, expected: str) -> None:
    """Without it the search_path of the creating session decides."""
    citext = CatalogObject(key("extension", "citext"), (("schema", "tools"),))

    assert declared_texts([text], Catalog.of([citext])) == {citext: expected}
