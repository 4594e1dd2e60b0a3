"""What the difference of two databases is in Alembic's operations, run on PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from alembic.operations import ops
from sqlalchemy import Column, event
from sqlalchemy.dialects import postgresql

from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.execute_sql import BlankLine
from alembic_proof.authoring.operations import operations
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.renames import Rename
from alembic_proof.authoring.source import Source
from alembic_proof.catalog import Catalog, CatalogObject, Snapshot, diff, key
from alembic_proof.finding import Severity

from .conftest import Database, file_text, revision_text, run_revision, send, snapshot_of

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BODY = "$$\n  BEGIN\n    -- it's 100% \\done: ok   \n\n    RETURN NEW;\n  END\n$$"


LABEL = (
    postgresql.DOMAIN("label", sa.String(9), check="VALUE > ''", not_null=True, default="a")
    if hasattr(postgresql, "DOMAIN")
    else sa.String(9)
)
"""SQLAlchemy 1.4 has no domains."""


def _models() -> tuple[sa.MetaData, sa.MetaData]:
    """Return the models with a naming convention, and those without."""
    named, unnamed = sa.MetaData(naming_convention=CONVENTION), sa.MetaData()
    for statement in ("CREATE SCHEMA app", "CREATE TYPE pair AS (x integer, y text)"):
        event.listen(named, "before_create", _ddl(statement))
    accounts = _accounts(named)
    for statement in (
        f"CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS {BODY}",
        "ALTER TABLE accounts ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON accounts USING (email = current_user)",
        "CREATE TRIGGER touched BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION touch()",
        "GRANT SELECT (email, id), UPDATE (email) ON accounts TO PUBLIC",
        "CREATE VIEW cheap AS SELECT id, email FROM accounts WHERE email LIKE 'x%'",
        "GRANT SELECT ON cheap TO PUBLIC",
        "ALTER TABLE accounts ALTER COLUMN data SET STORAGE EXTERNAL",
    ):
        event.listen(accounts, "after_create", _ddl(statement))
    _add_referring_tables(named)
    sa.Table(
        "events",
        unnamed,
        Column("id", sa.BigInteger, primary_key=True),
        Column("day", sa.Date, primary_key=True),
        Column("size", sa.Integer, unique=False),
        sa.CheckConstraint("size > 0"),
        postgresql_partition_by="RANGE (day)",
    )
    sa.Table("drafts", unnamed, Column("text", sa.Text), prefixes=["UNLOGGED"])
    return named, unnamed


def _accounts(named: sa.MetaData) -> sa.Table:
    mood = sa.Enum("sad", "it's: %x", name="mood", metadata=named)
    return sa.Table(
        "accounts",
        named,
        Column("id", sa.Integer, primary_key=True, comment='it\'s a "key": 100%'),
        Column("email", sa.String(320), nullable=False, server_default="no one"),
        Column("mood", mood, nullable=False, server_default="sad"),
        Column("moods", sa.ARRAY(mood)),
        Column("is_active", sa.Boolean(create_constraint=True), server_default=sa.true()),
        Column("made_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
        Column("data", postgresql.JSONB, server_default=sa.text("'{}'::jsonb")),
        Column("price", sa.Numeric(12, 4)),
        Column("lower_email", sa.Text, sa.Computed("lower(email)", persisted=True)),
        Column("kind", sa.Enum("a", "b", name="kind", native_enum=False, create_constraint=True)),
        Column("code", sa.String(5, collation="C")),
        sa.CheckConstraint("email LIKE '%@%' AND email <> '\\:x'", name="email"),
        sa.CheckConstraint("price BETWEEN 0 AND 100", name="price" + "_is_named_at_length" * 3),
        sa.UniqueConstraint("email", "mood", deferrable=True, initially="DEFERRED"),
        sa.Index(None, "email"),
        sa.Index(
            "ix_lower",
            sa.func.lower(sa.text("email")),
            unique=True,
            postgresql_where=sa.text("is_active AND email LIKE 'a%' AND email <> '\\:x'"),
        ),
        sa.Index("ix_data", "data", postgresql_using="gin"),
        sa.Index(
            "ix_operators",
            "email",
            postgresql_ops={"email": "text_pattern_ops"},
            postgresql_include=["price"],
        ),
        sa.Index("ix_last", sa.text("made_at DESC"), postgresql_with={"fillfactor": 70}),
        sa.Index("ix_expression", sa.text("(data ->> 'a:b%')")),
        comment="Accounts: 100% 'quoted'",
    )


def _add_referring_tables(named: sa.MetaData) -> None:
    sa.Table(
        "Items",
        named,
        Column("id", sa.BigInteger, sa.Identity(always=True, start=5), primary_key=True),
        Column("account_id", sa.ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
        Column("parent_id", sa.ForeignKey("Items.id"), index=True),
        Column("number", sa.Integer, sa.Sequence("numbers", start=7)),
        Column("during", postgresql.TSTZRANGE),
        Column("ip", postgresql.INET),
        Column("bits", postgresql.BIT(3)),
        Column("day", sa.Date, unique=True),
        Column("time", sa.Time(timezone=True)),
        Column("size", sa.Float),
        Column("raw", sa.LargeBinary),
        Column("span", sa.Interval),
        Column("small", sa.SmallInteger),
        Column("label", LABEL),
        postgresql.ExcludeConstraint(("during", "&&"), using="gist", name="no_overlap"),
    )
    sa.Table(
        "left",
        named,
        Column("right_id", sa.ForeignKey("app.right.id", use_alter=True), primary_key=True),
        Column("name", sa.Text, primary_key=True),
    )
    sa.Table(
        "right",
        named,
        Column("id", sa.Integer, primary_key=True, autoincrement=False),
        Column("left_id", sa.Integer, nullable=False),
        Column("left_name", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["left_id", "left_name"], ["left.right_id", "left.name"]),
        schema="app",
    )


def _ddl(statement: str) -> sa.DDL:
    escaped = statement.replace("%", "%%")
    return sa.DDL(escaped)  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped


@dataclass(frozen=True, slots=True)
class _Result:
    """The models' database authored from nothing, and the way back."""

    upgrade: str
    downgrade: str
    empty: Snapshot
    models: Snapshot
    upgraded: Snapshot
    downgraded: Snapshot


