"""Which values rows need, what PostgreSQL says of the answers, and that they let both directions run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.engine import Connection

from alembic_deploy.connect import run_on
from alembic_deploy.errors import ConfigError
from alembic_proof.authoring.actions import Action
from alembic_proof.authoring.answers import Answers
from alembic_proof.authoring.ddl import action_sql
from alembic_proof.authoring.decisions import Decisions, ScratchHistory, decide
from alembic_proof.authoring.fills import Fill, parse_fill
from alembic_proof.authoring.plan import plan
from alembic_proof.authoring.rename_requests import parse_rename
from alembic_proof.authoring.renames import Rename
from alembic_proof.authoring.value_questions import ValueQuestion
from alembic_proof.catalog import Snapshot, diff, read_snapshot
from alembic_proof.proofs.scope import Models, Rules
from alembic_proof.scratch import scratch_database

HISTORY = """
CREATE TYPE state AS ENUM ('open', 'done');
CREATE TYPE size AS ENUM ('s');
CREATE TABLE teams (id int PRIMARY KEY);
CREATE TABLE users (
    id int PRIMARY KEY,
    states state[] NOT NULL DEFAULT '{open}',
    sizes size[],
    state state NOT NULL DEFAULT 'open',
    name text,
    email text,
    age text,
    visits bigint,
    title varchar(50),
    nick text NOT NULL,
    code text NOT NULL UNIQUE,
    label text,
    team int,
    points int,
    score int,
    kind text CHECK (kind IN ('a')),
    flags bit(4)
);
CREATE TABLE tags (id int)
"""
MODELS = """
CREATE TYPE state AS ENUM ('open');
CREATE TYPE mood AS ENUM ('good');
CREATE TYPE size AS ENUM ('s', 'm', 'l');
CREATE TABLE teams (id int PRIMARY KEY);
CREATE TABLE users (
    id int PRIMARY KEY,
    states state[] NOT NULL DEFAULT '{open}',
    sizes size[],
    state state NOT NULL DEFAULT 'open',
    name text NOT NULL,
    email text UNIQUE,
    age int,
    visits int,
    title varchar(20),
    "full Name" text NOT NULL,
    mood mood NOT NULL,
    label text CHECK (label <> ''),
    team int REFERENCES teams,
    points bigint,
    score int CHECK (score < 100),
    kind text CHECK (kind IN ('a', 'b')),
    flags bit(8),
    slug text UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    number int NOT NULL GENERATED ALWAYS AS IDENTITY
)
"""
ROWS = """
INSERT INTO teams VALUES (1);
INSERT INTO users VALUES
    (1, '{open}', '{s}', 'open', 'Ann', 'a@b', '30', 1, 'Dr', 'ann', 'c1', 'x', 1, 1, 5, 'a', B'0001'),
    (2, '{done,open,done}', NULL, 'done', NULL, 'a@b', '40', 9999999999, 'Professor of many subjects', 'bob', 'c2', '', 7, 2, 500, 'a', B'1010')
