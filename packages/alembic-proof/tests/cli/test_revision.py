"""`alembic-proof revision` on tiny projects: the file, its proof, and what is refused."""

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

from alembic_deploy.connect import run_on
from alembic_deploy.url import DatabaseUrl
from alembic_proof.cli import main
from alembic_proof.history.alembic_config import alembic_config
from alembic_proof.history.project import Project

Open = Callable[[str], Path]
Run = Callable[..., tuple[int, str, str]]
_SHARED = "SHARE UPDATE EXCLUSIVE: others read and write"
_STAMP = re.compile(r"\d{8}_\d{6}")
_NOTHING = "nothing to change: the models and the history build the same database"


def _files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "versions").glob("*.py"))


def _stamped(root: Path) -> list[str]:
    """Return the names of the new revisions' files, in order."""
    return [name for name in _files(root) if name.startswith("2")]


def _new(root: Path) -> Path:
    """Return the only revision file that has a stamp."""
    (path,) = (root / "versions").glob("2*_add_things.py")
    return path


def test_everything_is_written_and_proved(open_case: Open, run: Run) -> None:
    """A column, a check, a function with its trigger, a policy: nothing is left to write by hand."""
    root = open_case("authoring/everything")

    code, out, err = run("revision", "Add things")

    lines = out.splitlines()
    assert (code, err) == (0, "")
    first, second = _stamped(root)
    assert (lines[0], lines[7:9]) == (
        f"versions/{first}",
        [
            f"versions/{second}",
            f"  validate constraint public.users.ck_users_name: {_SHARED}",
        ],
    )
    assert {line.strip() for line in lines[1:7]} == {
        "create column public.users.nickname: ACCESS EXCLUSIVE, briefly",
        "create constraint public.users.ck_users_name: ACCESS EXCLUSIVE, briefly",
        "create function public.stamp()",
        "create policy public.users.users_isolation: ACCESS EXCLUSIVE, briefly",
        "alter table public.users (row security): ACCESS EXCLUSIVE, briefly",
        "create trigger public.users.users_stamp: SHARE ROW EXCLUSIVE, briefly: others read",
    }
    assert lines[-1] == "round trip, parity, lint: no findings"
    assert run("parity") == (0, "parity: no findings\n", "")
    assert run("roundtrip") == (0, "round trip: no findings\n", "")
    assert run("revision", "Add more")[:2] == (0, f"{_NOTHING}\n")
    assert len(_files(root)) == 3


def test_many_changes_at_once_read_as_a_person_writes_them(
    open_case: Open, run: Run, expected: Callable[[Path, str], str]
) -> None:
    """The screen and the files are those of expected.txt; --amend rewrites all of them."""
    root = open_case("authoring/at_once")

    code, out, _ = run("revision", "Add things")

    paths = sorted((root / "versions").glob("2*.py"))
    text = _STAMP.sub("STAMP", "\n\n".join((out.rstrip(), *map(_body, paths)))) + "\n"
    assert text == expected(root, text)
    assert code == 0, out
    before = {path: path.read_text(encoding="utf-8") for path in paths}
    paths[-1].write_text(f"{before[paths[-1]]}# by hand\n", encoding="utf-8")
    code, out, _ = run("revision", "--amend")
    kept = paths[-1].with_name(f"{paths[-1].name}.orig")
    assert (code, f"earlier text: versions/{kept.name} (" in out) == (0, True), out
    after = (root / "versions").glob("2*.py")
    assert {path: path.read_text(encoding="utf-8") for path in after} == before
    assert kept.read_text(encoding="utf-8").endswith("# by hand\n")


def _body(path: Path) -> str:
    """Return a revision's declarations and functions."""
    text = path.read_text(encoding="utf-8")
    return f"# {path.name}\n{text.partition('down_revision')[2].partition(chr(10))[2].strip()}"


