"""Random schemas, and the statements that create them in two orders."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

from .cases.sample_schema import READER, WRITER

TYPES = {
    "integer": ("0", "1"),
    "text": ("''", "'x'", "'it''s'"),
    "numeric(12,4)": ("0", "1.5"),
    "jsonb": ("'{}'", "'[]'"),
    "timestamp with time zone": ("now()",),
    "uuid": ("gen_random_uuid()",),
    "character varying(20)": ("'a'",),
    "integer[]": ("'{}'",),
}
OF_ONE_TYPE = {"a": "integer", "b": "text", "c": "jsonb", '"D d"': "uuid", '"select"': "text"}
"""For two schemas one of which is to be turned into the other: not every type has a way."""
TABLES = ("t", "u", '"V w"')


@dataclass(frozen=True, slots=True)
class Column:
    """A column; its default is one that its type has."""

    name: str
    type: str
    default: str | None
    is_not_null: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table and what hangs on it."""

    name: str
    columns: tuple[Column, ...]
    has_key: bool
    check: int | None
    indexed: tuple[tuple[str, bool], ...]
    """Column and whether its index is unique."""
    grants: tuple[tuple[str, str], ...]
    has_row_security: bool
    policy: str | None
    has_trigger: bool
    comment: str | None


@dataclass(frozen=True, slots=True)
class Schema:
    """Some tables, and types and views beside them."""

    tables: tuple[Table, ...]
    labels: tuple[str, ...]
    has_view: bool

    def statements(self, *, is_other_way: bool = False) -> list[str]:
        """Return the statements that build it; the other way builds the same in another order."""
        tables = self.tables[::-1] if is_other_way else self.tables
        built = [_other_table(table) if is_other_way else _table(table) for table in tables]
        hung = [statement for table in tables for statement in _hung_on(table)]
        first = [*_types(self.labels), FUNCTION]
        views = [_view(table) for table in self.tables if self.has_view]
        flat = [statement for statements in built for statement in statements]
        if is_other_way:
            return [*first[::-1], *flat, *views, *hung[::-1]]
        return [*first, *flat, *hung, *views]


FUNCTION = """CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RETURN NEW; END $$"""


def _types(labels: tuple[str, ...]) -> list[str]:
    return [f"CREATE TYPE public.label AS ENUM ({', '.join(labels)})"] if labels else []


def _table(table: Table) -> list[str]:
    """Everything in the one CREATE TABLE."""
    parts = [_definition(column) for column in table.columns]
    if table.has_key:
        parts.append(f"CONSTRAINT {_key(table)} PRIMARY KEY ({table.columns[0].name})")
    if table.check is not None:
        parts.append(f"CONSTRAINT ck CHECK ({_checked(table)})")
    return [f"CREATE TABLE public.{table.name} ({', '.join(parts)})", *_comments(table)]


def _other_table(table: Table) -> list[str]:
    """Return an empty table, one column after the other, and every attribute by itself."""
    name = f"public.{table.name}"
    statements = [f"CREATE TABLE {name} ()"]
    for column in table.columns:
        alter = f"ALTER TABLE {name} ALTER COLUMN {column.name}"
        statements.append(f"ALTER TABLE {name} ADD COLUMN {column.name} {column.type}")
        if column.is_not_null:
            statements.append(f"{alter} SET NOT NULL")
        if column.default is not None:
            statements.append(f"{alter} SET DEFAULT {column.default}")
    if table.check is not None:
        statements.append(
            f"ALTER TABLE {name} ADD CONSTRAINT ck CHECK ({_checked(table)}) NOT VALID"
        )
        statements.append(f"ALTER TABLE {name} VALIDATE CONSTRAINT ck")
    if table.has_key:
        key = f"PRIMARY KEY ({table.columns[0].name})"
        statements.append(f"ALTER TABLE {name} ADD CONSTRAINT {_key(table)} {key}")
    return [*statements, *reversed(_comments(table))]