@pytest.fixture(scope="module")
def result(database: Database) -> _Result:
    """Provide the revision of all the models on an empty history."""

    def author(connection: sa.Connection) -> _Result:
        metadatas = _models()
        empty = snapshot_of(connection)
        savepoint = connection.begin_nested()
        for metadata in metadatas:
            metadata.create_all(connection)
        models = snapshot_of(connection)
        savepoint.rollback()
        source = Source.of_models(metadatas)
        up = revision_text(connection, empty, models, source=source)
        down = revision_text(connection, models, empty, source=Source())
        upgraded = run_revision(connection, up, metadata=metadatas[0])
        downgraded = run_revision(connection, down, metadata=metadatas[0])
        return _Result(up, down, empty, models, upgraded, downgraded)

    return database.run(author)


def _left(one: Snapshot, other: Snapshot) -> list[str]:
    changes = diff(one.catalog, other.catalog)
    return [str(change) for change in changes if change.severity is Severity.ERROR]


def test_the_upgrade_creates_what_the_models_create(result: _Result) -> None:
    """Read back, both catalogs are equal, names that were shortened or generated included."""
    assert _left(result.upgraded, result.models) == []
    assert _left(result.empty, result.models) != []


def test_the_downgrade_leaves_nothing(result: _Result) -> None:
    """Types, sequences and functions go as well."""
    assert _left(result.downgraded, result.empty) == []


