"""What the models cannot say: `alembic-proof revision` asks on a terminal, and stops elsewhere."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from alembic_proof.cli import main

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]

RENAME = ("--rename", "users.nick=nickname")
FILL = ("--fill", "users.handle=split_part(email, '@', 1)")
UPGRADE = '''\
def upgrade() -> None:
    op.alter_column("users", "nick", new_column_name="nickname")
    op.add_column("users", sa.Column("handle", sa.Text(), nullable=True))
    op.execute("""
        UPDATE public.users
        SET handle = split_part(email, '@', 1)
        WHERE handle IS NULL
    """)
    op.alter_column("users", "handle", existing_type=sa.Text(), nullable=False)
'''
DOWNGRADE = """\
def downgrade() -> None:
    op.drop_column("users", "handle")
    op.alter_column("users", "nickname", new_column_name="nick")
"""


def new_files(root: Path) -> list[Path]:
    """Return the revisions beside the first one."""
    return sorted(path for path in (root / "versions").glob("*.py") if path.name[:4] != "0001")


def code(path: Path) -> str:
    """Return the functions of a revision without empty lines."""
    text = path.read_text(encoding="utf-8")
    return "\n".join(line for line in text[text.index("def upgrade") :].splitlines() if line) + "\n"


@contextmanager
def terminal(typed: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the command a terminal on which this is typed; yield what the terminal shows."""
    master, slave = os.openpty()
    shown: list[str] = []

    def collect() -> None:
        with suppress(OSError):  # the other end is closed
            while data := os.read(master, 1024):
                shown.append(data.decode())

    reader = threading.Thread(target=collect)
    with os.fdopen(slave) as stdin, os.fdopen(os.dup(slave), "w") as out:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "stdout", out)
        reader.start()
        os.write(master, typed.encode())
        yield shown
    reader.join()
    os.close(master)


def test_off_a_terminal_the_command_names_the_options_and_writes_nothing(
    open_case: Open, run: Run
) -> None:
    """Exit code 2; with the options that it has named, the revision is written and proved."""
    root = open_case("authoring/renamed")

    first, _, err = run("revision", "Add things")
    assert (first, new_files(root)) == (2, [])
    assert err.splitlines()[:4] == [
        "objects may have been renamed, and nothing is written:",
        "  --rename users.nick=nickname    (else users.nick is dropped, with what it holds)",
        "  --rename users.nick=handle    (else users.nick is dropped, with what it holds)",
        "  --no-rename    (no other object was renamed)",
    ]

    second, _, err = run("revision", "Add things", *RENAME)
    assert (second, new_files(root)) == (2, [])
    assert "--fill 'users.handle=…'    (a SQL expression over the row's columns)" in err

    unknown, _, err = run("revision", "Add things", *RENAME, "--fill", "users.hanle=email")
    assert (unknown, new_files(root)) == (2, [])
    assert "did you mean users.handle?" in err

    third, out, err = run("revision", "Add things", "--plain", *RENAME, *FILL)
    [path] = new_files(root)
    assert (third, err) == (0, "")
    assert "rename column public.users.nick to public.users.nickname" in out
    assert UPGRADE in code(path)
    assert DOWNGRADE in code(path)
    assert "lossy" not in path.read_text(encoding="utf-8")
    assert run("revision", "Again") == (
        0,
        "nothing to change: the models and the history build the same database\n",
        "",
    )


def test_what_is_dropped_is_declared(open_case: Open, run: Run) -> None:
    """The declaration stands behind the identifiers, and covers the loss that the proof finds."""
    root = open_case("authoring/renamed")

    exit_code, out, _ = run("revision", "Add things", "--plain", "--no-rename", *FILL)

    [path] = new_files(root)
    text = path.read_text(encoding="utf-8")
    assert exit_code == 0, out
    assert '\n\nlossy = "users.nick: dropped"\n\n\ndef upgrade()' in text
    assert "\nloses rows or values:\n  users.nick: dropped\n" in out
    assert "note: rows-lost" in out


def test_on_a_terminal_each_question_is_asked_once(
    open_case: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answers are as good as the options."""
    root = open_case("authoring/renamed")

    with terminal("y\n2\nnik\nsplit_part(email, '@', 1)\n", monkeypatch) as shown:
        exit_code = main(("revision", "Add things", "--plain"))

    text = "".join(shown).replace("\r\n", "\n")
    [path] = new_files(root)
    assert exit_code == 0, text
    assert "Was users.nick renamed to users.nickname? [y/N] " in text
    assert "users.nick renamed to users.handle" not in text
    assert "users.handle is new and NOT NULL, without a default.\n 1) a default that stays" in text
    assert 'column "nik" does not exist' in text
    assert UPGRADE in code(path)


@pytest.mark.parametrize(("typed", "message"), [("\x04", "ended"), ("n\nn\n3\n", "stopped")])
def test_nothing_is_written_where_the_answers_end(
    open_case: Open,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    message: str,
) -> None:
    """The end of the input and the last choice of a question both stop the command."""
    root = open_case("authoring/renamed")

    with terminal(typed, monkeypatch):
        exit_code = main(("revision", "Add things"))

    assert (exit_code, new_files(root)) == (2, [])
    assert message in capsys.readouterr().err
