"""`alembic-proof revision` on tiny projects: what Alembic writes, and what it leaves to people."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command as alembic_command
from alembic.util import CommandError
from sqlalchemy import text
from sqlalchemy.engine import Connection

from alembic_proof.history.project import AlembicProject
from alembic_proof.history.script import alembic_config
from alembic_proof.postgres.connect import run_on
from alembic_proof.postgres.url import DatabaseUrl

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
_CODE = re.compile(r"at the (?:end|beginning) of (\w+)\(\):\n\n((?:    .*\n)+)")


def _files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "versions").glob("*.py"))


def _new(root: Path) -> Path:
    """The only revision file that has a stamp."""
    (path,) = (root / "versions").glob("2*_add_things.py")
    return path


def test_what_alembic_sees_is_written_and_finished(open_case: Open, run: Run) -> None:
    """A column needs no hand; the file and its contents are shown."""
    root = open_case("authoring/column")

    code, out, _ = run("revision", "Add things")

    contents = _new(root).read_text(encoding="utf-8")
    assert code == 0
    assert out.startswith(f"versions/{_new(root).name}\n")
    assert all(line in out for line in contents.splitlines())
    assert "write by hand" not in out


def test_a_type_of_another_package_is_imported(open_case: Open, run: Run) -> None:
    """Alembic writes its module's name and leaves the import to the template."""
    root = open_case("authoring/custom_type")

    code, out, _ = run("revision", "Add things")

    assert code == 0, out
    assert "shop_types.Money()" in out
    assert "\nimport shop_types\n" in _new(root).read_text(encoding="utf-8")


def test_what_only_has_another_name_is_shown_with_its_renaming(open_case: Open, run: Run) -> None:
    """Alembic drops an index and builds it anew; what has several partners is not guessed at."""
    open_case("parity/other_names")

    _, out, _ = run("revision", "Add things")

    _, _, shown = out.partition("only the name differs; ")
    assert "  index of public.notes\n" in shown
    assert (
        'upgrade():   op.execute("ALTER INDEX public.ix_notes_name RENAME TO notes_name_idx")'
        in (shown)
    )
    assert (
        'downgrade(): op.execute("ALTER INDEX public.notes_name_idx RENAME TO ix_notes_name")'
        in (shown)
    )
    assert "equal" not in shown


def test_a_finished_revision_makes_models_and_history_equal(open_case: Open, run: Run) -> None:
    """What exits with 0 needs nothing more."""
    open_case("authoring/column")

    run("revision", "Add things")

    assert run("parity")[0] == 0
    assert run("roundtrip")[0] == 0


@pytest.mark.parametrize("case", ["excluded_by_object", "surroundings"])
def test_what_is_not_compared_is_nothing_to_write(open_case: Open, run: Run, case: str) -> None:
    """What parity leaves out, or makes by itself, no revision needs."""
    open_case(f"parity/{case}")

    code, out, _ = run("revision", "Add things")

    assert (code, out.startswith("nothing to change")) == (0, True)


def test_what_alembic_does_not_see_is_listed_with_its_sql(open_case: Open, run: Run) -> None:
    """The file stays, with what Alembic saw; the rest is named, in both directions; exit 1."""
    root = open_case("authoring/by_hand")

    code, out, _ = run("revision", "Add things")

    assert code == 1
    assert "'nickname'" in _new(root).read_text(encoding="utf-8")
    listed = out[out.index("write by hand") : out.index("at the end of upgrade()")].splitlines()
    assert [line.strip() for line in listed[1:-1]] == [
        "create constraint public.users.ck_users_name",
        "create function public.stamp()",
        "create policy public.users.users_isolation",
        "change table public.users, row security: none -> enabled",
        "create trigger public.users.users_stamp",
    ]
    assert "prove it with `roundtrip head` and `parity`" in out
    assert 'raise NotImplementedError("unfinished: write what is listed' in out


