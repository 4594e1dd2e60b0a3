"""Rows that satisfy what a schema asks of them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from alembic_proof.postgres.connect import run_on
from alembic_proof.rows import NotFilled, TableName, fill, read_shapes


def full(outcome: Any, *tables: str, rows: int = 3) -> None:
    """Asserts that each table got that many rows and that there is nothing to say about it."""
    assert outcome.report.not_filled == ()
    assert [str(note) for note in outcome.report.notes] == []
    for table in tables or ("t",):
        assert len(outcome.rows(table)) == rows, table


TYPES = (
    "smallint", "integer", "bigint", "numeric", "numeric(5,2)", "numeric(3,3)", "numeric(2,-3)",
    "real", "double precision", "money", "oid", "xid8", "text", "varchar", "varchar(1)",
    "varchar(40)", "char(3)", "name", '"char"', "bytea", "bit(5)", "bit varying(9)", "bit varying",
    "date", "time", "time with time zone", "timestamp", "timestamptz(0)", "interval",
    "interval hour to minute", "boolean", "uuid", "json", "jsonb", "jsonpath", "xml", "tsvector",
    "tsquery", "inet", "cidr", "macaddr", "macaddr8", "point", "line", "lseg", "box", "path",
    "polygon", "circle", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange",
    "int4multirange", "datemultirange", "nummultirange", "regclass", "regtype", "regproc",
    "regprocedure", "regoperator", "regnamespace", "regrole", "regconfig", "regcollation",
    "pg_lsn", "pg_snapshot", "txid_snapshot", "tid", "xid", "cid", "int2vector", "oidvector",
    "refcursor", "integer[]", "text[]", "varchar(3)[]", "uuid[][]", "timestamptz[]", "numeric(4,1)[]",
    "jsonb[]", "int4range[]", "bytea[]", "point[]", "box[]", "bit(3)[]",
)  # fmt: skip


def test_every_built_in_type_gets_values_where_null_is_not_allowed(sandbox: Any) -> None:
    """No type of PostgreSQL is a reason for a table without rows."""
    columns = ", ".join(f"c{place} {name} NOT NULL" for place, name in enumerate(TYPES))

    outcome = sandbox.fill(f"CREATE TABLE t ({columns})")

    full(outcome)


def test_every_built_in_type_gets_values_and_null_where_null_is_allowed(sandbox: Any) -> None:
    """The first row has a value everywhere, the second NULL everywhere."""
    columns = ", ".join(f"c{place} {name}" for place, name in enumerate(TYPES))

    first, second, third = sandbox.fill(f"CREATE TABLE t ({columns})").rows()

    assert None not in first.values()
    assert set(second.values()) == {None}
    assert None not in third.values()


@pytest.mark.parametrize(
    ("extension", "name"),
    [("citext", "citext"), ("hstore", "hstore"), ("ltree", "ltree"), ("ltree", "lquery"),
     ("cube", "cube"), ("seg", "seg"), ("isn", "isbn"), ("intarray", "integer[]")],
)  # fmt: skip
def test_types_of_extensions_get_values(sandbox: Any, extension: str, name: str) -> None:
    """An extension's type is filled as any other."""
    outcome = sandbox.fill(f"CREATE EXTENSION {extension}", f"CREATE TABLE t (c {name} NOT NULL)")

    full(outcome)


