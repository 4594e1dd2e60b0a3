"""New revision files in a script directory."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from hypothesis import given
from hypothesis import strategies as st

from alembic_deploy.errors import HistoryError
from alembic_deploy.new_revision import (
    LONGEST_SLUG,
    SafeRevisionFiles,
    clean_message,
    directory_lock,
    next_stamp,
    slug_of,
)
from alembic_deploy.revisions import load_revisions

NOW = datetime(2026, 5, 4, 3, 2, 1, 987654, tzinfo=UTC)


@pytest.fixture
def script(ini: Path) -> ScriptDirectory:
    """Return the script directory, with our way to make files."""
    script = ScriptDirectory.from_config(Config(str(ini)))
    load_revisions(script)
    SafeRevisionFiles(script).install()
    return script


def make(script: ScriptDirectory, message: str = "one more", revision: str = "new") -> Path:
    """Return the file of a new revision."""
    made = script.generate_revision(revision, message, refresh=True)
    assert made is not None
    return Path(made.path)


@pytest.mark.parametrize(
    ("names", "stamp"),
    [
        ((), "20260504030201"),
        (("20260504_030200_before.py", "notes.txt", "x.py"), "20260504030201"),
        (("20260504_030201_same.py",), "20260504030202"),
        (("20260504_030201_a.py", "20260504_030205_b.py"), "20260504030206"),
        (("20261231_235959_ahead.py",), "20270101000000"),
        (("20261399_999999_no_date.py",), "20260504030201"),
    ],
)
def test_stamp_is_later_than_every_other(names: tuple[str, ...], stamp: str) -> None:
    """It is now, in whole seconds, or a second after the latest file where that is later."""
    assert next_stamp(names, now=NOW).strftime("%Y%m%d%H%M%S") == stamp


def test_two_in_one_second(
    script: ScriptDirectory, read_heads: Callable[[], tuple[str, ...]]
) -> None:
    """Files made in the same second, with the same message, have names in the order of the chain."""
    paths = [make(script, revision=f"new{number}") for number in range(3)]

    assert paths == sorted(set(paths))
    assert read_heads() == ("new2",)


def test_stamp_is_utc(script: ScriptDirectory) -> None:
    """It is UTC whatever the configuration's timezone says."""
    script.timezone = "Pacific/Kiritimati"

    path = make(script)

    stamp = datetime.strptime(path.name[:15], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - stamp).total_seconds()) < 60


def test_another_process_adds_a_revision(
    script: ScriptDirectory,
    write: Callable[..., Path],
    read_heads: Callable[[], tuple[str, ...]],
) -> None:
    """A revision that appeared meanwhile becomes the parent, so that one chain stays one."""
    write("20260101_090003_meanwhile.py", revision="meanwhile", down="c" * 12)

    path = make(script)

    assert "down_revision = 'meanwhile'" in path.read_text()
    assert read_heads() == ("new",)


def test_comparison_that_is_stale(ini: Path, write: Callable[..., Path]) -> None:
    """What autogenerate has found is not written on top of a revision that it did not know."""
    script = ScriptDirectory.from_config(Config(str(ini)))
    SafeRevisionFiles(script, compared_heads=("c" * 12,)).install()
    make(script)
    write("20990101_090003_meanwhile.py", revision="meanwhile", down="new")

    with pytest.raises(CommandError, match="another revision was added meanwhile"):
        make(script, revision="late")


def test_file_is_never_overwritten(script: ScriptDirectory, versions: Path) -> None:
    """Also where the configured name has no time in it."""
    script.file_template = "%(slug)s"
    kept = versions / "one_more.py"
    kept.write_text("revision = 'kept'\ndown_revision = 'cccccccccccc'\ndef upgrade(): pass\n")

    with pytest.raises(CommandError, match="there is such a revision file already") as caught:
        make(script)

    assert str(kept) in str(caught.value)
    assert "kept" in kept.read_text()


