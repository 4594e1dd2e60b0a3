"""What is asked for and is not there: each is named itself, in one error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("base",), "base selects none"),
        (("--from", "0006", "0001"), "0001 selects none at or after 0006 (--from)"),
    ],
)
def test_names_of_no_revision_are_refused(
    open_case: Open, run: Run, names: tuple[str, ...], said: str
) -> None:
    """A selection that matches nothing does not look like a clean proof."""
    open_case("adopting/old")

    code, out, err = run("roundtrip", *names)

    assert (code, out) == (2, "")
    assert err.startswith(f"no revision to prove: {said}\n")


def test_a_history_without_revisions_is_a_note(open_case: Open, run: Run) -> None:
    """No findings of no revision are no proof."""
    root = open_case("adopting/old")
    for path in (root / "versions").glob("*.py"):
        path.unlink()
    (root / "pyproject.toml").unlink()

    code, out, _ = run("roundtrip")

    note = "note: nothing-proved\n  no revision to prove: the history has none in versions"
    assert (code, out) == (0, f"{note}\nround trip: 1 note\n")


def test_a_section_that_is_not_there_is_named(open_case: Open, run: Run) -> None:
    """Before a server is started."""
    open_case("adopting/old")

    code, out, err = run("--name", "nope", "roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith("there is no section [nope]\n")
    assert "it has [alembic]" in err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "start_sql",
            'driver = "sqlite"\nstart_sql',
            "driver = 'sqlite' in [tool.alembic-proof] is",
        ),
        ("start_sql", 'driver = "psycopg3"\nstart_sql', "driver = 'psycopg3' in [tool.alem"),
        (
            "start_sql",
            'roles = ["pg_new"]\nstart_sql',
            "PostgreSQL reserves the name pg_new",
        ),
        ('"0001"', '"nope"', "start_revision = 'nope' cannot be stamped: there is no revision"),
        (
            "index:",
            "indx:",
            "ignore = 'indx:public.ix_audit_*' in [tool.alembic-proof] is for 'indx'",
        ),
        ("0004 =", "nope =", "skip in [tool.alembic-proof] names nope"),
        ("0002 =", "nope =", "exceptions in [tool.alembic-proof] names nope"),
        ("shop_rows:rows", "shop_rows:nope", "rows = 'shop_rows:nope' cannot be loaded: Attrib"),
    ],
)
def test_a_setting_that_names_nothing_is_reported_with_its_file(
    open_case: Open, run: Run, old: str, new: str, said: str
) -> None:
    """And its file, not a line of ours nor a fault of env.py."""
    root = open_case("adopting/old")
    path = root / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")

    code, out, err = run("roundtrip")

    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert f"where: {'roles' if 'roles' in new else path}" in err
    assert "site-packages" not in err