def test_types_that_users_made_get_values(sandbox: Any) -> None:
    """Enums, domains, composites, ranges, and arrays of them are made from their parts."""
    outcome = sandbox.fill(
        "CREATE TYPE mood AS ENUM ('sad', 'so ''so', 'glad')",
        "CREATE DOMAIN grade AS integer CHECK (VALUE BETWEEN 1 AND 6) NOT NULL",
        "CREATE DOMAIN fine_grade AS grade CHECK (VALUE < 4)",
        "CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{2}-[0-9]{4}$')",
        "CREATE TYPE pair AS (a integer, b text, m mood)",
        "CREATE TYPE moods AS RANGE (SUBTYPE = mood)",
        "CREATE TABLE t (a mood NOT NULL, b fine_grade, c code NOT NULL, d pair NOT NULL,"
        " e mood[] NOT NULL, f pair[] NOT NULL, g moods NOT NULL, h grade[] NOT NULL,"
        " i code[] NOT NULL)",
    )

    full(outcome)
    assert outcome.values("a") == ["sad", "so 'so", "glad"]
    assert all(1 <= grade < 4 for grade in outcome.values("b"))


def test_every_column_is_somewhere_filled_and_different_from_its_default(sandbox: Any) -> None:
    """A default never hides whether a value was kept."""
    (first, *_) = sandbox.fill(
        "CREATE TABLE t (a boolean DEFAULT true, b integer DEFAULT 1, c text DEFAULT 'c-0',"
        " d text DEFAULT 'new' CHECK (d IN ('new', 'old')), e timestamptz DEFAULT now(),"
        " f jsonb DEFAULT '[]', g integer NOT NULL DEFAULT 2 CHECK (g > 0))"
    ).rows()

    assert (first["a"], first["d"]) == (False, "old")
    assert first["b"] != 1
    assert first["c"] != "c-0"
    assert first["f"] == ["f-0"]
    assert first["e"].startswith("2021-")


def test_edges_are_empty_long_unicode_zero_negative_and_the_ends_of_time(sandbox: Any) -> None:
    """What migrations stumble over is among the values."""
    outcome = sandbox.fill(
        "CREATE TABLE t (a text NOT NULL, b integer NOT NULL, c timestamptz NOT NULL,"
        " d varchar(7) NOT NULL)"
    )

    texts = outcome.values("a")
    assert "" in texts
    assert any(len(text) > 900 and "☃" in text for text in texts)
    assert all(len(text.encode()) <= 1000 for text in texts)
    assert {0, -1} <= set(outcome.values("b"))
    assert {row["c"][:4] for row in outcome.rows()} == {"2021", "0001", "9999"}
    assert max(len(text) for text in outcome.values("d")) == 7


def test_two_runs_write_the_same_rows(sandbox: Any) -> None:
    """Nothing is random and nothing depends on the clock."""
    ddl = (
        "CREATE TABLE p (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), at timestamptz DEFAULT now())",
        "CREATE TABLE t (id serial PRIMARY KEY, p_id uuid REFERENCES p, name text UNIQUE)",
    )

    assert sandbox.fill(*ddl).stored == sandbox.fill(*ddl).stored


def test_filling_again_adds_different_rows(sandbox: Any) -> None:
    """Unique values and one-to-one references do not stand in the way of fresh rows."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        connection.exec_driver_sql("CREATE TABLE p (id uuid PRIMARY KEY, code text UNIQUE)")
        connection.exec_driver_sql("CREATE TABLE t (p_id uuid PRIMARY KEY REFERENCES p, n integer)")
        shapes = read_shapes(connection)
        fill(connection, shapes)
        report = fill(connection, shapes, tables=[TableName("public.t")])
        count = connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one()
        return report.not_filled, report.notes, count

    assert sandbox.run(work) == ((), (), 6)


def test_numbers_of_sequences_are_left_to_the_sequence(sandbox: Any) -> None:
    """A revision's own INSERT does not collide with the rows."""
    outcome = sandbox.fill(
        "CREATE TABLE t (a serial, b integer GENERATED ALWAYS AS IDENTITY,"
        " c bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY)"
    )

    full(outcome)
    assert outcome.values("c") == [1, 2, 3]


def test_generated_columns_are_left_to_the_server(sandbox: Any) -> None:
    """A stored column's expression is computed, not written."""
    outcome = sandbox.fill(
        "CREATE TABLE t (a integer NOT NULL, b integer GENERATED ALWAYS AS (a * 2) STORED)"
    )

    full(outcome)
    assert all(row["b"] == row["a"] * 2 for row in outcome.rows())