def _hung_on(table: Table) -> list[str]:
    name = f"public.{table.name}"
    statements = [
        f"CREATE {'UNIQUE ' if is_unique else ''}INDEX {_index(table, column)} ON {name} ({column})"
        for column, is_unique in table.indexed
    ]
    statements += [f"GRANT {privilege} ON {name} TO {role}" for privilege, role in table.grants]
    if table.has_row_security:
        statements.append(f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY")
    if table.policy is not None:
        statements.append(f"CREATE POLICY mine ON {name} TO {READER} USING ({table.policy})")
    if table.has_trigger:
        trigger = f"CREATE TRIGGER touch BEFORE UPDATE ON {name} FOR EACH ROW"
        statements.append(f"{trigger} EXECUTE FUNCTION public.touch()")
    return statements


def _view(table: Table) -> str:
    name = table.name.strip('"')
    return f'CREATE VIEW public."view of {name}" AS SELECT {table.columns[0].name} FROM public.{table.name}'


def _definition(column: Column) -> str:
    default = "" if column.default is None else f" DEFAULT {column.default}"
    return f"{column.name} {column.type}{default}{' NOT NULL' if column.is_not_null else ''}"


def _comments(table: Table) -> list[str]:
    name = f"public.{table.name}"
    found = (
        [] if table.comment is None else [f"COMMENT ON TABLE {name} IS {_quoted(table.comment)}"]
    )
    return found + [
        f"COMMENT ON COLUMN {name}.{column.name} IS {_quoted(column.comment)}"
        for column in table.columns
        if column.comment is not None
    ]


def _key(table: Table) -> str:
    name = table.name.strip('"')
    return f'"pk {name}"'


def _index(table: Table, column: str) -> str:
    name, of = table.name.strip('"'), column.strip('"')
    return f'"ix {name} {of}"'


def _checked(table: Table) -> str:
    return f"{table.columns[0].name} IS NOT NULL AND {table.check} > 0"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


COMMENTS = st.none() | st.sampled_from(("what it is", "it's", "line\nbreak", "back\\slash"))


@st.composite
def columns(draw: st.DrawFn, name: str, *, is_fixed: bool) -> Column:
    """Return a column of that name, of its own type or of any."""
    of_type = OF_ONE_TYPE[name] if is_fixed else draw(st.sampled_from(sorted(TYPES)))
    return Column(
        name=name,
        type=of_type,
        default=draw(st.none() | st.sampled_from(TYPES[of_type])),
        is_not_null=draw(st.booleans()),
        comment=draw(COMMENTS),
    )


@st.composite
def tables(draw: st.DrawFn, name: str, *, is_fixed: bool) -> Table:
    """Return a table of that name; what can be indexed has a type with an ordering."""
    names = draw(
        st.lists(st.sampled_from(sorted(OF_ONE_TYPE)), min_size=1, max_size=4, unique=True)
    )
    found = tuple(draw(columns(one, is_fixed=is_fixed)) for one in names)
    has_key = draw(st.booleans())
    if has_key:  # PostgreSQL makes the columns of a key NOT NULL by itself
        first = found[0]
        found = (
            Column(first.name, first.type, first.default, is_not_null=True, comment=first.comment),
            *found[1:],
        )
    ordered = st.sampled_from([column.name for column in found])
    indexed = draw(
        st.lists(st.tuples(ordered, st.booleans()), max_size=2, unique_by=lambda i: i[0])
    )
    granted = st.tuples(
        st.sampled_from(("SELECT", "INSERT", "ALL")), st.sampled_from((READER, WRITER))
    )
    return Table(
        name=name,
        columns=found,
        has_key=has_key,
        check=draw(st.none() | st.integers(1, 3)),
        indexed=tuple(indexed),
        grants=tuple(draw(st.lists(granted, max_size=2, unique=True))),
        has_row_security=draw(st.booleans()),
        policy=draw(st.none() | st.sampled_from(("true", "1 = 1"))),
        has_trigger=draw(st.booleans()),
        comment=draw(COMMENTS),
    )


@st.composite
def schemas(draw: st.DrawFn, *, is_fixed: bool = False) -> Schema:
    """Return a schema of up to three tables; `is_fixed` gives each name of a column one type."""
    names = draw(st.lists(st.sampled_from(TABLES), max_size=3, unique=True))
    return Schema(
        tables=tuple(draw(tables(name, is_fixed=is_fixed)) for name in names),
        labels=tuple(
            draw(st.lists(st.sampled_from(("'x'", "'y'", "'z'")), max_size=3, unique=True))
        ),
        has_view=draw(st.booleans()),
    )