def test_file_is_there_as_a_whole_or_not_at_all(
    script: ScriptDirectory, versions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is complete it has another name, which is not a revision's."""
    seen: list[tuple[list[str], str]] = []
    move = Path.replace

    def watched(part: Path, place: Path) -> Path:
        seen.append((sorted(path.name for path in versions.glob("*.py")), part.read_text()))
        return move(part, place)

    before = sorted(path.name for path in versions.glob("*.py"))
    monkeypatch.setattr(Path, "replace", watched)

    path = make(script)

    assert seen == [(before, path.read_text())]
    assert [other.name for other in versions.iterdir() if other.suffix == ".new"] == []


def test_slug_follows_a_shorter_limit(script: ScriptDirectory) -> None:
    """truncate_slug_length may make slugs shorter, without an underscore at the end."""
    script.truncate_slug_length = 10

    assert make(script, "add user preferences").name[16:] == "add_user.py"


@pytest.mark.parametrize("revision", ["../x", "x" * 33, "a b", '"""', ""])
def test_revision_id_that_cannot_be_one(
    script: ScriptDirectory, versions: Path, revision: str
) -> None:
    """Ids are letters, digits and _, and fit into the version table."""
    before = set(versions.iterdir())

    with pytest.raises(CommandError, match=r"revision id|Character"):
        make(script, revision=revision)

    assert set(versions.glob("*.py")) == {path for path in before if path.suffix == ".py"}


def test_revision_id_that_is_taken(script: ScriptDirectory) -> None:
    """A second revision with the same id is refused."""
    with pytest.raises(CommandError, match=f"there is a revision {'c' * 12} already"):
        make(script, revision="c" * 12)


def test_nothing_stays_after_a_failing_hook(ini: Path, versions: Path) -> None:
    """A formatter that is not there leaves no half-made file."""
    before = set(versions.glob("*.py"))
    with ini.open("a") as file:
        file.write("\n[post_write_hooks]\nhooks = f\nf.type = module\nf.module = no_such_module\n")
    script = ScriptDirectory.from_config(Config(str(ini)))
    SafeRevisionFiles(script).install()

    with pytest.raises(CommandError, match="Could not find module no_such_module"):
        make(script)

    assert set(versions.glob("*.py")) == before


def test_formatter_runs(ini: Path) -> None:
    """Ruff formats the file where the hook says so."""
    with ini.open("a") as file:
        file.write(
            "\n[post_write_hooks]\nhooks = ruff\nruff.type = module\nruff.module = ruff\n"
            "ruff.options = format --quiet REVISION_SCRIPT_FILENAME\n"
        )
    script = ScriptDirectory.from_config(Config(str(ini)))
    SafeRevisionFiles(script).install()

    assert 'revision = "new"' in make(script).read_text()


def test_versions_directory_is_made(script: ScriptDirectory, versions: Path) -> None:
    """The first revision of a fresh project makes it."""
    for path in versions.glob("*.py"):
        path.unlink()
    versions.rename(versions.with_name("elsewhere"))

    assert make(script).parent == versions


def test_versions_directory_that_is_none(script: ScriptDirectory, versions: Path) -> None:
    """The system's error is shown without a traceback."""
    versions.rename(versions.with_name("elsewhere"))
    versions.write_text("")

    with pytest.raises(CommandError, match="the revision file cannot be written: "):
        make(script)


@pytest.mark.parametrize(
    ("message", "cleaned"),
    [
        ("add user preferences", "add user preferences"),
        ("  add\n\tuser \u2028 preferences\n", "add user preferences"),
        ('say "hi" and c:\\path', "say 'hi' and c:/path"),
        ("../../x", "../../x"),
        ("a\x00b\x1b[31mred\u202e", "ab[31mred"),
        ("größer 🎉", "größer 🎉"),
        ("half \udc80 a letter", "half a letter"),
        ("x" * 200, "x" * 200),
    ],
)
def test_message_becomes_one_harmless_line(message: str, cleaned: str) -> None:
    """White space is folded, what does not print goes, quotes and backslashes are replaced."""
    assert clean_message(message) == cleaned


@pytest.mark.parametrize(
    ("message", "what"),
    [
        (None, "a revision needs a message"),
        ("", "a revision needs a message"),
        (" \n\t", "a revision needs a message"),
        ("🎉!", "the message has no letter and no digit"),
        ("\x00\x01", "the message has no letter and no digit"),
        ("y" * 201, "the message has 201 characters, 200 are allowed"),
    ],
)
def test_message_that_cannot_be_used(message: str | None, what: str) -> None:
    """One clear error says why."""
    with pytest.raises(HistoryError) as caught:
        clean_message(message)

    assert caught.value.what == what


@given(st.text(max_size=60))
def test_message_stays_within_its_docstring(message: str) -> None:
    """Whatever the message is, a docstring around it is a docstring and says the same."""
    try:
        line = clean_message(message)
    except HistoryError:
        return

    module = ast.parse(f'"""{line}\n\nRevision ID: x\n"""\n'.encode())

    assert len(module.body) == 1
    assert (ast.get_docstring(module) or "").splitlines()[0] == line
    assert clean_message(line) == line


@pytest.mark.parametrize(
    ("message", "slug"),
    [
        ("Add user preferences", "add_user_preferences"),
        ("../../etc/passwd", "etc_passwd"),
        ("größer, naïve Straße", "grosser_naive_strasse"),
        ("добавить", "revision"),
        ("  a -- b__c  ", "a_b_c"),
        ("one two three four five six seven eight nine", "one_two_three_four_five_six_seven_eight"),
        ("z" * 60, "z" * 40),
        ("z" * 39 + " y", "z" * 39),
        ("z" * 38 + " y", "z" * 38 + "_y"),
    ],
)
def test_slug(message: str, slug: str) -> None:
    """Lower-case ASCII, cut at a word."""
    assert slug_of(message) == slug


@given(st.text())
def test_slug_is_always_a_safe_name(message: str) -> None:
    """Words of letters and digits with single underscores between, never longer than allowed."""
    slug = slug_of(message)

    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", slug)
    assert len(slug) <= LONGEST_SLUG


TRY = """
import fcntl, os, sys
descriptor = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
"""


def is_free(directory: Path) -> bool:
    """Whether another process gets the lock at once."""
    command = [sys.executable, "-c", TRY, str(directory)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no flock")
def test_lock_keeps_others_out(tmp_path: Path) -> None:
    """Inside of the block no other process gets it; afterwards, also after an error, others do."""
    with suppress(ZeroDivisionError), directory_lock(tmp_path):
        is_free_inside = is_free(tmp_path)
        raise ZeroDivisionError

    assert not is_free_inside
    assert is_free(tmp_path)