CHECKS = (
    ("a text CHECK (a IN ('x', 'y'))"),
    ("a varchar(9) CHECK (a = ANY (ARRAY['x', 'y']))"),
    ("a text CHECK (char_length(a) BETWEEN 5 AND 7)"),
    ("a text CHECK (length(trim(a)) > 0)"),
    ("a text CHECK (a <> '')"),
    ("a text CHECK (octet_length(a) <= 3)"),
    ("a text CHECK (a = upper(a))"),
    ("a text CHECK (a = lower(a) AND a !~ '\\s')"),
    ("a text CHECK (a ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(a) <= 20)"),
    ("a text CHECK (a ~* '^[^@]+@[^@]+\\.[a-z]{2,}$')"),
    ("a text CHECK (a LIKE 'https://%')"),
    ("a text CHECK (a SIMILAR TO '(a|b)[0-9]{2}')"),
    ("a text CHECK (position('@' in a) > 1)"),
    ("a text CHECK (starts_with(a, 'sk-'))"),
    ("a text CHECK (a ~ '^\\+[1-9]\\d{6,14}$')"),
    ("a text CHECK (a ~ '^#[0-9a-fA-F]{6}$')"),
    ("a char(3) CHECK (a ~ '^[A-Z]{3}$')"),
    ("a text COLLATE \"C\" CHECK (a >= 'm')"),
    ("a integer CHECK (a BETWEEN 10 AND 20)"),
    ("a integer CHECK (a > 0 AND a <> 1)"),
    ("a smallint CHECK (a < -5)"),
    ("a integer CHECK (a NOT IN (1, 2, 3))"),
    ("a integer CHECK (a = 7)"),
    ("a integer CHECK (a % 5 = 0)"),
    ("a numeric(5,2) CHECK (a >= 0 AND a <= 1)"),
    ("a numeric CHECK (a > 0.5 AND a < 0.6)"),
    ("a double precision CHECK (a BETWEEN -90 AND 90)"),
    ("a bigint CHECK (a <@ int8range(100, 110))"),
    ("a date CHECK (a > '2030-01-01')"),
    ("a timestamptz CHECK (a BETWEEN '2024-01-01' AND '2024-01-02')"),
    ("a timestamptz CHECK (a > now())"),
    ("a date CHECK (a <= CURRENT_DATE)"),
    ("a date CHECK (extract(year FROM a) >= 2050)"),
    ("a jsonb CHECK (jsonb_typeof(a) = 'array')"),
    ("a jsonb CHECK (jsonb_typeof(a) = 'array' AND jsonb_array_length(a) > 2)"),
    ("a jsonb CHECK (a ? 'kind' AND a ->> 'kind' IN ('x', 'y'))"),
    ("a jsonb CHECK (a ->> 'kind' IS NOT NULL)"),
    ("a text[] CHECK (cardinality(a) BETWEEN 1 AND 3)"),
    ("a text[] CHECK (a <@ ARRAY['x', 'y', 'z'])"),
    ("a int4range CHECK (NOT isempty(a))"),
    ("a boolean CHECK (a)"),
    ("a boolean CHECK (a IS NOT TRUE)"),
    ("a uuid CHECK (a <> '00000000-0000-0000-0000-000000000000')"),
    ("a inet CHECK (family(a) = 4)"),
    ("a bytea CHECK (octet_length(a) = 16)"),
)


@pytest.mark.parametrize("column", CHECKS)
def test_checks_on_one_column_are_satisfied_by_values(sandbox: Any, column: str) -> None:
    """NULL would satisfy any check; there is a value nevertheless, even where NULL is refused."""
    name_and_type, check = column.split(" CHECK ", 1)

    outcome = sandbox.fill(
        f"CREATE TABLE t ({name_and_type} NOT NULL CHECK {check}, n integer)",
        f"CREATE TABLE nullable ({column}, n integer)",
    )

    full(outcome, "t", "nullable")
    assert any(value is not None for value in outcome.values("a", "nullable"))


