"""One question each on a terminal; elsewhere the options that would answer them."""

from __future__ import annotations

from io import StringIO

import pytest

from alembic_deploy.errors import ConfigError
from alembic_proof.authoring.answers import NoTerminal, Terminal
from alembic_proof.authoring.fills import Fill
from alembic_proof.authoring.renames import Rename
from alembic_proof.authoring.value_questions import Reason, ValueQuestion
from alembic_proof.catalog import CatalogObject, key
from alembic_proof.rows import TableName

USERS = TableName("public.users")
NEW = ValueQuestion(
    USERS, ("nick",), Reason.NEW_COLUMN, "users.nick is new and NOT NULL", "nick IS NULL"
)
RETYPED = ValueQuestion(
    USERS, ("age",), Reason.TYPE, "users.age changes from text to integer", proposal="age::integer"
)
UNIQUE = ValueQuestion(USERS, ("Mail",), Reason.UNIQUE, "users becomes unique in (Mail)", "…")


def column(name: str) -> CatalogObject:
    """Return a column of the table."""
    return CatalogObject(
        key("column", f"public.users.{name}"), (), parents=(key("table", "public.users"),)
    )


NICKNAME, HANDLE = (Rename(column("nick"), column(name)) for name in ("nickname", "handle"))


def terminal(*lines: str) -> tuple[Terminal, StringIO]:
    """Return a terminal on which a person writes these lines, and what it shows."""
    shown = StringIO()
    return Terminal(StringIO("".join(f"{line}\n" for line in lines)), shown), shown


def accept(_fill: Fill) -> None:
    """Accept each expression."""


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        (["y"], (NICKNAME,)),
        (["no", "Yes"], (HANDLE,)),
        (["what?", "n", "n"], ()),
        (["", ""], ()),
    ],
)
def test_each_possible_rename_is_one_question(lines: list[str], chosen: tuple[Rename, ...]) -> None:
    """No is the default; after a yes, the same column is not asked about again."""
    person, shown = terminal(*lines)

    assert person.choose_renames((NICKNAME, HANDLE)) == chosen
    assert shown.getvalue().startswith("Was users.nick renamed to users.nickname? [y/N] ")
    assert ("users.handle" in shown.getvalue()) is (lines != ["y"])


def test_a_value_is_chosen_from_a_list() -> None:
    """An expression for the rows only, the proposal, or no change."""
    person, shown = terminal("2", "split_part(email, '@', 1)", "1", "", "9", "1")

    fills = person.choose_values((NEW, RETYPED, UNIQUE), accept)

    assert [one.expression for one in fills] == [
        "split_part(email, '@', 1)",
        "age::integer",
        '"Mail"',
    ]
    assert [one.is_unchanged for one in fills] == [False, False, True]
    assert shown.getvalue().splitlines()[:4] == [
        "users.nick is new and NOT NULL.",
        " 1) a default that stays: stop here, and declare it in the models",
        " 2) a SQL expression for the existing rows only",
        " 3) stop, and write nothing",
    ]


def test_an_expression_that_postgresql_refuses_is_asked_for_again() -> None:
    """With the words of PostgreSQL."""
    person, shown = terminal("2", "nik", "", "email")

    def check(fill: Fill) -> None:
        if fill.expression == "nik":
            raise ConfigError('column "nik" does not exist', todo="correct it")

    [fill] = person.choose_values((NEW,), check)

    assert fill.expression == "email"
    assert 'column "nik" does not exist\n  correct it\n' in shown.getvalue()


@pytest.mark.parametrize(
    ("lines", "message", "help_"),
    [
        (["3"], "stopped: nothing is written", ""),
        (["2"], "the input has ended before all questions: nothing is written", ""),
        (
            ["1", "'none'"],
            "users.nick has no default in the models: nothing is written",
            """server_default=sa.text("'none'")""",
        ),
    ],
)
def test_without_a_value_nothing_is_written(lines: list[str], message: str, help_: str) -> None:
    """The models own the defaults, so one that stays is declared there."""
    person, _ = terminal(*lines)

    with pytest.raises(ConfigError) as caught:
        person.choose_values((NEW,), accept)

    assert caught.value.what == message
    assert help_ in caught.value.todo


def test_off_a_terminal_the_options_are_listed() -> None:
    """Complete enough to be copied."""
    nobody = NoTerminal()

    with pytest.raises(ConfigError) as caught:
        nobody.choose_renames((NICKNAME, HANDLE))
    assert str(caught.value).splitlines()[1:] == [
        "  --rename users.nick=nickname    (else users.nick is dropped, with what it holds)",
        "  --rename users.nick=handle    (else users.nick is dropped, with what it holds)",
        "  --no-rename    (no other object was renamed)",
        "  help: run the command again with the options that are right",
    ]
    with pytest.raises(ConfigError) as caught:
        nobody.choose_values((NEW, RETYPED, UNIQUE), accept)
    assert str(caught.value).splitlines()[1:] == [
        "  users.nick is new and NOT NULL:",
        "    --fill 'users.nick=…'    (a SQL expression over the row's columns)",
        "  users.age changes from text to integer:",
        "    --fill users.age=age::integer",
        "  users becomes unique in (Mail):",
        """    --fill 'users."Mail"="Mail"'    (no such rows exist)""",
        """    --fill 'users."Mail"=…'    (a SQL expression over the row's columns)""",
        "  help: run the command again with the options that are right",
    ]


def test_without_a_question_nobody_is_needed() -> None:
    """No difference, no error."""
    assert NoTerminal().choose_renames(()) == ()
    assert NoTerminal().choose_values((), accept) == ()