@pytest.mark.parametrize(
    "text",
    [
        'sa.Column("id", sa.Integer(), nullable=False, comment="""it\'s a "key": 100%"""),',
        'sa.Column("email", sa.String(length=320), server_default="no one", nullable=False),',
        'postgresql.ENUM("sad", "it\'s: %x", name="mood", create_type=False),',
        'sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=True),',
        'sa.Computed("lower(email)", persisted=True)',
        "\"email LIKE '%@%' AND email <> '\\\\:x'\", name=op.f(\"ck_accounts_email\")",
        '"price BETWEEN 0 AND 100",',
        "sa.CheckConstraint(\"kind IN ('a', 'b')\", name=op.f(\"ck_accounts_kind\")),",
        'sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),',
        "comment=\"Accounts: 100% 'quoted'\",",
        'op.create_index(op.f("ix_accounts_email"), "accounts", ["email"], unique=False)',
        "sa.text(\"is_active AND email LIKE 'a%' AND email <> '\\\\:x'\")",
        '[sa.literal_column("lower(email)")],',
        '["data"], unique=False, postgresql_using="gin")',
        '[sa.literal_column("email text_pattern_ops")],',
        'postgresql_include=["price"],',
        "sa.literal_column(\"(data ->> 'a:b%')\")",
        "sa.Identity(always=True, start=5), nullable=False",
        'sa.ForeignKeyConstraint(["parent_id"], ["Items.id"], name=op.f("fk_Items_parent_id_Items"))',
        "op.create_foreign_key(",
        'source_schema="app"',
        'sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),',
        'sa.CheckConstraint("size > 0", name=op.f("events_size_check")),',
        'sa.PrimaryKeyConstraint("id", "day", name=op.f("events_pkey")),',
        'postgresql_partition_by="RANGE (day)",',
        'prefixes=["UNLOGGED"]',
        'op.execute("CREATE SEQUENCE public.numbers START WITH 7")',
        'postgresql.DOMAIN("label", sa.String(length=9), create_type=False)'
        if hasattr(postgresql, "DOMAIN")
        else 'sa.Column("label", sa.String(length=9), nullable=True),',
        """postgresql.ExcludeConstraint(
            (sa.column("during"), "&&"), using="gist", name=op.f("no_overlap")
        ),""",
        'op.execute("GRANT SELECT (email, id), UPDATE (email) ON TABLE public.accounts TO PUBLIC")',
        'op.execute("ALTER TABLE public.accounts ALTER COLUMN data SET STORAGE EXTERNAL")',
        """
        CREATE TRIGGER touched
        BEFORE UPDATE ON public.accounts
        FOR EACH ROW EXECUTE FUNCTION public.touch()
""",
        """
        CREATE POLICY own ON public.accounts
        USING ((email)::text = CURRENT_USER)
""",
        'op.execute(r"""\nCREATE FUNCTION public.touch()\n RETURNS trigger\n',
        BODY.replace("$$", "$function$"),
    ],
)
def test_what_is_written(result: _Result, text: str) -> None:
    """Alembic's operations with the models' own words, and plain SQL for the rest."""
    assert text in result.upgrade


def test_no_construct_creates_what_another_statement_creates(result: _Result) -> None:
    """An enum, a sequence, the index of a constraint and its check come once."""
    assert result.upgrade.count("CREATE TYPE public.mood") == 1
    assert "accounts_id_seq" not in result.upgrade
    assert "f(None)" not in result.upgrade + result.downgrade