COLUMNS_TOGETHER = (
    ("a date NOT NULL, b date NOT NULL, c date NOT NULL, CHECK (a < b), CHECK (c > b)"),
    ("a integer NOT NULL, b integer NOT NULL, CHECK (a >= b), CHECK (b >= 10)"),
    ("a text, b text, CHECK (num_nonnulls(a, b) = 1)"),
    ("a text, b integer, CHECK ((a IS NULL) <> (b IS NULL))"),
    ("a text, b integer, CHECK ((a IS NULL) = (b IS NULL))"),
    ("a text, b text, c text, CHECK (a IS NOT NULL OR (b IS NOT NULL AND c IS NOT NULL))"),
    ("a text, b text, CHECK ((a IS NOT NULL)::int + (b IS NOT NULL)::int = 1)"),
    ("a text NOT NULL CHECK (a IN ('open', 'done')), b timestamptz,"
     " CHECK (a <> 'done' OR b IS NOT NULL)"),
    ("a text NOT NULL, b integer, CHECK (CASE WHEN a = 'x' THEN b IS NOT NULL ELSE b IS NULL END)"),
    ("a text NOT NULL, b integer, CHECK ((a = 'x' AND b = 1) OR (a = 'y' AND b > 5))"),
    ("a integer NOT NULL, b integer NOT NULL, CHECK (a = b)"),
    ("a integer NOT NULL, b integer NOT NULL, CHECK (a <> b)"),
)  # fmt: skip


@pytest.mark.parametrize("columns", COLUMNS_TOGETHER)
def test_checks_on_several_columns_are_satisfied(sandbox: Any, columns: str) -> None:
    """Every column has a value in some row."""
    outcome = sandbox.fill(f"CREATE TABLE t ({columns})")

    full(outcome)


def test_a_check_that_nobody_can_read_is_satisfied_by_trying(sandbox: Any) -> None:
    """The server is asked about a handful of usual texts."""
    outcome = sandbox.fill(
        "CREATE FUNCTION is_email(a text) RETURNS boolean LANGUAGE sql IMMUTABLE"
        " AS $$ SELECT a ~ '^[^@]+@[^@]+$' $$",
        "CREATE TABLE t (a text NOT NULL CHECK (is_email(a)))",
    )

    full(outcome)


KEYS = (
    ("a integer PRIMARY KEY"),
    ("a boolean NOT NULL, b text NOT NULL, UNIQUE (a, b)"),
    ("a varchar(1) NOT NULL UNIQUE"),
    ("a text UNIQUE NULLS NOT DISTINCT"),
    ("a integer, b integer, UNIQUE NULLS NOT DISTINCT (a, b)"),
    ("a uuid DEFAULT gen_random_uuid() PRIMARY KEY, b text UNIQUE DEFERRABLE INITIALLY DEFERRED"),
    ("a int4range NOT NULL, EXCLUDE USING gist (a WITH &&)"),
    ("a timestamptz NOT NULL, b timestamptz NOT NULL, CHECK (a < b),"
     " EXCLUDE USING gist (tstzrange(a, b) WITH &&)"),
    ("a date NOT NULL, b date NOT NULL, EXCLUDE USING gist (daterange(a, b, '[]') WITH &&)"),
    ("a box NOT NULL, EXCLUDE USING gist (a WITH &&)"),
)  # fmt: skip


@pytest.mark.parametrize("columns", KEYS)
def test_keys_and_exclusion_constraints_get_different_values(sandbox: Any, columns: str) -> None:
    """Filled twice, no two rows collide."""
    outcome = sandbox.fill(f"CREATE TABLE t ({columns})", rows=7)

    full(outcome, rows=7)