def test_what_is_listed_finishes_the_revision_when_it_is_pasted(open_case: Open, run: Run) -> None:
    """Both directions are complete, in an order that PostgreSQL accepts."""
    root = open_case("authoring/by_hand")
    _, out, _ = run("revision", "Add things")

    code = dict(_CODE.findall(out))
    before, upgrade, downgrade = re.split(
        r"(?=^def )", _new(root).read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    head, _, rest = downgrade.partition("\n")
    upgrade = re.sub(r".*unfinished: .*\n", "", upgrade)
    pasted = f"{before}{upgrade.rstrip()}\n{code['upgrade']}\n\n{head}\n{code['downgrade']}{rest}"
    _new(root).write_text(pasted, encoding="utf-8")

    assert run("parity") == (0, "parity: no findings\n", "")
    assert run("roundtrip", "--rows", "0") == (0, "round trip: no findings\n", "")


def test_a_change_that_alembic_sees_nothing_of_gets_a_blank_file(open_case: Open, run: Run) -> None:
    """There is something to write, so there is a file to write it into."""
    root = open_case("parity/only_in_the_models")

    code, out, _ = run("revision", "Add things")

    assert code == 1
    assert "unfinished: write what is listed" in _new(root).read_text(encoding="utf-8")
    assert "  create trigger public.users.users_stamp\n" in out


def test_equal_catalogs_are_nothing_to_change_and_no_file(open_case: Open, run: Run) -> None:
    """No file is left behind that nobody needs."""
    root = open_case("authoring/equal")

    code, out, _ = run("revision", "Add things")

    assert code == 0
    assert out == "nothing to change: the models and the history build the same database\n"
    assert _files(root) == ["0001_users.py"]


@pytest.mark.parametrize("is_asked", [False, True])
def test_the_order_of_columns_is_a_note_on_request(
    open_case: Open, run: Run, *, is_asked: bool
) -> None:
    """PostgreSQL adds columns at the end; that alone is not left to do."""
    root = open_case("authoring/column_between")
    if is_asked:
        with (root / "pyproject.toml").open("a", encoding="utf-8") as settings:
            settings.write("column_order = true\n")

    code, out, _ = run("revision", "Add things")

    assert code == 0
    assert ("column-order" in out) is is_asked
    assert ("\nnote: column-order public.users: " in out) is is_asked
    assert "write by hand" not in out


def test_a_revision_that_cannot_be_applied_is_kept_and_named(open_case: Open, run: Run) -> None:
    """The reason is PostgreSQL's own; the file is there to be mended."""
    root = open_case("authoring/fails")

    code, out, _ = run("revision", "Add things")

    assert code == 1
    assert _new(root).is_file()
    assert "The new revision cannot be applied: upgrade of " in out
    assert "cannot be cast automatically to type integer" in out
    assert "now: " not in out
    assert run("revision", "Add things")[:2] == (2, "")
    assert _files(root) == ["0001_users.py", _new(root).name]


def test_a_blank_revision_asks_no_database(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server is needed to get an empty file."""
    root = open_case("authoring/by_hand")
    monkeypatch.setenv("CASE_SCRATCH_URL", "postgresql:///x?host=/nowhere")

    code, out, _ = run("revision", "Add things", "--empty")

    assert code == 0
    assert out.startswith(f"versions/{_new(root).name}\n")
    assert "nickname" not in out


@pytest.mark.parametrize("options", [(), ("--empty",)])
def test_two_heads_are_one_clear_error_and_no_file(
    open_case: Open, run: Run, options: tuple[str, ...]
) -> None:
    """Both are named, with the command that joins them."""
    root = open_case("authoring/two_heads")

    code, out, err = run("revision", "Add things", *options)

    assert (code, out) == (2, "")
    assert err.startswith("the history has 2 heads: 0002, 0003\n")
    assert "`alembic-proof rebase`" in err
    assert 'alembic merge -m "message" 0002 0003' in err
    assert len(_files(root)) == 3


@pytest.mark.parametrize("arguments", [(), ("--empty",)])
def test_an_unfinished_revision_refuses_everywhere(
    open_case: Open, run: Run, scratch_url: str, arguments: tuple[str, ...]
) -> None:
    """upgrade() names the line, lint finds it, and no second file is written; a finished one runs."""
    root = open_case("authoring/by_hand")
    run("revision", "Add things", *arguments)
    path = _new(root)
    (line,) = (
        number
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if "unfinished: " in text
    )
    config = alembic_config(AlembicProject(file=root / "alembic.ini"), url=scratch_url)

    with pytest.raises(CommandError, match="is unfinished: write what ") as refused:
        alembic_command.upgrade(config, "head")
    again = run("revision", "Add more", *arguments)
    linted = run("lint")

    assert f"where: {path}:{line}\n" in str(refused.value)
    assert (again[0], again[1]) == (2, "")
    assert again[2].startswith("the newest revision, ")
    assert f"where: {path}:{line}\n" in again[2]
    assert "[unfinished]" in linted[1]
    assert len(_files(root)) == 2
    path.write_text(
        re.sub(r"raise NotImplementedError\(.unfinished: .*", "pass", path.read_text("utf-8")),
        encoding="utf-8",
    )
    alembic_command.upgrade(config, "head")
    assert "[unfinished]" not in run("lint")[1]


def test_amend_writes_the_newest_revision_anew(open_case: Open, run: Run) -> None:
    """Its id, parent, message and name stay; what was written into it is kept beside it."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    path = _new(root)
    before = path.read_text(encoding="utf-8")
    edited = before.replace(
        "def downgrade", "# by hand\ndef helper():\n    pass\n\n\ndef downgrade"
    )
    path.write_text(edited, encoding="utf-8")
    models = (root / "models.py").read_text(encoding="utf-8")
    assert '"nickname"' in models
    (root / "models.py").write_text(models.replace('"nickname"', '"alias"'), encoding="utf-8")
    sys.modules.pop("models", None)

    code, out, err = run("revision", "--amend")

    after = path.read_text(encoding="utf-8")
    kept = path.with_name(f"{path.name}.orig")
    assert (code, f"its earlier text: versions/{kept.name} " in out) == (0, True), err
    assert kept.read_text(encoding="utf-8") == edited
    assert len(_files(root)) == 2
    assert ("'alias'" in after, "'nickname'" in after) == (True, False)
    assert _line(after, "revision") == _line(before, "revision")
    assert _line(after, "down_revision") == _line(before, "down_revision")
    assert run("parity")[0] == 0


def test_amend_leaves_no_copy_of_the_same(open_case: Open, run: Run) -> None:
    """Where the text does what it did, only the message is another one, and the file's name."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    before = _new(root)
    old = _line(before.read_text(encoding="utf-8"), "revision")

    code, out, _ = run("revision", "--amend", "Add a nickname")

    (name,) = set(_files(root)) - {"0001_users.py"}
    assert (code, "earlier text" in out) == (0, False)
    assert name.endswith("_add_a_nickname.py")
    assert _line((root / "versions" / name).read_text(encoding="utf-8"), "revision") == old
    assert [path.name for path in (root / "versions").glob("*.orig*")] == []


def test_amend_keeps_what_was_written_by_hand(open_case: Open, run: Run) -> None:
    """A comment and a paragraph of the docstring do nothing, and are nobody else's to throw away."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    path = _new(root)
    edited = path.read_text(encoding="utf-8") + "# why: see the minutes\n"
    path.write_text(edited, encoding="utf-8")

    code, out, _ = run("revision", "--amend")

    kept = path.with_name(f"{path.name}.orig")
    assert (code, f"its earlier text: versions/{kept.name} " in out) == (0, True)
    assert kept.read_text(encoding="utf-8") == edited


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if re.match(rf"{name}\b", line))


def test_amend_refuses_what_a_database_has(
    open_case: Open, run: Run, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database of url_env is asked; after a downgrade the revision may be written anew."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('url_env = "CASE_URL"\n')
    monkeypatch.setenv("CASE_URL", scratch_url)
    config = alembic_config(AlembicProject(file=root / "alembic.ini"), url=scratch_url)
    alembic_command.upgrade(config, "head")
    before = _new(root).read_text(encoding="utf-8")

    code, out, err = run("revision", "--amend")

    assert (code, out) == (2, "")
    assert " is applied to " in err
    assert "do: downgrade that database first" in err
    assert _new(root).read_text(encoding="utf-8") == before
    alembic_command.downgrade(config, "-1")
    assert run("revision", "--amend")[0] == 0


def test_amend_refuses_where_a_database_is_at_an_unknown_revision(
    open_case: Open, run: Run, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That revision may follow the one to amend: another branch may have been built on it."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('url_env = "CASE_URL"\n')
    monkeypatch.setenv("CASE_URL", scratch_url)
    config = alembic_config(AlembicProject(file=root / "alembic.ini"), url=scratch_url)
    alembic_command.upgrade(config, "head")
    later = "UPDATE alembic_version SET version_num = 'ffff'"
    run_on(scratch_url, lambda connection: connection.exec_driver_sql(later))
    before = _new(root).read_text(encoding="utf-8")

    code, out, err = run("revision", "--amend")

    assert (code, out) == (2, "")
    assert " is at ffff, which no file here has: revision " in err
    assert _new(root).read_text(encoding="utf-8") == before


def test_amend_refuses_what_is_merged(open_case: Open, run: Run) -> None:
    """The remote's main branch has the file."""
    root = open_case("authoring/column")
    _git(root, "init", "--quiet", "--initial-branch=main")
    _git(root, "add", ".")
    _git(root, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--message=x")
    _git(root, "remote", "add", "origin", str(root))
    _git(root, "fetch", "--quiet", "origin")

    code, out, err = run("revision", "--amend")

    assert (code, out) == (2, "")
    assert err.startswith("revision 0001 is merged")
    assert _files(root) == ["0001_users.py"]


def _git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True)


def test_amend_of_what_is_not_needed_changes_nothing(open_case: Open, run: Run) -> None:
    """Models that are as the history before it need no revision; the file stays as it was."""
    root = open_case("authoring/column")
    models = (root / "models.py").read_text(encoding="utf-8")
    run("revision", "Add things")
    before = _new(root).read_text(encoding="utf-8")
    without = re.sub(r".*\"nickname\".*\n", "", models)
    (root / "models.py").write_text(without, encoding="utf-8")
    sys.modules.pop("models", None)

    code, out, err = run("revision", "--amend")

    assert (code, out) == (2, "")
    assert " there is nothing to change" in err
    assert _new(root).read_text(encoding="utf-8") == before
    assert [path.name for path in (root / "versions").glob("*.orig*")] == []


def test_several_words_are_told_to_be_quoted(
    open_case: Open, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shell has split what was meant as one message."""
    open_case("authoring/column")

    with pytest.raises(SystemExit):
        run("revision", "add", "user", "thing")

    assert 'put the message in quotes: "add user thing"' in capsys.readouterr().err


@pytest.mark.parametrize("message", [(), ("",), ("  ",), ("…",), ("x" * 300,)])
def test_a_message_that_cannot_be_used_shows_the_usage(
    open_case: Open, run: Run, capsys: pytest.CaptureFixture[str], message: tuple[str, ...]
) -> None:
    """It ends before a server is asked for, with 2."""
    root = open_case("authoring/column")

    with pytest.raises(SystemExit) as caught:
        run("revision", *message)

    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: alembic-proof revision ")
    assert _files(root) == ["0001_users.py"]


@pytest.mark.parametrize(
    "message", ["../../add things", 'add "things"\nand "more"', "add 🎉 things"]
)
def test_a_hostile_message_gives_a_safe_file(open_case: Open, run: Run, message: str) -> None:
    """It stays in its directory and parses."""
    root = open_case("authoring/column")

    code, _, _ = run("revision", message)

    (name,) = set(_files(root)) - {"0001_users.py"}
    assert code == 0
    assert re.fullmatch(r"\d{8}_\d{6}_add_things(_and_more)?\.py", name)
    assert run("lint")[0] == 0


_HEEDING = """\
import signal
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have it ignored
from alembic_proof.cli import main
raise SystemExit(main())
"""


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)],
    ids=["TERM", "INT", "HUP"],
)
def test_a_signal_leaves_no_scratch_database(
    open_case: Open, server_url: str, number: signal.Signals, code: int
) -> None:
    """The databases are dropped before the process ends, with the shell's own exit code."""
    root = open_case("authoring/waits")
    command = [sys.executable, "-c", _HEEDING, "revision", "Add things"]

    with subprocess.Popen(command, cwd=root) as process:
        url = _wait_for(root / "url.txt")
        process.send_signal(number)
        ended = process.wait(timeout=30)

    assert ended == code
    assert DatabaseUrl.parse(url).database not in run_on(server_url, _databases)


def _wait_for(path: Path) -> str:
    """What another process writes into the file."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        if path.is_file() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(f"{path} is not there")


def _databases(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT datname FROM pg_catalog.pg_database")).scalars())
