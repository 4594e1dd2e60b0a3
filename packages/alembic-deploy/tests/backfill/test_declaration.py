"""What a revision may declare as its backfill."""

from __future__ import annotations

from types import ModuleType

import pytest

from alembic_deploy.backfill.declaration import (
    Assignment,
    Backfill,
    read_backfill,
    read_requirements,
)
from alembic_deploy.errors import HistoryError

FILL = {
    "name": "fill_names",
    "table": "public.users",
    "set": "name = email",
    "where": "name IS NULL",
    "undo": None,
}


def read(declared: object) -> Backfill | None:
    """Return the backfill of a revision with this value."""
    revision = ModuleType("revision")
    vars(revision)["backfill"] = declared
    return read_backfill(revision, revision="ab12", path="versions/ab12.py")


def test_a_declaration_is_read() -> None:
    """All parts of the dict become fields; an undo is an assignment of the same table."""
    undo = {"set": "name = NULL", "where": "name = email"}
    settings = {"app.keep": "on"}

    backfill = read(FILL | {"undo": undo, "settings": settings})

    assert backfill == Backfill(
        name="fill_names",
        revision="ab12",
        path="versions/ab12.py",
        table="public.users",
        fill=Assignment(set="name = email", where="name IS NULL"),
        undo=Assignment(set="name = NULL", where="name = email"),
        settings=(("app.keep", "on"),),
    )


def test_what_is_no_declaration_is_ignored() -> None:
    """A revision without one, with a function of that name, or with a module."""
    assert read_backfill(ModuleType("revision"), revision="r1", path="r1.py") is None
    assert read(lambda: None) is None
    assert read(ModuleType("backfill")) is None


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        ("UPDATE users", "backfill is str, not a dict"),
        ({key: FILL[key] for key in FILL if key != "where"}, "no key 'where'"),
        ({key: FILL[key] for key in FILL if key != "undo"}, "no key 'undo'"),
        (FILL | {"batch": 5}, "unknown key 'batch'"),
        (FILL | {"undo": {"set": "name = NULL"}}, "its undo has no key 'where'"),
        (FILL | {"undo": "name = NULL"}, "its undo is str, not a dict"),
        (FILL | {"name": "fill names"}, "its name 'fill names'"),
        (FILL | {"name": 1}, "its name is no text"),
        (FILL | {"table": "users"}, "its table 'users' is no table with its schema"),
        (FILL | {"table": "public.users; DROP TABLE x"}, "is no table with its schema"),
        (FILL | {"where": "  "}, "its where is no SQL"),
        (FILL | {"set": "name = email;"}, "its set is a part of a statement"),
        (FILL | {"settings": {"app.keep": 1}}, "its setting 'app.keep'"),
        (FILL | {"settings": {"a; b": "on"}}, "its setting 'a; b'"),
        (FILL | {"settings": ["app.keep"]}, "its settings are no dict"),
    ],
)
def test_a_wrong_declaration_is_one_clear_error(declared: object, why: str) -> None:
    """It names the revision, the file, what is wrong, and shows how to write it."""
    with pytest.raises(HistoryError) as caught:
        read(declared)

    error = caught.value
    assert "the backfill of revision ab12 cannot be used" in error.what
    assert why in error.what
    assert error.where == "versions/ab12.py"
    assert '"where": "display_name IS NULL' in error.todo


def test_the_alias_is_the_tables_name() -> None:
    """Also where it must be quoted."""
    assert [
        one.alias
        for name in ("public.users", '"a.b"."Us ers"')
        if (one := read(FILL | {"table": name}))
    ] == ["users", '"Us ers"']


@pytest.mark.parametrize(
    ("declared", "names"),
    [("fill_a", ("fill_a",)), (("fill_a", "fill_b"), ("fill_a", "fill_b")), ([], ())],
)
def test_requirements_are_one_name_or_several(declared: object, names: tuple[str, ...]) -> None:
    """A string is one name, not its letters."""
    revision = ModuleType("revision")
    vars(revision)["requires_backfill"] = declared

    assert read_requirements(revision, revision="r1", path="r1.py") == names


def test_a_requirement_of_another_type_is_refused() -> None:
    """With the file."""
    revision = ModuleType("revision")
    vars(revision)["requires_backfill"] = 5

    with pytest.raises(HistoryError, match="requires_backfill of revision r1") as caught:
        read_requirements(revision, revision="r1", path="r1.py")

    assert caught.value.where == "r1.py"