def test_exclusion_over_a_room_and_a_time_is_satisfied(sandbox: Any) -> None:
    """Columns that are only equal together with an overlap may be equal."""
    outcome = sandbox.fill(
        "CREATE EXTENSION btree_gist",
        "CREATE TABLE room (id integer PRIMARY KEY)",
        "CREATE TABLE t (room integer NOT NULL REFERENCES room, during tstzrange NOT NULL,"
        " EXCLUDE USING gist (room WITH =, during WITH &&))",
    )

    full(outcome, "room", "t")


def test_partial_and_expression_indexes_are_satisfied(sandbox: Any) -> None:
    """A unique index over lower(a), and one that only some rows are in."""
    outcome = sandbox.fill(
        "CREATE TABLE t (a text NOT NULL, b integer NOT NULL, gone_at timestamptz)",
        "CREATE UNIQUE INDEX ON t (lower(a))",
        "CREATE UNIQUE INDEX ON t (b) WHERE gone_at IS NULL",
        "CREATE UNIQUE INDEX ON t ((b > 0)) WHERE gone_at > '3000-01-01'",
    )

    full(outcome)


def test_a_key_with_fewer_values_than_rows_gets_as_many_rows_as_it_can(sandbox: Any) -> None:
    """The rows that are too many are a note."""
    outcome = sandbox.fill("CREATE TABLE t (a boolean PRIMARY KEY)")

    assert len(outcome.rows()) == 2
    assert "1 of 3 rows refused: duplicate key" in str(outcome.report.notes[0])


TENANTS = (
    "CREATE TABLE tenants (id uuid PRIMARY KEY)",
    "CREATE TABLE users (tenant_id uuid REFERENCES tenants, id uuid, PRIMARY KEY (tenant_id, id))",
    (
        "CREATE TABLE boards (tenant_id uuid REFERENCES tenants, id uuid, owner_id uuid NOT NULL,"
        " PRIMARY KEY (tenant_id, id),"
        " FOREIGN KEY (tenant_id, owner_id) REFERENCES users (tenant_id, id))"
    ),
    (
        "CREATE TABLE members (tenant_id uuid, board_id uuid, user_id uuid, invited_by uuid,"
        " PRIMARY KEY (tenant_id, board_id, user_id),"
        " FOREIGN KEY (tenant_id, board_id) REFERENCES boards (tenant_id, id),"
        " FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),"
        " FOREIGN KEY (tenant_id, invited_by) REFERENCES users (tenant_id, id))"
    ),
)


def test_composite_keys_that_share_a_column_agree(sandbox: Any) -> None:
    """A member's board, user and inviter belong to one tenant."""
    outcome = sandbox.fill(*TENANTS)

    full(outcome, "tenants", "users", "boards", "members")
    assert len({row["tenant_id"] for row in outcome.rows("members")}) == 3
    assert any(outcome.values("invited_by", "members"))
    assert None in outcome.values("invited_by", "members")


def test_tables_that_are_referred_to_are_filled_first_and_only_when_empty(sandbox: Any) -> None:
    """Asking for one table fills what it cannot be without."""
    outcome = sandbox.fill(*TENANTS, tables=[TableName("public.boards")])

    assert [one.table for one in outcome.report.filled] == [
        "public.boards",
        "public.tenants",
        "public.users",
    ]