def test_alembic_check_can_name_each_operation(changed: _Result) -> None:
    """It asks each operation for a tuple; an empty line is no difference."""
    for before, after in ((changed.empty, changed.models), (changed.models, changed.empty)):
        made = operations(plan(before, after), before=before, after=after, source=Source())
        diffs = ops.UpgradeOps(ops=[*made]).as_diffs()
        lines = sum(isinstance(one, BlankLine) for one in made)

        assert len(diffs) == len(made) - lines


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of a table `{t}`, and what is written for it in both directions."""

    statements: tuple[str, ...]
    upgrade: str
    downgrade: str
    table: str = (
        "CREATE TABLE {t} (id integer PRIMARY KEY, a varchar(5) DEFAULT '1', b integer NOT NULL)"
    )


CHANGES = {
    "a wider column": _Change(
        ("ALTER TABLE {t} ALTER COLUMN a TYPE text",),
        """op.alter_column(
        "{t}", "a", existing_type=sa.String(length=5), type_=sa.Text(), existing_nullable=True
    )""",
        'op.alter_column(\n        "{t}", "a", existing_type=sa.Text(), type_=sa.String(length=5),',
    ),
    "a type that needs USING": _Change(
        (
            "ALTER TABLE {t} ALTER a DROP DEFAULT, ALTER a TYPE integer USING a::integer",
            "ALTER TABLE {t} ALTER a SET DEFAULT 1",
        ),
        """op.alter_column("{t}", "a", existing_type=sa.String(length=5), server_default=None)
    op.alter_column(
        "{t}",
        "a",
        existing_type=sa.String(length=5),
        type_=sa.Integer(),
        postgresql_using="a::integer",
        server_default=sa.text("1"),
        existing_nullable=True,
    )""",
        "type_=sa.String(length=5),",
    ),
    "nullability, default and comment at once": _Change(
        (
            "ALTER TABLE {t} ALTER b DROP NOT NULL, ALTER b SET DEFAULT 7",
            "COMMENT ON COLUMN {t}.b IS 'b: 100%'",
        ),
        """op.alter_column(
        "{t}",
        "b",
        existing_type=sa.Integer(),
        server_default=sa.text("7"),
        nullable=True,
        comment="b: 100%",
    )""",
        "server_default=None, nullable=False, comment=None\n",
    ),
    "a column with an identity": _Change(
        ("ALTER TABLE {t} ADD c bigint GENERATED BY DEFAULT AS IDENTITY (MAXVALUE 9 CYCLE)",),
        """op.add_column(
        "{t}",
        sa.Column(
            "c", sa.BigInteger(), sa.Identity(always=False, maxvalue=9, cycle=True), nullable=False
        ),
    )""",
        'op.drop_column("{t}", "c")',
    ),
    "a column of a type that SQLAlchemy lacks": _Change(
        ("CREATE TYPE {t}_pair AS (a text)", "ALTER TABLE {t} ADD c {t}_pair"),
        'op.execute("ALTER TABLE public.{t} ADD COLUMN c public.{t}_pair")',
        'op.drop_column("{t}", "c")',
    ),
    "a comment on a table": _Change(
        ("COMMENT ON TABLE {t} IS 'a'",),
        'op.create_table_comment("{t}", "a", existing_comment=None, schema=None)',
        'op.drop_table_comment("{t}", existing_comment="a", schema=None)',
    ),
    "a primary key": _Change(
        ("ALTER TABLE {t} ADD CONSTRAINT {t}_k PRIMARY KEY (a)",),
        'op.create_primary_key(op.f("{t}_k"), "{t}", ["a"])',
        'op.drop_constraint(op.f("{t}_k"), "{t}", type_="primary")',
        table="CREATE TABLE {t} (a integer NOT NULL)",
    ),
    "a check that is not valid": _Change(
        ("ALTER TABLE {t} ADD CONSTRAINT {t}_k CHECK (b > 0) NOT VALID",),
        'op.execute("ALTER TABLE public.{t} ADD CONSTRAINT {t}_k CHECK (b > 0) NOT VALID")',
        'op.drop_constraint(op.f("{t}_k"), "{t}", type_="check")',
    ),
    "a check": _Change(
        ("ALTER TABLE {t} ADD CONSTRAINT {t}_k CHECK (a <> ':x' AND a NOT LIKE '%y')",),
        """op.create_check_constraint(
        op.f("{t}_k"), "{t}", "((a)::text <> '\\\\:x'::text) AND ((a)::text !~~ '%y'::text)"
    )""",
        'op.drop_constraint(op.f("{t}_k"), "{t}", type_="check")',
    ),
    "an index of a schema": _Change(
        ("CREATE INDEX {t}_i ON {t}_s.x ((a + 1), a)",),
        """op.create_index(
        op.f("{t}_i"), "x", [sa.literal_column("(a + 1)"), "a"], unique=False, schema="{t}_s"
    )""",
        'op.drop_index(op.f("{t}_i"), table_name="x", schema="{t}_s")',
        table="CREATE SCHEMA {t}_s CREATE TABLE x (a integer)",
    ),
    "a serial column beside the key": _Change(
        ("CREATE TABLE {t}_u (a serial, b integer PRIMARY KEY)",),
        """server_default=sa.text("nextval('public.{t}_u_a_seq'::regclass)"),""",
        'op.drop_table("{t}_u")',
    ),
    "an exclusion constraint": _Change(
        (
            """ALTER TABLE {t} ADD CONSTRAINT {t}_k EXCLUDE USING gist
            (during WITH &&, int4range(a, a + 1) WITH -|-) WHERE (a > 0) DEFERRABLE""",
        ),
        """op.create_exclude_constraint(
        op.f("{t}_k"),
        "{t}",
        (sa.column("during"), "&&"),
        (sa.literal_column("int4range(a, (a + 1))"), "-|-"),
        where=sa.text("a > 0"),
        using="gist",
        deferrable=True,
    )""",
        'op.drop_constraint(op.f("{t}_k"), "{t}")',
        table="CREATE TABLE {t} (a integer, during int4range)",
    ),
    "an exclusion constraint that SQLAlchemy lacks": _Change(
        ("ALTER TABLE {t} ADD CONSTRAINT {t}_k EXCLUDE USING gist (a inet_ops WITH &&)",),
        "ADD CONSTRAINT {t}_k EXCLUDE USING gist (a inet_ops WITH &&)",
        'op.drop_constraint(op.f("{t}_k"), "{t}")',
        table="CREATE TABLE {t} (a inet)",
    ),
    "a serial column": _Change(
        ("ALTER TABLE {t} ADD c serial", "CREATE SEQUENCE {t}_s OWNED BY {t}.c"),
        """op.execute("CREATE SEQUENCE public.{t}_c_seq AS integer")
    op.execute("CREATE SEQUENCE public.{t}_s")
    op.add_column(
        "{t}",
        sa.Column(
            "c",
            sa.Integer(),
            server_default=sa.text("nextval('public.{t}_c_seq'::regclass)"),
            nullable=False,
        ),
    )
    op.execute("ALTER SEQUENCE public.{t}_c_seq OWNED BY public.{t}.c")
    op.execute("ALTER SEQUENCE public.{t}_s OWNED BY public.{t}.c")""",
        'op.drop_column("{t}", "c")',
    ),
    "several columns in their order": _Change(
        ('ALTER TABLE {t} ADD z integer, ADD "C" integer',),
        """op.add_column("{t}", sa.Column("z", sa.Integer(), nullable=True))
    op.add_column("{t}", sa.Column("C", sa.Integer(), nullable=True))""",
        'op.drop_column("{t}", "C")\n    op.drop_column("{t}", "z")',
    ),
    "the default of an enum's column": _Change(
        ("ALTER TABLE {t} ALTER m SET DEFAULT 'b'",),
        """op.alter_column("{t}", "m", server_default="b", existing_nullable=True)""",
        """op.alter_column("{t}", "m", server_default=None, existing_nullable=True)""",
        table="CREATE TYPE {t}_mood AS ENUM ('a', 'b'); CREATE TABLE {t} (m {t}_mood)",
    ),
    "a default of text": _Change(
        ("ALTER TABLE {t} ALTER a SET DEFAULT 'it''s'",),
        """server_default="it's",""",
        'server_default="1",',
    ),
    "a table that inherits": _Change(
        ("CREATE TABLE {t}_u (c integer) INHERITS ({t})",),
        "CREATE TABLE public.{t}_u (\n            c integer\n        ) INHERITS (public.{t})",
        'op.drop_table("{t}_u")',
    ),
    "a deferred foreign key": _Change(
        (
            """ALTER TABLE {t} ADD CONSTRAINT {t}_k FOREIGN KEY (b) REFERENCES {t}
            ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED""",
        ),
        """op.create_foreign_key(
        op.f("{t}_k"),
        "{t}",
        "{t}",
        ["b"],
        ["id"],
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )""",
        'op.drop_constraint(op.f("{t}_k"), "{t}", type_="foreignkey")',
    ),
    "a foreign key that SQLAlchemy lacks": _Change(
        (
            "ALTER TABLE {t} ADD CONSTRAINT {t}_k FOREIGN KEY (b) REFERENCES {t} ON DELETE SET NULL (b)",
        ),
        """ALTER TABLE public.{t}
            ADD CONSTRAINT {t}_k FOREIGN KEY (b)
            REFERENCES public.{t}(id) ON DELETE SET NULL (b)""",
        'op.drop_constraint(op.f("{t}_k"), "{t}", type_="foreignkey")',
    ),
}
TABLES = {name: f"t{number}" for number, name in enumerate(CHANGES)}


@pytest.fixture(scope="module")
def changed(database: Database) -> _Result:
    """Provide the revision of all the changes together."""

    def author(connection: sa.Connection) -> _Result:
        first = [
            statement.format(t=TABLES[name])
            for name, one in CHANGES.items()
            for statement in one.table.split("; ")
        ]
        then = [
            statement.format(t=TABLES[name])
            for name, one in CHANGES.items()
            for statement in one.statements
        ]
        before = snapshot_of(connection, *first)
        after = snapshot_of(connection, *first, *then)
        up = revision_text(connection, before, after, source=Source())
        down = revision_text(connection, after, before, source=Source())
        send(connection, *first)
        upgraded = run_revision(connection, up)
        return _Result(up, down, before, after, upgraded, run_revision(connection, down))

    return database.run(author)


def test_changes_reach_the_other_database_in_both_directions(changed: _Result) -> None:
    """Read back, the catalogs are equal; before, they were not."""
    assert _left(changed.upgraded, changed.models) == []
    assert _left(changed.downgraded, changed.empty) == []
    assert _left(changed.empty, changed.models) != []


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_written_in_both_directions(changed: _Result, name: str) -> None:
    """As Alembic's operation, and as SQL where there is none."""
    change, table = CHANGES[name], TABLES[name]

    assert change.upgrade.replace("{t}", table) in changed.upgrade
    assert change.downgrade.replace("{t}", table) in changed.downgrade