def test_a_dry_run_prints_the_file_and_leaves_none(open_case: Open, run: Run) -> None:
    """The findings and the exit code are those of the file; the newest one is not rewritten either."""
    root = open_case("authoring/column")

    code, out, _ = run("revision", "Add things", "--dry-run", "--sql")

    assert (code, _files(root)) == (0, ["0001_users.py"])
    assert re.match(r"# versions/\d{8}_\d{6}_add_things.py\n", out)
    assert "def downgrade() -> None:\n    op.drop_column('users', 'nickname')\n" in out.replace(
        '"', "'"
    )
    assert (
        out.index("-- upgrade\n") < out.index("ADD COLUMN nickname") < out.index("-- downgrade\n")
    )
    assert "ALTER TABLE users DROP COLUMN nickname;" in out.replace("public.", "")
    assert out.endswith("round trip, parity, lint: no findings\nNothing was written.\n")
    run("revision", "Add things")
    before = _new(root).read_text(encoding="utf-8")
    assert run("revision", "--amend", "Rename things", "--dry-run")[0] == 0
    assert _new(root).read_text(encoding="utf-8") == before
    assert len(_files(root)) == 2


def test_a_type_of_another_package_is_imported(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alembic writes its module's name and leaves the import to the template."""
    root = open_case("authoring/custom_type")
    installed = root.with_name("site-packages")
    installed.mkdir()
    (root / "shop_types.py").rename(installed / "shop_types.py")
    monkeypatch.syspath_prepend(str(installed))

    code, out, _ = run("revision", "Add things")

    assert code == 0, out
    text = _new(root).read_text(encoding="utf-8")
    assert "shop_types.Money()" in text
    assert "\nimport shop_types\n" in text


@pytest.mark.parametrize("case", ["excluded_by_object", "surroundings"])
def test_an_ignored_difference_writes_no_revision(open_case: Open, run: Run, case: str) -> None:
    """What parity leaves out, or makes by itself, no revision needs."""
    open_case(f"parity/{case}")

    code, out, _ = run("revision", "Add things")

    assert (code, out.startswith("nothing to change")) == (0, True)


def test_equal_catalogs_write_no_revision(open_case: Open, run: Run) -> None:
    """No unneeded file remains."""
    root = open_case("authoring/equal")

    code, out, _ = run("revision", "Add things")

    assert code == 0
    assert out == f"{_NOTHING}\n"
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
    assert ("\nnote: parity\n  column-order public.users: " in out) is is_asked


def test_a_revision_that_fails_is_kept_with_what_it_was_to_do(
    open_case: Open, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file, each action, the statement and PostgreSQL's message; exit 1."""
    root = open_case("authoring/fails")

    code = main(("revision", "Add things"))

    out = capsys.readouterr().out
    assert code == 1
    assert out.startswith(f"versions/{_new(root).name}\n")
    assert "\n  create column public.users.nickname: ACCESS EXCLUSIVE, briefly\n" in out
    assert "\n  create constraint public.word.word_length: SHARE while it reads the rows: " in out
    assert f"\nversions/{_new(root).name}:" in out
    assert 'PostgreSQL: column "name" of table "users" contains values that violate' in out
    assert "\n  statement: ALTER DOMAIN public.word ADD CONSTRAINT word_length CHECK" in out
    assert "\nThe files stay. Edit them, then prove them with `roundtrip head`" in out
    assert run("revision", "Add things")[:2] == (2, "")
    assert _files(root) == ["0001_users.py", _new(root).name]


def test_a_blank_revision_asks_no_database(
    open_case: Open, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No server is needed to get an empty file."""
    root = open_case("authoring/everything")
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


def test_a_blank_revision_refuses_everywhere(open_case: Open, run: Run, scratch_url: str) -> None:
    """upgrade() names the line, lint finds it, and no second file is written; a finished one runs."""
    root = open_case("authoring/everything")
    run("revision", "Add things", "--empty")
    path = _new(root)
    (line,) = (
        number
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if "unfinished: " in text
    )
    config = alembic_config(Project(file=root / "alembic.ini"), url=scratch_url)

    with pytest.raises(CommandError, match="is unfinished: write what ") as refused:
        alembic_command.upgrade(config, "head")
    again = run("revision", "Add more")
    linted = run("lint")

    assert f"where: {path}:{line}\n" in str(refused.value)
    assert (again[0], again[1]) == (2, "")
    assert again[2].startswith("the newest revision, ")
    assert f"where: {path}:{line}\n" in again[2]
    assert ": unfinished\n" in linted[1]
    assert len(_files(root)) == 2
    path.write_text(
        re.sub(r"raise NotImplementedError\(.unfinished: .*", "pass", path.read_text("utf-8")),
        encoding="utf-8",
    )
    alembic_command.upgrade(config, "head")
    assert ": unfinished\n" not in run("lint")[1]


def test_amend_rewrites_the_newest_revision(open_case: Open, run: Run) -> None:
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
    assert (code, f"earlier text: versions/{kept.name} " in out) == (0, True), err
    assert kept.read_text(encoding="utf-8") == edited
    assert len(_files(root)) == 2
    assert ('"alias"' in after, '"nickname"' in after) == (True, False)
    assert _line(after, "revision") == _line(before, "revision")
    assert _line(after, "down_revision") == _line(before, "down_revision")
    assert run("parity")[0] == 0


def test_amend_keeps_no_copy_of_an_equal_file(open_case: Open, run: Run) -> None:
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
    """Comments and paragraphs of the docstring are kept although they have no effect."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    path = _new(root)
    edited = path.read_text(encoding="utf-8") + "# why: see the minutes\n"
    path.write_text(edited, encoding="utf-8")

    code, out, _ = run("revision", "--amend")

    kept = path.with_name(f"{path.name}.orig")
    assert (code, f"earlier text: versions/{kept.name} " in out) == (0, True)
    assert kept.read_text(encoding="utf-8") == edited


def _line(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if re.match(rf"{name}\b", line))


def test_amend_refuses_a_revision_that_a_database_has(
    open_case: Open, run: Run, scratch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database of url_env decides; after a downgrade the revision can be rewritten."""
    root = open_case("authoring/column")
    run("revision", "Add things")
    with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write('[tool.alembic-deploy]\nurl_env = "CASE_URL"\n')
    monkeypatch.setenv("CASE_URL", scratch_url)
    config = alembic_config(Project(file=root / "alembic.ini"), url=scratch_url)
    alembic_command.upgrade(config, "head")
    before = _new(root).read_text(encoding="utf-8")

    code, out, err = run("revision", "--amend")

    assert (code, out) == (2, "")
    assert " is applied to " in err
    assert "help: downgrade that database first" in err
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
        file.write('[tool.alembic-deploy]\nurl_env = "CASE_URL"\n')
    monkeypatch.setenv("CASE_URL", scratch_url)
    config = alembic_config(Project(file=root / "alembic.ini"), url=scratch_url)
    alembic_command.upgrade(config, "head")
    later = "UPDATE alembic_version SET version_num = 'ffff'"
    run_on(scratch_url, lambda connection: connection.exec_driver_sql(later))
    before = _new(root).read_text(encoding="utf-8")

    code, out, err = run("revision", "--amend")

    assert (code, out) == (2, "")
    assert " is at ffff, which is in no file here: revision " in err
    assert _new(root).read_text(encoding="utf-8") == before


def test_amend_refuses_a_merged_revision(open_case: Open, run: Run) -> None:
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


def test_amend_of_an_unneeded_revision_changes_nothing(open_case: Open, run: Run) -> None:
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


def test_a_message_without_quotes_is_refused_with_a_hint(
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
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it may be ignored where the tests run
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
    """Return what another process writes into the file."""
    deadline_s = time.monotonic() + 30
    while time.monotonic() < deadline_s:
        if path.is_file() and path.read_text(encoding="utf-8"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(f"{path} is not there")


def _databases(connection: Connection) -> set[str]:
    return set(connection.execute(text("SELECT datname FROM pg_catalog.pg_database")).scalars())


def test_a_missing_template_is_one_clear_error(open_case: Open, run: Run) -> None:
    """Alembic writes no revision without it; nothing is left."""
    root = open_case("authoring/column")
    (root / "script.py.mako").unlink()

    code, _, err = run("revision", "Add things")

    assert code == 2
    assert (
        f"there is no script.py.mako, from which Alembic writes each revision\n  where: {root}"
        in err
    )
    assert not [*(root / "versions").glob("2*.py")]