CIRCLES = {
    "to itself, nullable": (
        "CREATE TABLE t (id serial PRIMARY KEY, t_id integer REFERENCES t, name text)",
    ),
    "to itself, not null": ("CREATE TABLE t (id integer PRIMARY KEY, t_id integer NOT NULL REFERENCES t)",),
    "to itself, not null, numbered": (
        ("CREATE TABLE t (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
        " t_id integer NOT NULL REFERENCES t)"),
    ),
    "to itself within a tenant": (
        "CREATE TABLE tenants (id uuid PRIMARY KEY)",
        ("CREATE TABLE t (tenant_id uuid REFERENCES tenants, id uuid, t_id uuid,"
        " PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, t_id) REFERENCES t (tenant_id, id))"),
    ),
    "of two, one nullable": (
        "CREATE TABLE t (id integer PRIMARY KEY, u_id integer)",
        "CREATE TABLE u (id integer PRIMARY KEY, t_id integer NOT NULL REFERENCES t)",
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
    ),
    "of two, none nullable": (
        "CREATE TABLE t (id serial PRIMARY KEY, u_id integer NOT NULL)",
        "CREATE TABLE u (id integer PRIMARY KEY, t_id integer NOT NULL REFERENCES t)",
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
    ),
    "of two, none nullable, deferred": (
        "CREATE TABLE t (id integer PRIMARY KEY, u_id integer NOT NULL)",
        ("CREATE TABLE u (id integer PRIMARY KEY, t_id integer NOT NULL"
        " REFERENCES t DEFERRABLE INITIALLY DEFERRED)"),
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u DEFERRABLE INITIALLY DEFERRED",
    ),
    "of three": (
        "CREATE TABLE t (id integer PRIMARY KEY, u_id integer)",
        "CREATE TABLE u (id integer PRIMARY KEY, v_id integer)",
        "CREATE TABLE v (id integer PRIMARY KEY, t_id integer REFERENCES t)",
        "ALTER TABLE t ADD FOREIGN KEY (u_id) REFERENCES u",
        "ALTER TABLE u ADD FOREIGN KEY (v_id) REFERENCES v",
    ),
}  # fmt: skip


@pytest.mark.parametrize("circle", CIRCLES)
def test_circles_of_references_are_closed(sandbox: Any, circle: str) -> None:
    """Every reference of a circle refers to something in some row."""
    outcome = sandbox.fill(*CIRCLES[circle])

    full(outcome)
    for table in outcome.shapes:
        for key in table.foreign_keys:
            for column in key.columns:
                assert any(row[column] for row in outcome.stored[table.name]), (table.name, column)


def test_references_to_itself_come_to_an_end(sandbox: Any) -> None:
    """What follows parents in a loop does not run for ever."""
    rows = sandbox.fill(*CIRCLES["to itself, nullable"]).rows()

    assert [row["t_id"] for row in rows] == [None, 1, 2]


