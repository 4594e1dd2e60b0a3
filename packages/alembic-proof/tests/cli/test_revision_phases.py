"""`alembic-proof revision` where one change of busy tables needs several revisions."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]

OPTIONS = ("--no-rename", "--fill", "users.email=email || id", "--fill", "users.age=age", "--fill")


def _names(root: Path) -> list[str]:
    """Return the names of the new files without their stamps, in order."""
    return [path.name[16:] for path in sorted((root / "versions").glob("2*.py"))]


def test_several_revisions_are_written_in_one_go(open_case: Open, run: Run) -> None:
    """Each is proved alone with rows; together they lead to the models, and nothing is left."""
    root = open_case("authoring/busy")

    code, out, _ = run(
        "revision", "Add nickname and a state", *OPTIONS, "users.nickname=coalesce(nick, 'none')"
    )

    assert code == 0, out
    assert _names(root) == [
        "add_nickname_and_a_state_1_values.py",
        "add_nickname_and_a_state_2_expand.py",
        "add_nickname_and_a_state_3_backfill.py",
        "add_nickname_and_a_state_4_index.py",
        "add_nickname_and_a_state_5_tighten.py",
    ]
    assert "error" not in out
    assert run("revision", "Add more")[:2] == (
        0,
        "nothing to change: the models and the history build the same database\n",
    )


def test_plain_writes_one_revision(open_case: Open, run: Run) -> None:
    """It does everything in one transaction, whatever it locks."""
    root = open_case("authoring/busy")

    code, out, _ = run("revision", "Add things", "--plain", *OPTIONS, "users.nickname='none'")

    assert code == 0, out
    assert _names(root) == ["add_things.py"]
    [path] = (root / "versions").glob("2*.py")
    text = path.read_text(encoding="utf-8")
    assert "concurrently" not in text
    assert "NOT VALID" not in text


def test_a_rename_begins_the_first_revision_and_ends_its_downgrade(
    open_case: Open, run: Run
) -> None:
    """The revisions after it know the new name only; only the filled values do not go back."""
    root = open_case("authoring/renamed")

    code, out, _ = run(
        "revision", "Rename", "--rename", "users.nick=nickname", "--fill", "users.handle=email"
    )

    assert code == 0, out
    assert _names(root) == ["rename_1_expand.py", "rename_2_backfill.py", "rename_3_tighten.py"]
    first, second, _ = (
        path.read_text(encoding="utf-8") for path in sorted((root / "versions").glob("2*.py"))
    )
    up, _, down = first.partition("def downgrade")
    assert up.index('new_column_name="nickname"') < up.index("op.add_column")
    assert down.index("op.drop_column") < down.index('new_column_name="nick"')
    assert 'lossy = "users.handle: NULL becomes email"' in second


def test_a_body_that_names_a_renamed_column_goes_back_after_the_renames(
    open_case: Open, run: Run
) -> None:
    """PostgreSQL renames nothing in the body of a function."""
    root = open_case("authoring/renamed")
    function = (
        "CREATE FUNCTION public.nicks() RETURNS SETOF text STABLE LANGUAGE sql"
        " AS $$ SELECT {} FROM public.users $$"
    )
    with (root / "models.py").open("a", encoding="utf-8") as models:
        event = f"sa.DDL({function.format('nickname')!r})"
        models.write(f'\nsa.event.listen(users, "after_create", {event})\n')
    history = root / "versions" / "0001_users.py"
    text = history.read_text(encoding="utf-8")
    created = f"    op.execute({function.format('nick')!r})\n\n\ndef downgrade() -> None:\n"
    dropped = '    op.execute("DROP FUNCTION public.nicks()")\n'
    text = text.replace("\n\ndef downgrade() -> None:\n", f"{created}{dropped}")
    history.write_text(text, encoding="utf-8")

    code, out, _ = run(
        "revision", "Rename", "--plain", "--rename=users.nick=nickname", "--fill=users.handle=email"
    )

    assert code == 0, out
    [path] = (root / "versions").glob("2*.py")
    down = path.read_text(encoding="utf-8").partition("def downgrade")[2]
    assert down.index('new_column_name="nick"') < down.index("SELECT nick FROM public.users")


@pytest.mark.parametrize(
    ("function", "calls"),
    [("revision_file.finished", 2), ("author.prove_revisions", 1)],
    ids=["while the second file is written", "while they are proved"],
)
def test_an_interruption_leaves_no_file(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch, function: str, calls: int
) -> None:
    """Neither the first of several files, nor files whose proof has not ended."""
    root = open_case("authoring/busy")
    module, _, name = f"alembic_proof.authoring.{function}".rpartition(".")
    original = getattr(import_module(module), name)
    left = iter(range(calls - 1, -1, -1))

    def interrupt(*args: object, **options: object) -> object:
        if next(left) == 0:
            raise KeyboardInterrupt
        return original(*args, **options)

    monkeypatch.setattr(f"{module}.{name}", interrupt)

    code, _, err = run("revision", "Add things", *OPTIONS, "users.nickname=coalesce(nick, 'none')")

    assert (code, "interrupted" in err) == (130, True)
    assert _names(root) == []
    assert [*left] == []