def test_an_answer_is_the_expression_after_using(database: Database) -> None:
    """Also for types that PostgreSQL converts by itself; with a percent sign, it is SQL."""
    table = (key("schema", "public"), key("table", "public.t"))
    old, new = (
        CatalogObject(key("column", "public.t.a"), (("type", type_),), parents=table)
        for type_ in ("text", "integer")
    )
    catalog = Snapshot(Catalog.of([new]))

    def written(expression: str) -> str:
        action = Action(
            verb="alter", record=new, old=old, attributes=("type",), expression=expression
        )
        made = operations([action], before=Snapshot(Catalog()), after=catalog, source=Source())
        return database.run(lambda connection: file_text(connection, made))

    assert 'type_=sa.Integer(),\n        postgresql_using="length(a)",' in written("length(a)")
    assert "ALTER COLUMN a TYPE integer USING a % 2" in written("a % 2").replace(
        "\n            ", " "
    )


RENAMES = {
    "column public.t.a": 'op.alter_column("t", "a", new_column_name="b")',
    "table public.t": 'op.rename_table("t", "u")',
    "index public.i": 'op.execute("ALTER INDEX public.i RENAME TO j")',
    "sequence public.s": 'op.execute("ALTER SEQUENCE public.s RENAME TO r")',
}
_NEW_NAMES = {"column": "t.b", "table": "u", "index": "j", "sequence": "r"}
_PARENTS = {"column": (key("table", "public.t"),), "sequence": (key("column", "public.t.a"),)}
"""A column's table, and the column that owns a sequence."""