PARTITIONS = {
    "range": (
        ("CREATE TABLE t (id uuid, at timestamptz, n integer, PRIMARY KEY (id, at))"
        " PARTITION BY RANGE (at)"),
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
        "CREATE TABLE t3 PARTITION OF t FOR VALUES FROM ('2030-02-01') TO (MAXVALUE)",
    ),
    "range with default": (
        "CREATE TABLE t (n integer NOT NULL, a text) PARTITION BY RANGE (n)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (10) TO (12)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (MINVALUE) TO (0)",
        "CREATE TABLE t3 PARTITION OF t DEFAULT",
    ),
    "list": (
        "CREATE TABLE t (region text, a text) PARTITION BY LIST (region)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('eu', 'uk')",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('us')",
        "CREATE TABLE t3 PARTITION OF t FOR VALUES IN (NULL)",
    ),
    "list with default": (
        "CREATE TABLE t (region text, a text) PARTITION BY LIST (region)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('eu', 'uk')",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('us')",
        "CREATE TABLE t3 PARTITION OF t DEFAULT",
    ),
    "two levels": (
        "CREATE TABLE t (region text, n integer) PARTITION BY LIST (region)",
        "CREATE TABLE a PARTITION OF t FOR VALUES IN ('eu') PARTITION BY RANGE (n)",
        "CREATE TABLE t1 PARTITION OF a FOR VALUES FROM (100) TO (200)",
        "CREATE TABLE t2 PARTITION OF a FOR VALUES FROM (300) TO (400)",
        "CREATE TABLE t3 PARTITION OF t FOR VALUES IN ('us')",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", PARTITIONS)
def test_every_partition_gets_a_row(sandbox: Any, kind: str) -> None:
    """Values lie inside of the partitions' bounds."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        for statement in PARTITIONS[kind]:
            connection.exec_driver_sql(statement)
        report = fill(connection, read_shapes(connection))
        counts = [
            connection.exec_driver_sql(f"SELECT count(*) FROM t{place}").scalar_one()
            for place in (1, 2, 3)
        ]
        return report.not_filled, report.notes, counts

    assert sandbox.run(work) == ((), (), [1, 1, 1])


def test_hash_partitions_take_what_comes(sandbox: Any) -> None:
    """A row goes where its hash says."""
    outcome = sandbox.fill(
        "CREATE TABLE t (id integer PRIMARY KEY) PARTITION BY HASH (id)",
        "CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE t2 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    )

    full(outcome)


def test_asking_for_a_partition_fills_its_table(sandbox: Any) -> None:
    """A partition has no rows of its own."""
    outcome = sandbox.fill(*PARTITIONS["list"], tables=[TableName("public.t2")])

    assert [one.table for one in outcome.report.filled] == ["public.t"]


def refused(outcome: Any) -> NotFilled:
    """The one table that was not filled."""
    (found,) = outcome.report.not_filled
    assert isinstance(found, NotFilled)
    return found


def test_a_check_that_nothing_satisfies_is_reported(sandbox: Any) -> None:
    """With PostgreSQL's message and SQLSTATE; other tables are filled."""
    outcome = sandbox.fill(
        "CREATE TABLE t (a integer CONSTRAINT never CHECK (false))", "CREATE TABLE u (a integer)"
    )

    found = refused(outcome)
    assert found.sqlstate == "23514"
    assert str(found).startswith('t: not filled: new row for relation "t" violates check')
    assert '"never"' in found.reason
    assert len(outcome.rows("u")) == 3


def test_a_trigger_that_raises_is_reported(sandbox: Any) -> None:
    """A table that refuses rows by a trigger is named, as is what depends on it."""
    outcome = sandbox.fill(
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "CREATE TABLE u (t_id integer NOT NULL REFERENCES t)",
        "CREATE TABLE v (t_id integer REFERENCES t, n integer)",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$",
        "CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse()",
    )

    first, second = outcome.report.not_filled
    assert str(first) == "t: not filled: not today (SQLSTATE P0001)"
    assert "u_t_id_fkey refers to public.t, which has no row that fits" in str(second)
    assert outcome.values("t_id", "v") == [None] * 3


def test_a_trigger_that_changes_or_drops_rows_is_tolerated(sandbox: Any) -> None:
    """Children refer to what was stored, not to what was sent."""
    outcome = sandbox.fill(
        "CREATE TABLE t (id integer PRIMARY KEY)",
        "CREATE TABLE u (t_id integer NOT NULL REFERENCES t)",
        "CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.id = 2 THEN RETURN NULL; END IF; NEW.id = NEW.id + 50; RETURN NEW; END $$",
        "CREATE TRIGGER change BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION change()",
    )

    assert outcome.report.not_filled == ()
    assert outcome.values("id") == [51, 53]
    assert {row["t_id"] for row in outcome.rows("u")} == {51, 53}
    assert "1 of 3 accepted rows were not stored" in str(outcome.report.notes[0])


def test_forced_row_level_security_does_not_keep_rows_out_and_stays(sandbox: Any) -> None:
    """The owner's rows are written past the policies; the table is forced afterwards as before."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        connection.exec_driver_sql("CREATE TABLE t (id integer PRIMARY KEY)")
        connection.exec_driver_sql("ALTER TABLE t ENABLE ROW LEVEL SECURITY")
        connection.exec_driver_sql("ALTER TABLE t FORCE ROW LEVEL SECURITY")
        shapes = read_shapes(connection)
        report = fill(connection, shapes)
        again = read_shapes(connection)
        return report.not_filled, [one.rows for one in report.filled], again == shapes

    assert sandbox.run(work) == ((), [3], True)


def test_deferred_constraints_are_deferred_afterwards_as_before(sandbox: Any) -> None:
    """A revision that relies on INITIALLY DEFERRED still can."""

    def work(connection: sa.Connection) -> int:
        connection.exec_driver_sql("CREATE TABLE p (id integer PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE t (p_id integer NOT NULL REFERENCES p DEFERRABLE INITIALLY DEFERRED)"
        )
        fill(connection, read_shapes(connection))
        connection.exec_driver_sql("INSERT INTO t VALUES (4711)")
        connection.exec_driver_sql("INSERT INTO p VALUES (4711)")
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        connection.exec_driver_sql("ALTER TABLE t ADD COLUMN a integer")
        return int(connection.exec_driver_sql("SELECT count(*) FROM t").scalar_one())

    assert sandbox.run(work) == 4


def test_the_transaction_is_usable_after_failures(sandbox: Any) -> None:
    """A refused row undoes itself alone."""

    def work(connection: sa.Connection) -> int:
        connection.exec_driver_sql("CREATE TABLE t (a integer CHECK (false))")
        fill(connection, read_shapes(connection))
        return int(connection.exec_driver_sql("SELECT 1").scalar_one())

    assert sandbox.run(work) == 1


def test_no_transaction_is_needed(rows_database: str) -> None:
    """With autocommit the rows are there, the refused ones are not, and nothing is left open."""

    def work(connection: sa.Connection) -> tuple[Any, ...]:
        connection.exec_driver_sql("CREATE TABLE auto (id integer PRIMARY KEY CHECK (id <> 2))")
        report = fill(connection, read_shapes(connection))
        count = connection.exec_driver_sql("SELECT count(*) FROM auto").scalar_one()
        connection.exec_driver_sql("DROP TABLE auto")
        return report.not_filled, count

    assert run_on(rows_database, work, autocommit=True) == ((), 3)


def test_supplied_rows_come_first_and_get_values_where_they_leave_some_out(sandbox: Any) -> None:
    """A project knows best; what it does not say is made up."""
    outcome = sandbox.fill(
        "CREATE TABLE t (a text NOT NULL CHECK (length(a) = 44 OR a = 'mine'), b text NOT NULL,"
        " c jsonb, d integer[], e bytea)",
        supplied={"t": [{"a": "mine", "c": {"x": [1, None]}, "d": [1, None], "e": b"\0\1"}]},
        rows=1,
    )

    (row,) = outcome.rows()
    assert row["a"] == "mine"
    assert row["b"] == "b-0"
    assert (row["c"], row["d"], row["e"]) == ({"x": [1, None]}, [1, None], "\\x0001")


def test_names_that_need_quotes_are_quoted(sandbox: Any) -> None:
    """Schemas, tables, columns and constraints may be called anything."""
    outcome = sandbox.fill(
        'CREATE SCHEMA "a.b"',
        'CREATE TABLE "a.b"."T ""x""" ("i d" integer PRIMARY KEY, "select" text CHECK ("select" <> \'\'))',
        'CREATE TABLE t ("Ref" integer NOT NULL REFERENCES "a.b"."T ""x""", "%s" text, "a:b" text)',
    )

    full(outcome)
    assert [one.rows for one in outcome.report.filled] == [3, 3]


def test_tables_of_extensions_and_alembics_own_are_left_alone(sandbox: Any) -> None:
    """Nobody's migrations own them."""
    outcome = sandbox.fill(
        "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE TEMPORARY TABLE gone (a integer)",
        "CREATE TABLE t (a integer)",
    )

    assert [table.name for table in outcome.shapes] == ["public.t"]