"""
FILLS = (
    "users.state='open'",
    "users.states=array_remove(states, 'done')",
    "users.name=nick",
    "users.email=email || '+' || id",
    "users.age=age::integer",
    "users.visits=least(visits, 2147483647)::integer",
    """users."full Name"=initcap(nick)""",
    "users.mood='good'",
    "users.label='none'",
    "users.score=99",
    "users.team=NULL",
    "users.title=left(title, 20)",
    "users.flags=flags::bit(8)",
)


@dataclass(frozen=True, slots=True)
class Databases:
    """The URLs of the history's and the models' database."""

    history: str
    models: str

    def decide(self, *fills: str, questioner: Questioner | None = None) -> Decisions:
        """Return the decisions with these answers."""
        return decide(
            ScratchHistory(
                url=self.history, snapshot=read(self.history), read=lambda: read(self.history)
            ),
            models_in(self.models),
            models_url=self.models,
            answers=Answers(
                is_no_rename=True,
                fills=tuple(map(parse_fill, fills)),
                questioner=questioner or Questioner(),
            ),
        )


class Questioner:
    """Keeps the questions and answers none."""

    def __init__(self) -> None:
        self.questions: tuple[ValueQuestion, ...] = ()

    def choose_renames(self, possible: tuple[Rename, ...]) -> tuple[Rename, ...]:
        """Deny all."""
        del possible
        return ()

    def choose_values(
        self, questions: tuple[ValueQuestion, ...], check: Callable[[Fill], None]
    ) -> tuple[Fill, ...]:
        """Keep the questions."""
        del check
        self.questions = questions
        return ()


def run(url: str, script: str) -> None:
    """Run the statements in one transaction."""

    def work(connection: Connection) -> None:
        for statement in script.split(";\n"):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    run_on(url, work)


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return run_on(url, lambda connection: [tuple(one) for one in connection.exec_driver_sql(sql)])


def read(url: str) -> Snapshot:
    """Return the snapshot of a database."""
    return run_on(url, read_snapshot)


def models_in(url: str) -> Models:
    """Return the models that created this database, without rules of a project."""
    return Models(snapshot=read(url), rules=Rules(drop_undeclared=("*",)))


def execute(url: str, actions: tuple[Action, ...], before: Snapshot, after: Snapshot) -> None:
    """Run the actions of a plan."""
    for action in actions:
        for statement in action_sql(action, before=before.catalog, after=after.catalog):
            run(url, statement)


@pytest.fixture(scope="module")
def databases(server_url: str) -> Iterator[Databases]:
    """Provide the history with rows that the models refuse, and the models."""
    with scratch_database(server_url) as history, scratch_database(server_url) as models:
        run(history, HISTORY)
        run(history, ROWS)
        run(models, MODELS)
        yield Databases(history, models)


def test_whatever_rows_may_refuse_is_asked(databases: Databases) -> None:
    """Not asked: what may be NULL, has a default or an identity, a wider type or check, an unlikely value."""
    questioner = Questioner()

    databases.decide(questioner=questioner)

    assert {(one.place, one.reason.value, one.proposal) for one in questioner.questions} == {
        ("users.state", "removed value", "'open'"),
        ("users.states", "removed value", "array_remove(states, 'done')"),
        ("users.name", "not null", ""),
        ("users.email", "unique", ""),
        ("users.age", "type", "age::integer"),
        ("users.visits", "type", "visits::integer"),
        ("users.title", "type", "title::character varying(20)"),
        ('users."full Name"', "new column", ""),
        ("users.mood", "new column", ""),
        ("users.score", "check", ""),
        ("users.team", "reference", "NULL"),
        ("users.flags", "type", "flags::bit(8)"),
    }


def test_an_answer_is_not_asked_again(databases: Databases) -> None:
    """What the options leave open still is."""
    questioner = Questioner()

    databases.decide(*FILLS[1:], questioner=questioner)

    assert [one.place for one in questioner.questions] == ["users.state"]


@pytest.mark.parametrize(
    ("fill", "message", "help_"),
    [
        ("users.name=lower(nik)", 'refuses the expression: column "nik" does', "nick, code, lab"),
        ("users.name=count(*)", "aggregate functions are not allowed", "correct it"),
        ("users.age=age::date", "cannot be cast automatically to type integer; You", "correct it"),
        ("users.mood='good'::mod", 'type "mod" does not exist', "correct it"),
        ("users.nam=''", "no change needs a value in users.nam", "did you mean users.name"),
        ("users.points=1", "no change needs a value in users.points", "did you mean"),
        ("users.name", "is not of the form TABLE.COLUMN=EXPRESSION", "write users.nickname="),
        ("name=''", "is not of the form TABLE.COLUMN=EXPRESSION", "write users.nickname="),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(
    databases: Databases, fill: str, message: str, help_: str
) -> None:
    """PostgreSQL reads the expression over the columns of the table."""
    with pytest.raises(ConfigError) as caught:
        databases.decide(fill)

    assert message in caught.value.what
    assert help_ in caught.value.todo


def test_the_losses_of_both_directions_are_named(databases: Databases) -> None:
    """The downgrade changes what only the new schema permits; what it drops again is no loss."""
    assert databases.decide(*FILLS).lossy.split("; ") == [
        "tags: dropped",
        "users.age: converted to integer by age::integer",
        "users.code: dropped",
        "users.email: in rows that repeat another one in email it becomes email || '+' || id",
        "users.flags: cut to bit(8) by flags::bit(8)",
        "users.label: in rows that violate the check on label it becomes 'none'",
        "users.name: NULL becomes nick",
        "users.nick: dropped",
        "users.score: in rows that violate the check on score it becomes 99",
        "users.state: 'done' becomes 'open'",
        "users.states: 'done' becomes array_remove(states, 'done')",
        "users.team: in rows whose team references nothing it becomes NULL",
        "users.title: cut to character varying(20) by left(title, 20)",
        "users.visits: converted to integer by least(visits, 2147483647)::integer",
        "downgrade: users.flags: cut to bit(4)",
        "downgrade: users.kind: in rows that violate the check on kind it becomes 'a'",
        "downgrade: users.points: converted to integer",
        "downgrade: users.sizes: 'm', 'l' becomes array_remove(array_remove(sizes, 'm'), 'l')",
    ]


def test_an_unchanged_column_as_the_answer_loses_nothing(databases: Databases) -> None:
    """`--fill users.email=email` says that there are no such rows."""
    kept = [f"users.{one}={one}" for one in ("name", "email", "label", "team")]

    decisions = databases.decide(*kept)

    assert "email" not in decisions.lossy
    assert decisions.upgrade == plan(read(databases.history), read(databases.models))


def test_with_the_answers_both_directions_run_over_the_rows(databases: Databases) -> None:
    """Rows that the models refuse are changed; then rows that the history refuses as well.

    The last test of the module: it changes the database.
    """
    done = databases.decide(*FILLS)
    url, history, models = databases.history, read(databases.history), read(databases.models)

    execute(url, done.upgrade, history, models)

    assert diff(read(url).catalog, models.catalog) == ()
    assert rows(
        url,
        'SELECT state::text, name, email, age, visits, title, "full Name", mood::text, label, team, states::text'
        " FROM users WHERE id = 2",
    ) == [
        (
            *("open", "bob", "a@b+2", 40, 2147483647, "Professor of many su"),
            *("Bob", "good", "none", None, "{open}"),
        )
    ]
    run(
        url,
        'INSERT INTO users (id, name, "full Name", mood, points, kind, age, sizes) VALUES '
        "(3, 'Eve', 'Eve', 'good', 9999999999, 'b', 5, '{l,s,m}')",
    )
    execute(url, done.downgrade, models, history)
    assert diff(read(url).catalog, history.catalog) == ()
    assert rows(
        url, "SELECT nick, code, points, kind, age, flags::text, sizes::text FROM users ORDER BY id"
    ) == [
        ("", "1", 1, "a", "30", "0001", "{s}"),
        ("", "2", 2, "a", "40", "1010", None),
        ("", "3", 2147483647, "a", "5", None, "{s}"),
    ]


def test_a_dropped_column_comes_back_with_values_that_the_history_accepts(server_url: str) -> None:
    """Unique ones, those of a check, and those that a key of several columns can reference."""
    history = """
    CREATE DOMAIN grade AS int CHECK (VALUE > 3);
    CREATE TABLE teams (org int, id int, PRIMARY KEY (org, id));
    CREATE TABLE users (
        org int,
        id int,
        team int NOT NULL,
        token uuid NOT NULL UNIQUE,
        level int NOT NULL CHECK (level >= 3),
        grade grade NOT NULL,
        since date NOT NULL,
        is_admin bool NOT NULL,
        PRIMARY KEY (org, id),
        FOREIGN KEY (org, team) REFERENCES teams (org, id)
    )
    """
    models = """
    CREATE DOMAIN grade AS int CHECK (VALUE > 3);
    CREATE TABLE teams (org int, id int, PRIMARY KEY (org, id));
    CREATE TABLE users (org int, id int, PRIMARY KEY (org, id))
    """
    with scratch_database(server_url) as url, scratch_database(server_url) as models_url:
        run(url, history)
        run(models_url, models)
        before, after = read(url), read(models_url)
        done = Databases(url, models_url).decide()
        execute(url, done.upgrade, before, after)
        run(
            url, "INSERT INTO teams VALUES (1, 5), (2, 6);\nINSERT INTO users VALUES (1, 1), (2, 2)"
        )

        execute(url, done.downgrade, after, before)

        assert diff(read(url).catalog, before.catalog) == ()
        assert rows(
            url, "SELECT team, level, grade, since::text, is_admin FROM users ORDER BY id"
        ) == [
            (5, 3, 4, "1970-01-01", False),
            (6, 3, 4, "1970-01-01", False),
        ]


def test_an_invented_value_satisfies_the_checks_that_it_is_invented_for(server_url: str) -> None:
    """PostgreSQL is asked; rows are deleted only where no value is known, and not even NULL is valid."""
    history = r"""
    CREATE TABLE codes (
        id int PRIMARY KEY,
        "in" text CHECK ("in" LIKE '%a:b%' OR "in" ~ '^\d+%s$'),
        bare text DEFAULT 'x' CHECK (bare <> 'x' AND length(bare) * 2 > 6),
        even int CHECK (even % 7 = 3),
        odd int NOT NULL CHECK (odd % 7 = 3),
        short text CHECK (length(short) < 5),
        low int NOT NULL,
        high int NOT NULL,
        CHECK (low > 0 AND high > 4)
    )
    """
    models = """
    CREATE TABLE codes (
        id int PRIMARY KEY, "in" text, bare text DEFAULT 'x', even int, odd int NOT NULL, short text
    )
    """
    with scratch_database(server_url) as url, scratch_database(server_url) as models_url:
        run(url, history)
        run(models_url, models)
        before, after = read(url), read(models_url)
        done = Databases(url, models_url).decide()
        execute(url, done.upgrade, before, after)
        run(
            url,
            "INSERT INTO codes VALUES (1, 'c:d', 'y', 4, 3, 'too long'), (2, '7%s', 'long enough', 10, 10, NULL),"
            " (3, NULL, NULL, NULL, 4, NULL)",
        )

        execute(url, done.downgrade, after, before)

        assert diff(read(url).catalog, before.catalog) == ()
        assert rows(url, "SELECT * FROM codes WHERE id > 1") == [
            (2, "7%s", "long enough", 10, 10, None, 1, 5)
        ]
        assert rows(url, "SELECT * FROM codes WHERE id = 1") == [
            (1, None, "bare-0", None, 3, "", 1, 5)
        ]
        assert "downgrade: codes: rows that violate the check on odd are deleted" in done.lossy


def test_a_column_of_a_renamed_table_is_asked_about_under_its_new_name(server_url: str) -> None:
    """The names of both options are those of the models; the database keeps its own."""
    with scratch_database(server_url) as url, scratch_database(server_url) as models_url:
        run(url, "CREATE TABLE users (id int PRIMARY KEY, nick text)")
        run(models_url, "CREATE TABLE people (id int PRIMARY KEY, nickname text NOT NULL)")
        before = read(url)
        questioner = Questioner()
        renames = tuple(map(parse_rename, ("table:users=people", "users.nick=nickname")))
        answers = Answers(renames=renames, questioner=questioner)

        history = ScratchHistory(url=url, snapshot=before, read=lambda: read(url))
        decisions = decide(history, models_in(models_url), models_url=models_url, answers=answers)

        assert [one.place for one in questioner.questions] == ["people.nickname"]
        assert decisions.lossy == ""
        assert [one.statements for one in decisions.renames] == [
            ("ALTER TABLE public.users RENAME TO people",),
            ("ALTER TABLE public.people RENAME COLUMN nick TO nickname",),
            ("ALTER TABLE public.people RENAME CONSTRAINT users_pkey TO people_pkey",),
        ]
        assert read(url) == before