@pytest.mark.parametrize("name", RENAMES)
def test_a_rename_is_alembics_operation_where_it_has_one(database: Database, name: str) -> None:
    """Else it is one statement."""
    kind, _, identity = name.partition(" ")
    parents = (key("schema", "public"), *_PARENTS.get(kind, ()))
    new = f"public.{_NEW_NAMES[kind]}"
    before = CatalogObject(key(kind, identity), (), parents=parents)
    rename = Rename(before, CatalogObject(key(kind, new), (), parents=parents))

    nothing = Snapshot(Catalog())
    made = operations([rename.action], before=nothing, after=nothing, source=Source())

    assert RENAMES[name] in database.run(lambda connection: file_text(connection, made))


def test_the_project_renders_its_own_types(database: Database) -> None:
    """`render_item` of env.py is asked about each column, type and constraint."""
    asked: list[str] = []

    def render_item(kind: str, item: object, _context: object) -> str | bool:
        asked.append(kind)
        return "types.Text()" if kind == "type" and isinstance(item, sa.Text) else False

    def author(connection: sa.Connection) -> str:
        empty = snapshot_of(connection)
        after = snapshot_of(connection, "CREATE TABLE t (a text PRIMARY KEY DEFAULT 'x')")
        return revision_text(connection, empty, after, source=Source(), render_item=render_item)

    assert 'sa.Column("a", types.Text(), ' in database.run(author)
    assert {*asked} == {"column", "type", "server_default", "primary_key"}
